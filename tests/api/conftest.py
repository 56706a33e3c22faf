"""One API over a SQLite store in a folder of its own; in process, and on a socket."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.archives.files import ArchiveFiles
from api.http.app import Dependencies, create_app
from api.http.controller_client import ControllerClient
from api.http.serve import listen, server
from api.settings import Settings
from api.store import Store
from tests.api.raw import RawClient
from tests.api.simulated_controller import SimulatedController

TOKEN = "the-token"
START = 1_750_000_000.0
CLOSED_PORT = 9  # discard: nothing listens there


class FakeClock:
    """Stands still until it is told to move."""

    def __init__(self) -> None:
        self.seconds = START

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@dataclass(frozen=True)
class Api:
    """The pieces, for tests that look behind the HTTP."""

    deps: Dependencies
    clock: FakeClock
    store: Store
    data_dir: Path

    def archives(self) -> list[Path]:
        """All files in the archives' folder, finished and not."""
        return sorted(path for path in (self.data_dir / "archives").rglob("*") if path.is_file())

    def controller(self) -> SimulatedController:
        """A controller that holds the lease now."""
        return SimulatedController(self.store, now=self.clock.seconds)


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty database with all tables: made once, copied for each test."""
    path = tmp_path_factory.mktemp("migrated") / "playground.db"
    store = Store.open(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture
def api(tmp_path: Path, migrated: Path) -> Iterator[Api]:
    settings = Settings(
        data_dir=tmp_path,
        max_archive_bytes=1024 * 1024,
        controller_port=CLOSED_PORT,
        allowed_images=frozenset({"codercom/*"}),
    )
    shutil.copyfile(migrated, tmp_path / "playground.db")
    store = Store.open(settings.resolved_database_url)
    clock = FakeClock()
    deps = Dependencies(
        store=store,
        archives=ArchiveFiles(settings.archives_dir),
        settings=settings,
        clock=clock,
        token=TOKEN,
        controller=ControllerClient(CLOSED_PORT, "controller-token"),
    )
    yield Api(deps, clock, store, tmp_path)
    store.close()


@pytest.fixture
def client(api: Api) -> Iterator[TestClient]:
    """A client with the token, which follows no redirect."""
    app = create_app(api.deps)
    headers = {"Authorization": TOKEN}
    with TestClient(app, headers=headers, follow_redirects=False, client=("127.0.0.1", 50000)) as made:
        yield made


@pytest.fixture
def raw(api: Api) -> Iterator[RawClient]:
    """The API on a socket, spoken to byte by byte."""
    with running(api.deps) as port:
        yield RawClient(port, TOKEN)


class running:  # noqa: N801 (used like a function)
    """uvicorn in a thread, as `serve` runs it, on a free port."""

    def __init__(self, deps: Dependencies) -> None:
        self._server = server(deps)
        self._listener = listen("127.0.0.1", 0)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    def __enter__(self) -> int:
        # The socket listens already: a client that comes before the loop waits in the backlog.
        self._thread.start()
        port: int = self._listener.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()
        self._listener.close()
