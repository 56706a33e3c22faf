"""What a pass saw is not asked for again, for as long as nothing was heard of it and the same is wanted."""

import math
from dataclasses import replace
from typing import cast

import pytest

from api.resources.desired import DesiredState
from api.resources.playground import Playground
from api.store import Store
from controller.domain.look import Look
from controller.domain.observed import ContainerState, ListedContainer, ObservedContainer, Probe, Unknown
from controller.engine.errors import EngineUnavailable
from controller.engine.hidden import HiddenValues
from controller.engine.interface import EngineEvent
from controller.loop.overview import Overview, fingerprint
from controller.loop.prober import Watcher
from controller.loop.reconciler import PassResult, Reconciler
from tests.loop.stubs import StubEngine, add_playground
from tests.loop.test_observer import Looks
from tests.loop.test_overview import Nobody
from tests.planner.worlds import NOT_READY, NOW, READY, after, container, current, failed, playground

EXITED = ContainerState.EXITED
UP, DOWN = container("here"), container("old", state=EXITED)
ENDS = ["kill", "die", "stop"]
P = playground()
DELETED = playground(deleted_at=NOW)
SERVES = playground(status=after(failed("x"), ready_run=current(P).run))
FAILS = playground(status=after(failed("x"), ready_run=current(P).run, probe_failures=1))


def look(version: int, containers: tuple[ObservedContainer, ...], *, is_fresh: bool = True, at: float = NOW) -> Look:
    """A look made at that time."""
    return Look(version, containers, at, is_fresh)


@pytest.fixture
def overview(store: Store) -> Overview:
    nothing = cast(Reconciler, None)
    return Overview(store, StubEngine(), nothing, cast(Watcher, Nobody()), lambda _uid, _seconds: None)


def seen(*containers: ObservedContainer, uid: str = "key", version: int = 1) -> PassResult:
    """What a pass comes to that has seen these."""
    states = frozenset((c.id, c.state.value) for c in containers)
    return PassResult(1.0, fingerprint=states, version=version, look=look(version, containers))


def event(of: ObservedContainer, action: str, at: float = NOW, uid: str = "key") -> EngineEvent:
    return EngineEvent(uid, action, at, of.id)


def kept(overview: Overview, *heard: EngineEvent) -> Look | None:
    """What the next pass gets, when that is heard after one that has seen `UP` and `DOWN`."""
    overview.begins("key")
    overview.ends("key", seen(UP, DOWN))
    for each in heard:
        overview.heard(each)
    return overview.begins("key")


def test_the_next_pass_gets_what_the_last_one_saw_once(overview: Overview) -> None:
    assert overview.begins("key") is None
    overview.ends("key", seen(UP, DOWN))
    assert overview.begins("key") == look(1, (UP, DOWN))
    assert overview.begins("key") is None


@pytest.mark.parametrize(
    ("of", "action", "at"),
    [
        (UP, "start", NOW),
        (UP, "die", NOW - 50.0),
        (UP, "restart", NOW),
        *((DOWN, action, NOW) for action in ENDS),
        (DOWN, "start", NOW - 50.0),
        *((container("gone"), action, NOW) for action in [*ENDS, "destroy"]),
    ],
)
def test_what_is_no_news_leaves_it_as_it_was(overview: Overview, of: ObservedContainer, action: str, at: float) -> None:
    assert kept(overview, event(of, action, at)) == look(1, (UP, DOWN))


@pytest.mark.parametrize(("of", "action"), [(UP, "die"), (UP, "pause"), (UP, "destroy"), (DOWN, "start")])
def test_a_container_of_which_there_is_news_is_inspected(
    overview: Overview, of: ObservedContainer, action: str
) -> None:
    assert kept(overview, event(of, action)) == look(1, (UP, DOWN), is_fresh=False)


def test_after_news_an_end_is_no_echo_any_more(overview: Overview) -> None:
    overview.begins("key")
    overview.ends("key", seen(UP, DOWN))
    assert overview.heard(event(DOWN, "start"))
    assert overview.heard(event(DOWN, "die")), "it has been started since it was seen to have ended"


def test_one_that_was_not_there_is_looked_for(overview: Overview) -> None:
    assert kept(overview, event(container("new"), "create")) is None


def test_what_is_heard_during_the_pass_counts(overview: Overview) -> None:
    overview.begins("key")
    overview.heard(event(UP, "die"))
    assert overview.ends("key", seen(UP))
    assert overview.begins("key") == look(1, (UP,), is_fresh=False)


def test_a_break_in_the_hearing_ends_it(overview: Overview) -> None:
    overview.begins("key")
    overview.ends("key", seen(UP))
    overview.forget()
    assert overview.begins("key") is None


def test_what_was_seen_before_a_break_is_not_kept_after_it(overview: Overview) -> None:
    """The pass may end when the break is over: whatever happened in it was told to nobody."""
    overview.begins("key")
    overview.forget()
    overview.ends("key", seen(UP))
    assert overview.begins("key") is None


def test_after_the_engine_s_clock_was_set_back_nothing_is_an_echo(overview: Overview) -> None:
    """What happens now happens, by that clock, before the run that was seen."""
    overview.heard(event(UP, "start", NOW - 50.0))
    overview.begins("key")
    overview.ends("key", seen(UP))
    assert overview.heard(event(UP, "die", NOW - 3000.0))
    assert overview.begins("key") is None


@pytest.mark.parametrize("action", ["oom", "health_status: unhealthy", "exec_start: sh", "exec_die", "top"])
def test_what_changes_no_container_s_state_wakes_nobody(overview: Overview, action: str) -> None:
    overview.begins("key")
    overview.ends("key", seen(UP))
    assert not overview.heard(event(UP, action))
    assert overview.begins("key") == look(1, (UP,))


