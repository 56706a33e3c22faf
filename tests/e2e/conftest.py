"""One server for the tests of a module, or one of its own for a test; nothing of either may be left on the engine."""

import shutil
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from tests.e2e.engine import containers_of, networks_of, remove_containers, remove_images, remove_networks
from tests.e2e.server import STARTED, Server, free_range, running
from tests.security.boxed import all_in_the_box

ARTIFACTS = Path(__file__).resolve().parent / ".artifacts"
SHOWN = 25
NewServer = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="module")
def new_server(tmp_path_factory: pytest.TempPathFactory) -> NewServer:
    """`new_server(ports=…, settings={…})`: a server; its containers are checked, and what it leaves behind."""

    @contextmanager
    def make(ports: int = 40, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
        fast = {"PLAYGROUND_LEASE_TTL": "3", "PLAYGROUND_STOP_GRACE": "1"}
        folder = tmp_path_factory.mktemp("server")
        controller_id = ""
        try:
            with running(folder, free_range(ports), {**fast, **(settings or {})}) as server:
                controller_id = server.controller_id
                try:
                    with all_in_the_box(controller_id):
                        yield server
                    server.delete_all()
                    left = [container["Names"] for container in containers_of(controller_id)]
                    assert left == [], "containers are left although all playgrounds are deleted"
                finally:
                    remove_containers(controller_id)
                    remove_images(controller_id)
            assert networks_of(controller_id) == [], "networks are left although the controller has ended"
        finally:
            if controller_id:
                remove_networks(controller_id)

    return make


@pytest.fixture(scope="module")
def server(new_server: NewServer) -> Iterator[Server]:
    """The module's server."""
    with new_server() as found:
        yield found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the end of a server's log with a failure, and keep all of it in `.artifacts`."""
    report = yield
    if report.failed:
        for server in (found for found in STARTED if found.log_file.stat().st_mtime >= call.start):
            ARTIFACTS.mkdir(exist_ok=True)
            kept = ARTIFACTS / f"{item.name}-{call.when}-{server.port}.log"
            shutil.copyfile(server.log_file, kept)
            lines = server.log_file.read_text().splitlines()
            report.sections.append((f"the server's log (all of it: {kept})", "\n".join(lines[-SHOWN:])))
    return report
