"""Who reaches whom from inside a real container: a peer, the host by the gateway, the world; open and closed."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import docker.errors
import pytest
import requests

from api.settings import DEFAULT_BASE_IMAGE
from controller import firewall
from controller.engine.errors import EngineRefused, NameConflict, NetworkGone
from controller.engine.networks import interface_name
from controller.engine.sandbox import USER, host_config
from tests.e2e.eventually import eventually
from tests.security.conftest import Box
from tests.security.places import CONNECT, cable, ip, listening, namespace, needs_namespaces

pytestmark = [pytest.mark.engine, needs_namespaces]

HOST_PORT = 18099
LINK_LOCAL = "169.254.83.83"
"""In place of a cloud's metadata, whose own address this machine may need meanwhile: the rules know the range."""


def inside(box: Box, *, egress: bool) -> str:
    """A container with a Python to look out of, in the same box as a playground; its id."""
    spec = box.spec(DEFAULT_BASE_IMAGE, egress=egress)
    box.engine._networks.ensure(box.api, spec.network)
    made = box.api.create_container(
        spec.image,
        ["-c", "import signal; signal.pause()"],
        entrypoint=["/opt/playground/venv/bin/python"],
        user=USER,
        labels=dict(spec.labels),
        host_config=host_config(box.api, spec, 2.0),
        ports=[(7860, "tcp")],
    )
    box.api.start(made)
    return str(made["Id"])


def reached(box: Box, container: str, places: dict[str, tuple[str, int]]) -> dict[str, bool]:
    """Which of the places the container reaches."""
    made = box.api.exec_create(container, ["/opt/playground/venv/bin/python", "-c", CONNECT, json.dumps(places)])
    found: dict[str, bool] = json.loads(box.api.exec_start(str(made["Id"])))
    return found


def network_of(box: Box, container: str) -> dict[str, Any]:
    (network,) = box.api.inspect_container(container)["NetworkSettings"]["Networks"].values()
    found: dict[str, Any] = network
    return found


@contextmanager
def world() -> Iterator[str]:
    """A machine beyond ours that knows no way back to a container's own address; where it listens."""
    with ExitStack() as stack:
        name = stack.enter_context(namespace())
        stack.enter_context(cable((None, "pgtworld0", "198.51.100.1/24"), (name, "eth0", "198.51.100.2/24")))
        ip("-n", name, "address", "add", f"{LINK_LOCAL}/32", "dev", "lo")
        ip("route", "add", f"{LINK_LOCAL}/32", "via", "198.51.100.2")  # it goes with the cable
        stack.enter_context(listening(name, "0.0.0.0", 8000))
        yield "198.51.100.2"


@pytest.mark.parametrize("egress", [True, False])
def test_the_matrix(box: Box, *, egress: bool) -> None:
    peer = inside(box, egress=egress)
    listener = box.api.exec_create(peer, ["/opt/playground/venv/bin/python", "-m", "http.server", "7860"])
    box.api.exec_start(str(listener["Id"]), detach=True)
    container = inside(box, egress=egress)
    gateway = network_of(box, container)["Gateway"]
    assert network_of(box, peer)["Gateway"] == gateway, "they are on one bridge"
    published = box.api.port(peer, 7860)[0]
    with world() as beyond, listening(None, "0.0.0.0", HOST_PORT):
        places = {
            "peer": (network_of(box, peer)["IPAddress"], 7860),
            "peer's port by the gateway": (gateway, int(published["HostPort"])),
            "host by the gateway": (gateway, HOST_PORT),
            "host by another address": ("198.51.100.1", HOST_PORT),
            "link-local": (LINK_LOCAL, 8000),
            "world": (beyond, 8000),
        }
        eventually(lambda: _answers(int(published["HostPort"])), 10, "the peer's own page, by its published port")
        without = reached(box, container, places)
        firewall.load(firewall.rules(box.controller_id))
        try:
            assert firewall.in_force(box.controller_id) is firewall.InForce.YES
            with_rules = reached(box, container, places)
            assert _answers(int(published["HostPort"])), "published ports serve all the same"
        finally:
            firewall._nft("delete", "table", "inet", firewall.table_name(box.controller_id))
    assert firewall.in_force(box.controller_id) is firewall.InForce.NO
    assert without == {
        "peer": False,
        "peer's port by the gateway": False,
        "host by the gateway": True,
        "host by another address": True,
        "link-local": egress,
        "world": egress,
    }
    assert with_rules == {**dict.fromkeys(places, False), "world": egress}


def test_a_closed_one_resolves_no_names(box: Box) -> None:
    """A resolver that asks around would be a way out."""
    container = inside(box, egress=False)
    look = "import socket\ntry:\n    socket.getaddrinfo('example.com', 80)\nexcept OSError as e:\n    print('none')"
    made = box.api.exec_create(container, ["/opt/playground/venv/bin/python", "-c", look])
    assert box.api.exec_start(str(made["Id"])) == b"none\n"


def test_networks_are_made_once_shared_and_removed_when_empty(box: Box) -> None:
    one, two, closed = box.spec(), box.spec(), box.spec(egress=False)
    assert one.network == two.network != closed.network
    made = [box.engine.create(spec) for spec in (one, two, closed)]
    box.engine.start(made[0])
    listed = {network.name: network.in_use for network in box.engine.networks()}
    assert listed == {one.network: True, closed.network: True}, "who is only created or stopped is on it, too"
    with pytest.raises(EngineRefused, match="in use"):
        box.engine.remove_network(closed.network)
    options = box.api.inspect_network(closed.network)["Options"]
    assert options["com.docker.network.bridge.name"] == interface_name(box.controller_id, closed.network)
    for container in made:
        box.engine.remove(container)
    for network in box.engine.networks():
        assert not network.in_use
        box.engine.remove_network(network.name)
        box.engine.remove_network(network.name)
    assert box.engine.networks() == ()


def test_a_strangers_network_is_left_alone(box: Box) -> None:
    spec = box.spec()
    made = box.api.create_network(spec.network, driver="bridge")
    try:
        with pytest.raises(NameConflict, match="not ours"):
            box.engine.create(spec)
        with pytest.raises(NameConflict, match="not ours"):
            box.engine.remove_network(spec.network)
        assert box.engine.networks() == ()
        assert box.api.inspect_network(made["Id"])["Containers"] == {}
    finally:
        box.api.remove_network(made["Id"])


def test_a_start_says_that_the_network_is_gone(box: Box) -> None:
    spec = box.spec()
    made = box.run(spec)
    box.engine.stop(made, 1)
    box.api.remove_network(spec.network)
    with pytest.raises(NetworkGone):
        box.engine.start(made)
    with pytest.raises(docker.errors.NotFound):
        box.api.inspect_network(spec.network)


def _answers(port: int) -> bool:
    with requests.Session() as session:
        session.trust_env = False
        try:
            return session.get(f"http://127.0.0.1:{port}/", timeout=2).status_code < 500
        except requests.RequestException:
            return False
