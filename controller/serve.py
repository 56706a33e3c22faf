"""Runs a controller process until it is told to end."""

import signal

import structlog

from api.settings import Settings
from controller import bridges, heap, private_api
from controller.wiring import wire

log = structlog.get_logger()


def serve(settings: Settings) -> None:
    """Reconcile until SIGTERM or SIGINT. Playgrounds go on running; the next controller takes them over.

    Raises:
        StoreError: when the database does not answer at start.
        OSError: when the private port is taken.
    """
    controller = wire(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: controller.loop.stop.set())
    server = private_api.serve(controller.private_api, settings.controller_port)
    ports = settings.port_range
    heap.settle()
    log.info("controller started", private_port=server.server_port, ports=f"{ports[0]}-{ports[-1]}")
    _check_bridges(settings)
    try:
        controller.loop.run()
    finally:
        server.shutdown()
        controller.builds.close()
        controller.store.close()
        log.info("controller stopped")


def _check_bridges(settings: Settings) -> None:
    """Say at once what would break without a word, when so many playgrounds are there that nobody thinks of it."""
    seen = bridges.look(settings)
    if not seen.suffices:
        log.warning("bridges may lose packets", message=seen.text)
