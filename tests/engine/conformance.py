"""What the conformance suite runs on: the fake engine, or real Docker, each with strangers beside our containers."""

import itertools
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

import docker

from api.clock import SystemClock
from controller.domain.container_spec import ContainerSpec, Limits
from controller.domain.observed import ObservedContainer
from controller.engine.docker_engine import DockerEngine
from controller.engine.interface import Engine
from controller.engine.socket_client import SocketClient
from controller.planner.wanted import (
    LABEL_CONTROLLER,
    LABEL_GENERATION,
    LABEL_SPEC_HASH,
    LABEL_UID,
)
from tests.fakes.clock import FakeClock
from tests.fakes.engine import FakeEngine
from tests.fakes.machine import FakeMachine
from tests.security.cis import violations

MEGABYTE = 1024 * 1024
HOST = "127.0.0.1"
_numbers = itertools.count(1)


@dataclass
class Lab:
    """An engine as two controllers see it, and what else there is on its machine."""

    ours: Engine
    theirs: Engine
    image: str
    run: str
    """In every name and controller id: another run on the same machine is a stranger to this one."""
    free_port: Callable[[], int]
    listen: Callable[[int], None]
    """Have a process of the host listen on a port."""
    foreign: Callable[[str, int | None], str]
    """Run a container of nobody's with that name, on that port; its id."""
    kill: Callable[[str], None]
    run_out_of_memory: Callable[[ContainerSpec], None]
    """Create it, start it, and have it need more memory than it may use."""
    now: Callable[[], float]
    wait_until: Callable[[Callable[[], bool]], None]
    requests: Callable[[], int]
    """How many requests have been sent to the engine up to now, whoever sent them."""
    uid: str = field(default_factory=lambda: f"{next(_numbers):012x}")

    def spec(self, name: str = "one", *, uid: str | None = None, theirs: bool = False, **fields: Any) -> ContainerSpec:
        """A container of ours (or of the other controller)."""
        labels = {
            LABEL_CONTROLLER: f"{self.run}-{'theirs' if theirs else 'ours'}",
            LABEL_UID: uid or self.uid,
            LABEL_SPEC_HASH: "0123456789ab",
            LABEL_GENERATION: "7",
        }
        environment = tuple(sorted(fields.pop("environment", {}).items()))
        made_from = {
            "image": self.image,
            "environment": environment,
            "address": HOST,
            "host_port": self.free_port(),
            "container_port": 7860,
            "limits": Limits(memory=32 * MEGABYTE, cpu=1.0, pids=32, tmpfs_bytes=MEGABYTE),
            "name": f"{self.run}-{self.uid}-{name}",
            "labels": tuple(sorted(labels.items())),
        }
        return ContainerSpec(**{**made_from, **fields})

    def only(self) -> ObservedContainer:
        """The one container of this test's playground."""
        (container,) = self.ours.containers_of(self.uid)
        return container


def fake_lab() -> Iterator[Lab]:
    """A fake machine of the test's own."""
    clock = FakeClock()
    machine = FakeMachine(clock)
    image = "playground-test-http:latest"
    machine.add_image(image)
    ports = itertools.count(20_000)

    def foreign(name: str, port: int | None) -> str:
        container = machine.add(name, image, host_port=port)
        machine.start(container)
        return container.id

    def run_out_of_memory(spec: ContainerSpec) -> None:
        container = machine.find(FakeEngine(machine, "fake-ours").create(spec))
        machine.start(container)
        machine.kill(container, oom=True)

    def wait_until(holds: Callable[[], bool]) -> None:
        for _ in range(100):
            if holds():
                return
            clock.advance(0.1)
        raise AssertionError("it never came to that")

    yield Lab(
        ours=FakeEngine(machine, "fake-ours"),
        theirs=FakeEngine(machine, "fake-theirs"),
        image=image,
        run="fake",
        free_port=lambda: next(ports),
        listen=machine.host_ports.add,
        foreign=foreign,
        kill=lambda container: machine.kill(machine.find(container)),
        run_out_of_memory=run_out_of_memory,
        now=clock.now,
        wait_until=wait_until,
        requests=lambda: machine.calls,
    )


def docker_lab() -> Iterator[Lab]:
    """The Docker Engine of this machine; what the test made is removed, by its labels."""
    # Imported here: the fake needs neither an engine nor its images.
    from tests.images.build import ensure_http_image

    clock = SystemClock()
    run = f"conformance-{os.getpid()}-{next(_numbers)}"
    client = docker.from_env(timeout=20)
    image = ensure_http_image()
    sockets: list[socket.socket] = []

    def listen(port: int) -> None:
        listener = socket.create_server((HOST, port))
        sockets.append(listener)

    def foreign(name: str, port: int | None) -> str:
        ports = {"7860/tcp": (HOST, port)} if port else {}
        found = client.containers.run(image, name=name, detach=True, ports=ports, labels={"conformance": run})
        return str(found.id)

    ours = DockerEngine(None, f"{run}-ours", 20)

    def run_out_of_memory(spec: ContainerSpec) -> None:
        little = replace(spec.limits, memory=16 * MEGABYTE)
        ours.start(ours.create(replace(spec, environment=(("EAT_MEMORY_MB", "64"),), limits=little)))

    def wait_until(holds: Callable[[], bool]) -> None:
        deadline = clock.monotonic() + 15
        while not holds():
            assert clock.monotonic() < deadline, "it never came to that"
            clock.sleep(0.05)

    with counted_requests() as sent:
        yield Lab(
            ours=ours,
            theirs=DockerEngine(None, f"{run}-theirs", 20),
            image=image,
            run=run,
            free_port=_free_port,
            listen=listen,
            foreign=foreign,
            kill=client.api.kill,
            run_out_of_memory=run_out_of_memory,
            now=clock.now,
            wait_until=wait_until,
            requests=lambda: len(sent),
        )
    for listener in sockets:
        listener.close()
    found: dict[str, list[str]] = {}
    for label in (f"{LABEL_CONTROLLER}={run}-ours", f"{LABEL_CONTROLLER}={run}-theirs", f"conformance={run}"):
        for row in client.api.containers(all=True, filters={"label": [label]}):
            found[row["Id"]] = (
                violations(client.api.inspect_container(row["Id"])) if "conformance=" not in label else []
            )
            client.api.remove_container(row["Id"], force=True, v=True)
    client.close()
    assert set().union(*found.values()) <= {"5.30 not docker0"}, (
        "these specs name no network, and nothing else is loose"
    )


@contextmanager
def counted_requests() -> Iterator[list[str]]:
    """What is sent over the engine's socket: the method and the address of each request."""
    sent: list[str] = []
    send = SocketClient.request

    def request(client: SocketClient, method: str, url: str, *others: Any, **options: Any) -> Any:
        sent.append(f"{method} {url}")
        return send(client, method, url, *others, **options)

    with mock.patch.object(SocketClient, "request", request):
        yield sent


def _free_port() -> int:
    with closing(socket.create_server((HOST, 0))) as listener:
        return int(listener.getsockname()[1])