def test_a_list_that_was_made_before_a_pass_ended_makes_it_doubt(store: Store) -> None:
    uid = add_playground(store, "one@1").metadata.uid
    engine = StubEngine(replace(UP, uid=uid, state=EXITED))
    overview = Overview(store, engine, Unimpressed(), cast(Watcher, Nobody()), lambda _u, _s: None)
    overview.begins(uid)
    listing = engine.listing

    def meanwhile() -> tuple[ListedContainer, ...]:
        found = listing()
        overview.ends(uid, seen(UP))
        return found

    engine.listing = meanwhile  # type: ignore[method-assign]
    assert list(overview.sweep()) == [uid]
    assert overview.begins(uid) == look(1, (UP,), is_fresh=False)


def test_a_pass_that_came_to_nothing_leaves_nothing(overview: Overview) -> None:
    overview.begins("key")
    overview.ends("key", None)
    assert overview.begins("key") is None


@pytest.mark.parametrize("listed", [(), (replace(UP, state=EXITED),), (UP, DOWN)])
def test_a_list_that_shows_something_else_ends_it(store: Store, listed: tuple[ObservedContainer, ...]) -> None:
    uid = add_playground(store, "one@1").metadata.uid
    shown = (ListedContainer(c.id, uid, c.state) for c in listed)
    engine = StubEngine(*(replace(c, uid=uid) for c in listed))
    overview = Overview(store, engine, Unimpressed(), cast(Watcher, Nobody()), lambda _uid, _seconds: None)
    overview.begins(uid)
    overview.ends(uid, seen(UP))
    assert fingerprint(tuple(shown)) != seen(UP).fingerprint
    assert list(overview.sweep()) == [uid]
    assert overview.begins(uid) is None


def test_a_list_that_shows_the_same_leaves_it(store: Store) -> None:
    uid = add_playground(store, "one@1").metadata.uid
    engine = StubEngine(replace(UP, uid=uid))
    overview = Overview(store, engine, Unimpressed(), cast(Watcher, Nobody()), lambda _uid, _seconds: None)
    overview.begins(uid)
    overview.ends(uid, seen(UP))
    assert list(overview.sweep()) == [uid]
    assert overview.begins(uid) == look(1, (UP,))


class Unimpressed:
    """A reconciler whose glances can never tell."""

    def glance(self, _desired: DesiredState, _listed: tuple[ListedContainer, ...]) -> None:
        return None


@pytest.mark.parametrize("state", [ContainerState.REMOVING, ContainerState.RESTARTING, ContainerState.PAUSED])
def test_what_is_on_its_way_to_another_state_is_not_kept(state: ContainerState) -> None:
    assert not look(1, (container("here", state=state),)).lasts


OBSERVED: dict[str, tuple[Playground, Look, Probe, list[str]]] = {
    "fresh": (P, look(0, (current(P),)), READY, []),
    "something was heard": (P, look(0, (current(P),), is_fresh=False), READY, ["inspected"]),
    "something else is wanted": (P, look(7, (current(P),)), READY, ["containers_of"]),
    "it was long ago": (P, look(0, (current(P),), at=NOW - 61), READY, ["containers_of"]),
    "it is deleted": (DELETED, look(7, (current(P),), at=NOW - 3600), Probe(), []),
    "it is deleted, and something was heard": (DELETED, look(7, (current(P),), is_fresh=False), Probe(), ["inspected"]),
    "it is deleted, and nothing was there": (DELETED, look(0, ()), Probe(), ["containers_of"]),
    "it has not served yet": (P, look(0, (current(P),)), NOT_READY, []),
    "it serves no more": (SERVES, look(0, (current(P),)), NOT_READY, ["inspected"]),
    "it was seen to serve no more": (FAILS, look(0, (current(P),)), NOT_READY, []),
}


@pytest.mark.parametrize("case", OBSERVED)
def test_what_is_known_is_not_asked(case: str) -> None:
    of, look, probe, calls = OBSERVED[case]
    looks = Looks(current(P), probe=probe)
    found = looks.observer.observe(DesiredState(playground=of), look)
    looks.pool.close()
    assert looks.engine.calls == calls
    assert (found.containers, found.probe) == ((current(P),), probe)


def test_who_hears_nothing_believes_nothing() -> None:
    looks = Looks(current(P))
    deaf = replace(looks.observer, heard_since=lambda: math.inf)
    deaf.observe(DesiredState(playground=P), look(0, (current(P),)))
    looks.pool.close()
    assert looks.engine.calls == ["containers_of"]


def test_what_cannot_be_inspected_again_is_unknown() -> None:
    looks = Looks(current(P))
    looks.engine.errors["inspected"] = EngineUnavailable("no answer")
    found = looks.observer.observe(DesiredState(playground=P), look(0, (current(P),), is_fresh=False))
    looks.pool.close()
    assert found.containers == Unknown("no answer")


def test_what_must_not_be_shown_is_kept_of_so_many_containers() -> None:
    hidden = HiddenValues(most=2)
    for name in ("one", "two", "three"):
        env = [f"TOKEN={name}-secret", "COLOUR=blue"]
        assert hidden.learn({"Id": name, "Config": {"Env": env, "Labels": None}}) == (f"{name}-secret",)
    assert [hidden.of(name) for name in ("one", "two", "three")] == [None, ("two-secret",), ("three-secret",)]
    hidden.forget("two")
    assert hidden.of("two") is None
