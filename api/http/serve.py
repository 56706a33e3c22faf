"""The API as a process: opens the records, makes the token, serves until it is told to stop."""

import gc
import ipaddress
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn
from starlette.types import ASGIApp

from api.archives.files import ArchiveFiles
from api.clock import SystemClock
from api.http.app import create_app
from api.http.changes import Changes
from api.http.controller_client import ControllerClient
from api.http.dependencies import Dependencies
from api.http.pace import PatientProtocol
from api.local_files import ensure_controller_token, ensure_token
from api.priority import go_first
from api.settings import Settings
from api.store import Store

GRACE = 3
"""Seconds that requests in flight have at shutdown."""
KEEP_ALIVE = 15
"""Seconds between two requests of a connection."""
_BACKLOG = 512
_YOUNG = 10_000
"""Objects that may come and stay until they are looked through: a request makes hundreds, and next to no cycles."""

_log = structlog.get_logger(__name__)


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM. Needs no Docker, and no controller.

    The database is migrated first, which is safe when several processes start at once. Port 0 takes a free one; the
    log line `api listening` names it.

    Raises:
        OSError: the address is taken or not ours, or others reach it and nobody has made a token.
        StoreError: the database can't be opened or migrated.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = Store.open(settings.resolved_database_url)
    try:
        store.migrate()
        check_binding(settings, store)
        listener = listen(settings.host, settings.port)
    except BaseException:
        store.close()
        raise
    try:
        clock = SystemClock()
        archives = ArchiveFiles(settings.archives_dir)
        archives.clean_temporary(clock.now())
        deps = Dependencies(
            store=store,
            archives=archives,
            settings=settings,
            clock=clock,
            token=ensure_token(settings),
            controller=ControllerClient(settings.controller_port, ensure_controller_token(settings)),
        )
        go_first()
        host, port = listener.getsockname()[:2]
        _log.info("api listening", host=host, port=port, data_dir=str(settings.data_dir))
        made = server(deps)
        _keep_what_is_there()
        with _signals_end_here():
            made.run(sockets=[listener])
        _log.info("api stopped")
    finally:
        listener.close()
        store.close()


def _keep_what_is_there() -> None:
    """Take what was imported and made so far out of the garbage collection: it stays anyway.

    A look at all of it takes as long as hundreds of requests, which would wait for it now and then.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])


def check_binding(settings: Settings, store: Store) -> None:
    """See that whoever reaches the address needs a token that somebody has given out on purpose.

    Raises PermissionError for an address beyond this machine where there is only the token that made itself.
    """
    if _is_loopback(settings.host) or settings.token is not None or store.tokens.any_living():
        return
    raise PermissionError(
        f"The API does not listen on {settings.host}, which others reach, while nobody has made a token: run "
        "`playground-server token create NAME`, or set PLAYGROUND_TOKEN."
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def server(deps: Dependencies) -> uvicorn.Server:
    """The uvicorn server: one worker, its own log and headers off (the application has its own)."""
    app = create_app(deps)
    return _Server(uvicorn_config(app), app.state.context.changes)


def uvicorn_config(app: ASGIApp) -> uvicorn.Config:
    """How an application is served here: quickly, and with bounds for what clients can do."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,  # see forwarded.py, which also knows the host and the prefix
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        ws_max_size=64 * 1024,
        loop="asyncio",  # another one, if it is there, is no quicker here
        http=PatientProtocol,
        timeout_keep_alive=KEEP_ALIVE,
    )


class _Server(uvicorn.Server):
    """Ends the live streams when it stops; they would go on until they are cut off."""

    def __init__(self, config: uvicorn.Config, changes: Changes) -> None:
        super().__init__(config)
        self._changes = changes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops, within the grace."""
        self._changes.close()
        await super().shutdown(sockets)


@contextmanager
def _signals_end_here() -> Iterator[None]:
    """While uvicorn runs it takes SIGINT and SIGTERM, and raises them again when it has stopped.

    Then nothing shall happen any more: the store is closed, and the process ends by itself with exit code 0.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError with a sentence that names the address."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol named, asyncio turns Nagle's algorithm off: else each reply waits 40 ms for an acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise OSError(
            error.errno, f"The API can't listen on {host}:{port}: {reason}. Choose another --port."
        ) from error
    return listener
