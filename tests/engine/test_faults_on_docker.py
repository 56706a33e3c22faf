"""The crash matrix on the real Docker Engine: each scenario x each of the engine's effects in it x a few faults.

The fake engine has the whole of it (tests/faults); this part shows that Docker behaves as the fake one does where it
matters. A lost reply, a 500 and a crash end in the same world as none of them, and the engine has done each thing once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import docker
import pytest
import requests

from api.resources.playground import DesiredRunState
from controller.engine.connect import EngineClient
from controller.planner.wanted import LABEL_SPEC_HASH, LABEL_UID
from tests.engine.docker_world import HOST, DockerWorld, Neighbour, free_block, neighbour
from tests.fakes.faults import Fault

pytestmark = pytest.mark.engine

PORTS = 20
"""Host ports in the range."""
FAULTS = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER, Fault.REPLY_LOST, Fault.ERROR_500)


@dataclass(frozen=True)
class Scenario:
    """`act` begins without containers, or (`serving`) with one that serves; returns the uid it is about."""

    name: str
    effects: tuple[str, ...]
    """What the engine is asked to do when nothing goes wrong: what it does in the end, once each, in every case."""
    act: Callable[[DockerWorld, str], str]
    serving: bool = True
    keeps_container: bool = True
    """Whether the container that serves is the same before and after."""
    deletes: bool = False


def _create(world: DockerWorld, _uid: str) -> str:
    return world.apply()


def _update(world: DockerWorld, uid: str) -> str:
    return world.apply(envs={"EDIT": str(world.playground(uid).metadata.generation)})


def _restart(world: DockerWorld, uid: str) -> str:
    world.restart(uid)
    return uid


def _stop_and_start(world: DockerWorld, uid: str) -> str:
    world.set_state(uid, DesiredRunState.STOPPED)
    world.settle()
    assert [row["State"] for row in world.containers()] == ["exited"], world.story()
    assert not world.is_ready(uid)
    world.set_state(uid, DesiredRunState.RUNNING)
    return uid


def _delete(world: DockerWorld, uid: str) -> str:
    world.delete(uid)
    return uid


SCENARIOS = (
    Scenario("create", ("create", "start"), _create, serving=False),
    Scenario("update", ("create", "stop", "start", "remove"), _update, keeps_container=False),
    Scenario("restart", ("restart",), _restart),
    Scenario("stop and start", ("stop", "start"), _stop_and_start),
    Scenario("delete", ("remove",), _delete, deletes=True),
)
CASES = [
    *(pytest.param(scenario, None, None, id=f"{scenario.name}-no fault") for scenario in SCENARIOS),
    *(
        pytest.param(scenario, effect, fault, id=f"{scenario.name}-{effect}-{fault}")
        for scenario in SCENARIOS
        for effect in scenario.effects
        for fault in FAULTS
    ),
]


@pytest.fixture(scope="module")
def client() -> Iterator[EngineClient]:
    with docker.APIClient(version="auto", timeout=20) as opened:
        yield opened


@pytest.fixture(scope="module")
def image() -> str:
    from tests.images.build import ensure_http_image

    return ensure_http_image()


@pytest.fixture(scope="module")
def stranger(client: EngineClient, image: str) -> Iterator[Neighbour]:
    """A container of nobody's, on the first port of the range."""
    with neighbour(client, image, free_block(PORTS).start) as running:
        yield running


class Worlds:
    """The world that cases share: each begins where the last one ended, and a new one is made where that failed."""

    def __init__(self, make: Callable[[], DockerWorld]) -> None:
        self._make = make
        self._kept: DockerWorld | None = None

    @contextmanager
    def one(self) -> Iterator[DockerWorld]:
        """A world at rest, with a playground in it or without."""
        world, self._kept = self._kept or self._make(), None
        try:
            yield world
        except BaseException:
            world.close()
            raise
        self._kept = world

    def end(self) -> None:
        """Leave nothing, and that without force."""
        world, self._kept = self._kept, None
        if world is not None:
            try:
                is_left_empty(world)
            finally:
                world.close()


