"""Holds the CIS checks against every container of a controller that starts, whichever test it was that made it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import docker
import docker.errors
import requests

from tests.e2e.engine import CONTROLLER, engine
from tests.security.cis import violations


class Watch:
    """What was found of the containers that have started; one that is gone before anybody looks is not judged."""

    def __init__(self, api: docker.APIClient, controller_id: str) -> None:
        self.looked_at: set[str] = set()
        self.found: dict[str, list[str]] = {}
        self._api = api
        self._controller_id = controller_id

    def listen(self, stream: Iterator[dict[str, Any]]) -> None:
        """Judge each that the engine tells of, until the stream is closed."""
        with suppress(requests.RequestException, docker.errors.APIError, OSError, ValueError, AttributeError):
            for event in stream:
                self._judge(str(event["Actor"]["ID"]))

    def _judge(self, container: str) -> None:
        with suppress(docker.errors.NotFound):
            inspected = self._api.inspect_container(container)
            self.looked_at.add(container)
            wrong = violations(inspected)
            if wrong:
                self.found[str(inspected["Name"])] = wrong


@contextmanager
def all_in_the_box(controller_id: str) -> Iterator[Watch]:
    """Watch the controller's containers. Fails at the end when one of them was not in the box."""
    filters = {"type": "container", "event": "start", "label": f"{CONTROLLER}={controller_id}"}
    with engine() as listening, engine() as asking:
        stream = listening.events(filters=filters, decode=True)
        watch = Watch(asking, controller_id)
        thread = threading.Thread(target=watch.listen, args=(stream,), name="cis")
        thread.start()
        try:
            yield watch
        finally:
            stream.close()
            thread.join()
    assert watch.found == {}, f"containers were outside of the box: {watch.found}"
