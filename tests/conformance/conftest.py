"""The server that is held against the contract: one that is named, or our own API with a controller that pretends."""

import hashlib
import os
import threading
from collections.abc import Iterator

import pytest

from api.clock import new_uid
from api.resources.agent_view import container_view
from api.resources.build import BuildResult, BuildState
from api.resources.desired import Report
from api.resources.playground import DesiredRunState
from api.store import Store
from tests.api.conftest import TOKEN, Api, api, migrated, running
from tests.api.simulated_controller import SimulatedController
from tests.conformance.wire import Wire

__all__ = ["Api", "api", "migrated"]

URL, URL_TOKEN = "PLAYGROUND_CONFORMANCE_URL", "PLAYGROUND_CONFORMANCE_TOKEN"


class PretendingController(threading.Thread):
    """Says of everything that is wanted that it is so."""

    def __init__(self, store: Store, controller: SimulatedController) -> None:
        super().__init__(daemon=True)
        self._store = store
        self._controller = controller
        self.stop = threading.Event()

    def run(self) -> None:
        seen = 0
        while not self.stop.is_set():
            self._store.feed.wait(seen, timeout=1.0, stop=self.stop)
            seen, changed = self._store.work.changed_since(seen)
            for uid in changed:
                self._pretend(uid)

    def _pretend(self, uid: str) -> None:
        desired = self._store.work.load(uid)
        if desired is None:
            return
        if desired.playground.metadata.deletion_requested_at is not None:
            self._controller.removed(uid)
        elif desired.playground.spec.state is DesiredRunState.STOPPED:
            self._controller.stopped(uid)
        else:
            self._controller.building(uid)
            self._serve(uid)

    def _serve(self, uid: str) -> None:
        """As the real one reports it: the builds end with the container as it is read."""
        container_id = hashlib.sha256(uid.encode()).hexdigest()
        self._controller.serving(uid, container_id=container_id, ends=None)
        desired = self._store.work.load(uid)
        if desired is None:
            return
        playground = desired.playground
        ended = tuple(
            BuildResult(
                id=build.id,
                state=BuildState.COMPLETED,
                result=container_view(playground, restarted=build.restarted),
            )
            for build in desired.open_builds
        )
        report = Report(status=playground.status, builds=ended)
        assert self._store.work.report(self._controller.claim, uid, report, now=self._controller.now)


@pytest.fixture
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    """A client of the server."""
    if URL in os.environ:
        client = Wire(os.environ[URL], os.environ[URL_TOKEN])
        yield client
        client.close()
        return
    own: Api = request.getfixturevalue("api")
    controller = PretendingController(own.store, own.controller())
    controller.start()
    with running(own.deps) as port:
        client = Wire(f"http://127.0.0.1:{port}", TOKEN)
        yield client
        client.close()
    controller.stop.set()
    controller.join()


@pytest.fixture
def code(wire: Wire) -> Iterator[str]:
    """A plugin's code that no earlier run has used; what was made of it is deleted at the end."""
    name = f"conformance-{new_uid()}"
    yield name
    for item in wire.get(f"containers/?plugin_release={name}@1.0.0&page_size=100").json["results"]:
        wire.delete(f"containers/{item['record_id']}")
