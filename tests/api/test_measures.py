"""What the controller measures when it is asked: resources and health, and what is said when it cannot be asked."""

from dataclasses import replace

import pytest
from pydantic import JsonValue
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.controller_client import ControllerClient, ControllerUnreachableError
from tests.api.conftest import CLOSED_PORT, TOKEN, Api
from tests.api.test_create import create, upload

USAGE: dict[str, JsonValue] = {
    "cpu_percent": 12.5,
    "memory_bytes": 1024,
    "network_rx_bytes": 1,
    "network_tx_bytes": 2,
}


class Told(ControllerClient):
    """Answers what it is told to."""

    def __init__(self, usage: dict[str, JsonValue] | None, probe: dict[str, JsonValue] | None) -> None:
        super().__init__(CLOSED_PORT, "t")
        self._told = usage, probe

    def usage(self, uid: str) -> dict[str, JsonValue] | None:
        return self._told[0]

    def probe(self, uid: str) -> dict[str, JsonValue] | None:
        return self._told[1]


class Silent(ControllerClient):
    """Does not answer."""

    def usage(self, uid: str) -> dict[str, JsonValue] | None:
        raise ControllerUnreachableError("gone")

    def probe(self, uid: str) -> dict[str, JsonValue] | None:
        raise ControllerUnreachableError("gone")


def asked(api: Api, controller: ControllerClient) -> tuple[TestClient, str]:
    client = TestClient(create_app(replace(api.deps, controller=controller)), headers={"Authorization": TOKEN})
    release = upload(client).json()["plugin_release"]
    return client, create(client, plugin_release=release).json()["uid"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_resources(slash: str, api: Api) -> None:
    client, uid = asked(api, Told(USAGE, None))
    reply = client.get(f"/containers/{uid}/resources{slash}")
    assert reply.json() == {**USAGE, "gpu_percent": None, "status": "requested"}
    client, uid = asked(api, Told(None, None))
    assert set(client.get(f"/containers/{uid}/resources/").json().values()) == {None, "requested"}


def test_health(api: Api) -> None:
    def health(probe: dict[str, JsonValue] | None) -> dict[str, JsonValue]:
        client, uid = asked(api, Told(None, probe))
        found: dict[str, JsonValue] = client.get(f"/containers/{uid}/health/").json()
        return found

    at = 1_750_000_000.0
    good = health({"ready": True, "detail": "", "at": at})
    assert (good["health_state"], good["last_health_error"]) == ("healthy", None)
    assert good["last_health_check_at"] == "2025-06-15T15:06:40.000Z"
    bad = health({"ready": False, "detail": "it answered 500", "at": at})
    assert (bad["health_state"], bad["last_health_error"]) == ("unhealthy", "it answered 500")
    none = health(None)
    assert (none["health_state"], none["last_health_check_at"], none["consecutive_failures"]) == ("unknown", None, 0)


def test_a_controller_that_does_not_answer_and_a_playground_that_is_not_there(api: Api) -> None:
    client, uid = asked(api, Silent(CLOSED_PORT, "t"))
    for what in ("resources", "health"):
        reply = client.get(f"/containers/{uid}/{what}/")
        assert (reply.status_code, "controller" in reply.json()["detail"]) == (409, True)
        assert client.get(f"/containers/nothing/{what}/").status_code == 404
