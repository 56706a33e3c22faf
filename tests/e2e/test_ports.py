"""An exhausted port range: the create is recorded and waits, says why, and goes on when a port is free."""

from pathlib import Path

import pytest

from playground_sdk import WaitTimeoutError
from tests.e2e.conftest import NewServer
from tests.e2e.engine import containers_of
from tests.e2e.plugins import hello, pack
from tests.e2e.server import greeting

pytestmark = [pytest.mark.engine, pytest.mark.gradio]


def test_the_third_of_two_waits_for_a_port(new_server: NewServer, tmp_path: Path) -> None:
    with new_server(ports=2) as server:
        client = server.client
        first_asked = client.create_container(
            plugin_file=pack(tmp_path / "a.zip", hello("e2e-ports")), model=1, wait=False
        )
        second = client.create_container("e2e-ports@1.0.0", model=2)
        first = client.wait_for_build(first_asked["build_id"])["result"]
        assert first is not None
        assert {first["host_port"], second["host_port"]} == set(server.ports)

        with pytest.raises(WaitTimeoutError) as caught:
            client.create_container("e2e-ports@1.0.0", model=3, timeout=2)
        range_text = f"{server.ports[0]}-{server.ports[-1]}"
        assert "port" in caught.value.waiting_for
        assert range_text in str(caught.value), "what could be made larger is named"
        assert caught.value.last is not None
        third = client.get_container(str(caught.value.last["uid"]))  # type: ignore[typeddict-item]
        assert (third["status"], third["host_port"]) == ("requested", None)
        conditions = {condition["type"]: condition for condition in third["conditions"]}
        reserved = conditions["PortReserved"]
        assert (reserved["status"], reserved["reason"]) == ("False", "NoFreePort")
        assert range_text in reserved["message"]
        assert "NoFreePort" in [event["reason"] for event in client.list_container_events(third["uid"])]
        assert len(containers_of(server.controller_id)) == 2

        client.delete_container(first["uid"])
        running = client.wait_for_status(third["uid"], "running", timeout=60)
        assert running is not None
        assert running["host_port"] == first["host_port"]
        assert greeting(running["endpoint"]) == "Hello, world!"
        assert greeting(second["endpoint"]) == "Hello, world!"