@pytest.fixture(scope="module")
def worlds(
    client: EngineClient, image: str, stranger: Neighbour, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Worlds]:
    ports = range(stranger.port, stranger.port + PORTS)
    shared = Worlds(lambda: DockerWorld(client, tmp_path_factory.mktemp("world"), image, ports))
    yield shared
    shared.end()


@pytest.mark.parametrize(("scenario", "effect", "fault"), CASES)
def test_a_fault_at_the_engine_is_overcome(
    worlds: Worlds, stranger: Neighbour, scenario: Scenario, effect: str | None, fault: Fault | None
) -> None:
    with worlds.one() as world:
        untouched = stranger.state()
        uid = serving(world) if scenario.serving else is_left_empty(world)
        before = only_container(world) if scenario.serving else None
        world.faults.begin()
        if effect is not None and fault is not None:
            world.faults.on(effect, fault)

        uid = scenario.act(world, uid)
        world.settle()

        happened = world.faults.trace
        assert effect is None or f"{effect} ({fault})" in happened, world.story()
        assert world.reached() == list(scenario.effects), world.story()
        assert len(happened) <= len(scenario.effects) + (fault is not None), world.story()
        if scenario.deletes:
            is_gone(world, uid)
        else:
            serves(world, uid)
            after = only_container(world)
            assert before is None or after.port == before.port, "it keeps its port"
            assert before is None or (after.id == before.id) is scenario.keeps_container
        does_nothing_more(world)
        assert stranger.state() == untouched, "a stranger's container is left alone"


def serving(world: DockerWorld) -> str:
    """See that there is one playground and that it serves; its uid."""
    uids = world.store.work.keys()
    uid = uids[0] if uids else world.apply()
    world.settle()
    serves(world, uid)
    return uid


def is_left_empty(world: DockerWorld) -> str:
    """Delete what there is, as a user would: neither containers nor networks nor ports are left. No uid."""
    world.clear()
    assert (world.containers(), world.networks(), world.store.ports.reservations()) == ([], [], {}), world.story()
    return ""


class Published(NamedTuple):
    """A container's id, and the host port that the engine has published for it."""

    id: str
    port: int


def only_container(world: DockerWorld) -> Published:
    """The one container that there is."""
    (row,) = world.containers()
    (port,) = row["Ports"]
    return Published(str(row["Id"]), int(port["PublicPort"]))


def serves(world: DockerWorld, uid: str) -> None:
    """One container, the wanted one, up on the port of the ledger, answering there, told in the status."""
    rows = world.containers()
    assert [row["State"] for row in rows] == ["running"], world.story()
    labels, (container, port) = rows[0]["Labels"], only_container(world)
    assert (labels[LABEL_UID], labels[LABEL_SPEC_HASH]) == (uid, world.wanted(uid).spec_hash), world.story()
    assert world.store.ports.reservations() == {uid: port}, world.story()
    assert port in world.ports[1:], "the first one is a stranger's"
    assert requests.get(f"http://{HOST}:{port}/", timeout=5).status_code == 200
    assert world.is_ready(uid), world.story()
    assert world.playground(uid).status.container_id == container


def is_gone(world: DockerWorld, uid: str) -> None:
    """No container, no port, no record."""
    assert world.containers() == [], world.story()
    assert world.store.ports.reservations() == {}
    assert world.store.work.load(uid) is None


def does_nothing_more(world: DockerWorld) -> None:
    """A new controller looks at everything, does nothing and writes nothing."""
    before = list(world.faults.trace), _versions(world)
    world.boot()
    world.settle()
    assert (list(world.faults.trace), _versions(world)) == before, world.story()


def _versions(world: DockerWorld) -> dict[str, int]:
    uids = world.store.work.keys()
    return {uid: world.playground(uid).metadata.resource_version for uid in uids}
