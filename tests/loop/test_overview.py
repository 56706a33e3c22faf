"""What the engine tells needs a pass, unless a pass has seen it already."""

from typing import cast

import pytest

from api.clock import SystemClock
from api.resources.desired import DesiredState
from api.store import Store
from controller.domain.observed import ContainerState, ListedContainer, ProbeVerdict
from controller.domain.watch import Watch
from controller.engine.interface import EngineEvent
from controller.loop.overview import Overview, fingerprint
from controller.loop.prober import Watcher
from controller.loop.reconciler import PassResult, Reconciler
from tests.loop.stubs import StubEngine, add_playground
from tests.planner.worlds import container

SEEN = frozenset({("here", "running"), ("old", "exited")})
ECHOES = ["create", "start"]
NEWS = [("here", "die"), ("here", "kill"), ("here", "destroy"), ("here", "pause"), ("old", "start"), ("new", "start")]


class Nobody:
    """Watches nothing."""

    def forget(self, uid: str) -> None:
        pass


@pytest.fixture
def overview(store: Store) -> Overview:
    nothing = cast(Reconciler, None)
    return Overview(store, StubEngine(), nothing, cast(Watcher, Nobody()), lambda _uid, _seconds: None)


def event(container: str, action: str) -> EngineEvent:
    return EngineEvent("key", action, 1.0, container)


@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize("action", ECHOES)
def test_the_echo_of_a_start_that_a_pass_has_seen_needs_none(overview: Overview, action: str, settled: bool) -> None:
    overview.begins("key")
    assert not overview.heard(event("here", action)), "it is kept for the pass's end"
    assert not overview.ends("key", PassResult(None, settled=settled, fingerprint=SEEN))
    assert not overview.heard(event("here", action)), "it came late"


@pytest.mark.parametrize(("container", "action"), NEWS)
def test_what_a_pass_has_not_seen_needs_another_one(overview: Overview, container: str, action: str) -> None:
    overview.begins("key")
    assert not overview.heard(event(container, action))
    assert not overview.heard(event("here", "start"))
    assert overview.ends("key", PassResult(None, settled=True, fingerprint=SEEN))
    assert overview.heard(event(container, action)), "and so does what comes afterwards"


@pytest.mark.parametrize("action", ["kill", "die", "destroy"])
def test_the_end_of_what_a_pass_has_removed_needs_none(overview: Overview, action: str) -> None:
    overview.begins("key")
    assert not overview.heard(event("here", action))
    assert not overview.ends("key", PassResult(None, is_forgotten=True))
    assert not overview.heard(event("here", action)), "it came late"
    assert overview.heard(event("new", "start")), "nobody is to be there"
    overview.begins("key")
    assert not overview.heard(event("here", action))
    assert overview.ends("key", PassResult(None)), "a pass that saw nothing, and forgot nothing, has not removed it"


@pytest.mark.parametrize("action", ECHOES)
def test_who_was_never_looked_at_is(overview: Overview, action: str) -> None:
    assert overview.heard(event("here", action))
    overview.begins("key")
    overview.heard(event("here", action))
    assert overview.ends("key", None), "a pass that came to nothing has seen nothing"


def test_what_was_heard_is_told_once(overview: Overview) -> None:
    overview.begins("key")
    overview.heard(event("here", "die"))
    assert overview.ends("key", PassResult(None, fingerprint=SEEN))
    overview.begins("key")
    assert not overview.ends("key", PassResult(None, fingerprint=SEEN))


def test_after_a_break_in_the_hearing_nothing_is_known(overview: Overview) -> None:
    overview.begins("key")
    overview.ends("key", PassResult(None, settled=True, fingerprint=SEEN))
    overview.forget()
    assert overview.heard(event("here", "start"))


class Glances:
    """A reconciler whose glances find all as it was, and count."""

    def __init__(self) -> None:
        self.of: list[str] = []
        self.again: float | None = None
        self.watch = Watch(1, "/", ProbeVerdict.NOT_READY, since=2_000_000_000.0)

    def glance(self, desired: DesiredState, listed: tuple[ListedContainer, ...]) -> PassResult:
        """All is as it was."""
        self.of.append(desired.playground.metadata.uid)
        return PassResult(self.again, self.watch, True, fingerprint(listed), desired.version)


class Watched(Nobody):
    """Has everything watched, and knows what."""

    def __init__(self) -> None:
        self.uids: list[str] = []

    def watch(self, uid: str, _watch: Watch, *, spread: bool = False) -> None:
        assert spread
        self.uids.append(uid)


def test_the_same_is_glanced_at_once_though_it_was_forgotten(store: Store) -> None:
    """And again when the record or its containers are others, and only that one."""
    uid, other = (add_playground(store, release).metadata.uid for release in ("one@1", "two@1"))
    engine, glances, watched = StubEngine(container("a", uid=uid)), Glances(), Watched()
    overview = Overview(store, engine, glances, watched, lambda _uid, _seconds: None)

    def looks() -> list[str]:
        glances.of.clear()
        watched.uids.clear()
        overview.forget()
        assert list(overview.sweep()) == []
        assert sorted(watched.uids) == sorted([uid, other]), "whoever is glanced at is watched, at once or again"
        return glances.of

    assert sorted(looks()) == sorted([uid, other])
    assert looks() == []
    engine.containers = [container("a", uid=uid, state=ContainerState.EXITED)]
    assert looks() == [uid]
    assert looks() == []
    store.playgrounds.request_restart(other, now=SystemClock().now())
    assert looks() == [other]
    assert looks() == []


@pytest.mark.parametrize("doubt", ["something is due", "a restart lies ahead"])
def test_what_time_may_change_is_glanced_at_again(store: Store, doubt: str) -> None:
    uid = add_playground(store, "one@1").metadata.uid
    glances = Glances()
    if doubt == "something is due":
        glances.again = 10.0
    else:
        store.playgrounds.request_restart(uid, now=glances.watch.since + 1)
    overview = Overview(store, StubEngine(), glances, Watched(), lambda _uid, _seconds: None)
    for _ in range(2):
        overview.forget()
        assert list(overview.sweep()) == []
    assert glances.of == [uid, uid]
