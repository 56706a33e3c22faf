"""The safety statements, one test function each. A counterexample is printed with its story."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from api.resources.desired import Report
from api.resources.playground import PlaygroundSpec
from controller.domain.outcome import Outcome
from controller.loop.overview import holds_for_good
from controller.planner import View, plan, report
from controller.planner.wanted import LABEL_CONTROLLER
from tests.fakes.engine import FakeEngine
from tests.faults import checks
from tests.faults.world import CONTROLLER, Laboratory, World
from tests.properties.generated import SETTLING, begin, generated_worlds
from tests.strategies import Beginning, beginnings, blindness, specs

PASSES_TO_SETTLE = 120


@generated_worlds
@given(beginnings(may_fail=False))
def test_every_world_settles_as_the_records_want_it(lab: Laboratory, beginning: Beginning) -> None:
    """Within so many passes, whatever there was, unless a stranger has the name: then it says so, and leaves it."""
    world = begin(lab, beginning)
    _free_names(world)
    passes = world.settle()
    checks.check(passes <= PASSES_TO_SETTLE, f"it settles within {PASSES_TO_SETTLE} passes, not {passes}", world)
    for uid in world.store.work.keys():  # noqa: SIM118 (the store's keys, not a dictionary's)
        checks.is_as_wanted(world, uid)
    checks.nothing_leaked(world)


@generated_worlds
@given(beginnings(may_fail=False))
def test_a_settled_world_plans_nothing(lab: Laboratory, beginning: Beginning) -> None:
    world = begin(lab, beginning)
    _free_names(world)
    world.settle()
    checks.is_settled(world)


@generated_worlds
@given(beginnings())
def test_no_port_is_held_twice(lab: Laboratory, beginning: Beginning) -> None:
    """Neither in the ledger nor on the machine, at any step."""
    world = begin(lab, beginning)
    for _ in range(40):
        world.step(None)
        ledger = Counter(world.store.ports.reservations().values())
        running = Counter(c.host_port for c in world.machine.containers.values() if c.is_up and c.host_port is not None)
        twice = [port for ports in (ledger, running) for port, count in ports.items() if count > 1]
        checks.check(not twice, f"no port twice: {twice}", world)


@generated_worlds
@given(beginnings())
def test_foreign_things_are_untouched(lab: Laboratory, beginning: Beginning) -> None:
    """What has no label of ours, and what another controller has made."""
    world = begin(lab, beginning)
    before = checks.foreign(world.machine)
    checks.guard(world)
    world.run_for(SETTLING)
    checks.check(before == checks.foreign(world.machine), "foreign things are untouched", world)


@generated_worlds
@given(beginnings(), blindness)
def test_what_cannot_be_seen_is_not_acted_on(lab: Laboratory, beginning: Beginning, blind: frozenset[str]) -> None:
    """Nothing is stopped, removed or forgotten by a pass that cannot see containers; the image and ports likewise."""
    world = begin(lab, beginning)
    world.faults.blind.update(blind)
    before = {c.id: c.state for c in checks.own_containers(world.machine)}
    world.run_for(20.0)
    if "containers_of" in blind:
        after = {c.id: c.state for c in checks.own_containers(world.machine) if c.id in before}
        checks.check(before == after, "what cannot be seen is left as it is", world)
        checks.check("work.remove" not in world.faults.trace, "no record is forgotten", world)
        checks.check(not _effects(world), f"nothing is done: {_effects(world)}", world)
    if "has_image" in blind:
        checks.check("build" not in world.faults.trace, "no image is built that may be there", world)
    if "published_ports" in blind:
        checks.check("ports.reserve" not in world.faults.trace, "no port is reserved that may be taken", world)


@generated_worlds
@given(beginnings())
def test_a_port_is_freed_only_after_its_container_is_gone(lab: Laboratory, beginning: Beginning) -> None:
    """A reservation ends with its playground, whose containers are gone by then, or because the engine refused it."""
    world = begin(lab, beginning)
    checks.guard(world)
    held = world.store.ports.reservations()
    for _ in range(60):
        world.step(None)
        now_held = world.store.ports.reservations()
        for uid, port in held.items():
            if now_held.get(uid) == port:
                continue
            up = [c for c in world.containers(uid) if c.is_up and c.host_port == port]
            checks.check(not up, f"port {port} is freed while {up} holds it", world)
        held = now_held


@generated_worlds
@given(st.lists(specs(may_fail=False), min_size=1, max_size=3), specs(may_fail=False), st.integers(0, 5))
def test_the_path_of_edits_does_not_matter(
    lab: Laboratory, path: list[PlaygroundSpec], last: PlaygroundSpec, steps: int
) -> None:
    """A, B, then C ends as A, then C: only what is wanted last counts."""
    ends = []
    for edits in ([path[0], last], [*path, last]):
        world = lab.world()
        for spec in edits:
            uid = world.apply(spec)
            for _ in range(steps):
                world.step(None)
        world.settle()
        checks.is_as_wanted(world, uid)
        ends.append(_shape(world))
    assert ends[0] == ends[1]


@generated_worlds
@given(beginnings())
def test_a_glance_hides_no_work(lab: Laboratory, beginning: Beginning) -> None:
    """Where a glance says that no pass is needed, a pass would do and write nothing, while the page serves.

    And where it says so for good, it says so again of the same record and the same containers.
    """
    world = begin(lab, beginning)
    for_good = set()
    for _ in range(30):
        world.step(None)
        listing = FakeEngine(world.machine, CONTROLLER).listing()
        for desired in world.store.work.load_all():
            uid = desired.playground.metadata.uid
            listed = tuple(c for c in listing if c.uid == uid)
            glanced = world.reconciler.glance(desired, listed)
            same = (uid, world.store.work.record_versions([uid])[uid], listed)
            if glanced is None:
                checks.check(same not in for_good, "what a glance says for good holds", world)
                continue
            if holds_for_good(desired, glanced):
                for_good.add(same)
            look = View(desired, world.reconciler.observer.observe(desired), world.clock.now(), world.policy)
            if glanced.watch is not None and not look.is_ready:
                continue  # the prober finds it
            decided = plan(look)
            checks.check(not decided.actions, f"a glance hides no work: {decided}", world)
            said = report(look, decided, Outcome())
            checks.check(said == Report(status=desired.playground.status), f"a glance hides no news: {said}", world)


def _shape(world: World) -> list[tuple[object, ...]]:
    """The running containers, without what tells two starts apart."""
    return [
        (c.name, c.image, c.state, c.host_port, c.environment) for c in checks.own_containers(world.machine) if c.is_up
    ]


def _effects(world: World) -> list[str]:
    return [what for what in world.faults.trace if not what.startswith("work.")]


def _free_names(world: World) -> None:
    """Take strangers away from the names of our containers: with them there is nothing to settle on."""
    for container in list(world.machine.containers.values()):
        if container.labels.get(LABEL_CONTROLLER) != CONTROLLER and container.name.startswith("playground-"):
            world.machine.remove(container)
