"""The generated rules, in a machine made of namespaces: a host, a playground on a bridge of our name, the world."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from controller import firewall
from controller.engine.networks import interface_name, interface_prefix
from tests.security.places import CONNECT, cable, ip, listening, namespace, needs_namespaces

pytestmark = needs_namespaces

ID = "some-controller"
OPEN, CLOSED, OTHER = (interface_name(ID, f"playground-{ID}-{n}") for n in ("1", "1-closed", "2"))
HOST, WORLD, METADATA, NEIGHBOUR = "10.9.1.1", "198.51.100.2", "169.254.169.254", "10.9.3.2"
PLACES = {
    "host": (HOST, 8000),
    "world": (WORLD, 8000),
    "metadata": (METADATA, 8000),
    "another bridge": (NEIGHBOUR, 8000),
}


@dataclass(frozen=True)
class Machine:
    """The host's namespace and a playground's on an open and on a closed bridge."""

    host: str
    open: str
    closed: str

    def load(self) -> None:
        subprocess.run(
            ["ip", "netns", "exec", self.host, "nft", "-f", "-"], input=firewall.rules(ID), text=True, check=True
        )

    def reached_from(self, where: str) -> dict[str, bool]:
        command = ["ip", "netns", "exec", where, sys.executable, "-c", CONNECT, json.dumps(PLACES)]
        found: dict[str, bool] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        return found


@pytest.fixture
def machine() -> Iterator[Machine]:
    with ExitStack() as stack:
        host, world, *playgrounds = (stack.enter_context(namespace()) for _ in range(5))
        stack.enter_context(cable((host, "world0", "198.51.100.1/24"), (world, "eth0", f"{WORLD}/24")))
        ip("-n", world, "address", "add", f"{METADATA}/32", "dev", "lo")
        ip("-n", world, "route", "add", "default", "via", "198.51.100.1")
        ip("-n", host, "route", "add", f"{METADATA}/32", "via", WORLD)
        for number, (playground, bridge) in enumerate(zip(playgrounds, (OPEN, CLOSED, OTHER), strict=True), start=1):
            end = (playground, "eth0", f"10.9.{number}.2/24")
            stack.enter_context(cable((host, bridge, f"10.9.{number}.1/24"), end))
            ip("-n", playground, "route", "add", "default", "via", f"10.9.{number}.1")
        subprocess.run(["ip", "netns", "exec", host, "sysctl", "-qw", "net.ipv4.ip_forward=1"], check=True)
        for where in (host, world, *playgrounds):
            stack.enter_context(listening(where, "0.0.0.0", 8000))
        yield Machine(host, playgrounds[0], playgrounds[1])


def test_without_the_rules_everything_is_reached(machine: Machine) -> None:
    assert all(machine.reached_from(machine.open).values())
    assert all(machine.reached_from(machine.closed).values())


def test_with_them_a_playground_reaches_the_world_only_and_a_closed_one_nothing(machine: Machine) -> None:
    for _ in range(2):
        machine.load()  # again is fine
    assert machine.reached_from(machine.open) == {
        "host": False,
        "world": True,
        "metadata": False,
        "another bridge": False,
    }
    assert not any(machine.reached_from(machine.closed).values())


def test_the_host_still_reaches_its_playgrounds(machine: Machine) -> None:
    machine.load()
    places = json.dumps({"open": ("10.9.1.2", 8000), "closed": ("10.9.2.2", 8000)})
    command = ["ip", "netns", "exec", machine.host, sys.executable, "-c", CONNECT, places]
    assert json.loads(subprocess.run(command, check=True, capture_output=True).stdout) == {"open": True, "closed": True}


def test_names_fit_an_interface_and_differ_between_controllers() -> None:
    assert len(interface_name(ID, f"playground-{ID}-1072-closed")) <= 15
    assert interface_prefix(ID) != interface_prefix("another")
    assert OPEN.startswith(f"{interface_prefix(ID)}o")
    assert CLOSED.startswith(f"{interface_prefix(ID)}c")
