"""Fifty creates at once on a range of forty: forty serve on ports of their own, ten wait and say why, and come up."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from playground_sdk import AgentClient
from playground_sdk.models import Container
from tests.e2e.conftest import NewServer
from tests.e2e.eventually import eventually
from tests.images.build import HTTP_IMAGE, ensure_http_image

pytestmark = pytest.mark.engine

CREATES, PORTS = 50, 40


def by_status(client: AgentClient, status: str) -> list[Container]:
    """All playgrounds with that status."""
    containers, _ = client.list_containers({"status": status}, list_all=True)
    return containers


def test_fifty_creates_on_forty_ports(new_server: NewServer) -> None:
    ensure_http_image()
    with new_server(ports=PORTS, settings={"PLAYGROUND_ALLOWED_IMAGES": HTTP_IMAGE}) as server:

        def create(number: int) -> None:
            with AgentClient(server.client.base_url, server.token) as client:
                client.create_container("many@1", model=number, kind="code_server", image=HTTP_IMAGE, wait=False)

        with ThreadPoolExecutor(max_workers=CREATES) as pool:
            list(pool.map(create, range(CREATES)))
        client = server.client

        def settled() -> list[Container]:
            running, waiting = by_status(client, "running"), by_status(client, "requested")
            return running if (len(running), len(waiting)) == (PORTS, CREATES - PORTS) else []

        running = eventually(settled, 90, "forty run and ten wait")
        assert {container["host_port"] for container in running} == set(server.ports)
        assert all(requests.get(f"{c['endpoint']}/config", timeout=5).status_code == 200 for c in running)
        for container in by_status(client, "requested"):
            conditions = {c["type"]: c for c in client.get_container(container["uid"])["conditions"]}
            assert (conditions["PortReserved"]["status"], conditions["PortReserved"]["reason"]) == (
                "False",
                "NoFreePort",
            )

        for container in running[: CREATES - PORTS]:
            client.delete_container(container["uid"])
        last = eventually(
            lambda: by_status(client, "running") if not by_status(client, "requested") else [], 60, "the ten come up"
        )
        eventually(lambda: len(by_status(client, "running")) == PORTS, 60, "all that are left run")
        assert len({container["host_port"] for container in last}) == len(last)
