"""A glance answers only where a pass would find nothing to do and nothing to say, and for what is well it does."""

from typing import Any

import pytest

from api.resources.desired import DesiredState, Report
from api.resources.playground import DesiredRunState, Playground
from controller.domain.observed import ContainerState, ListedContainer, ObservedContainer
from controller.domain.outcome import Outcome
from controller.planner import glance, plan, report
from tests.planner.worlds import (
    NOW,
    POLICY,
    PORT,
    READY,
    current,
    failed,
    older,
    open_build,
    playground,
    told,
    view,
    with_policy,
)

EXITED, PAUSED = ContainerState.EXITED, ContainerState.PAUSED
P = playground()
SERVES = told(view(P, current(P), probe=READY))
STOP = playground(state="Stopped")
STOPPED = told(view(STOP, current(STOP, state=EXITED)))
NEVER_RAN = told(view(STOP))


def listed(*containers: ObservedContainer) -> tuple[ListedContainer, ...]:
    return tuple(ListedContainer(c.id, c.uid, c.state, c.spec_hash) for c in containers)


def of(settled: Playground, **fields: Any) -> Playground:
    """The playground, with these fields of its metadata, spec or status changed."""
    for part in ("metadata", "spec", "status"):
        value = getattr(settled, part)
        changed = {name: fields[name] for name in fields if name in type(value).model_fields}
        settled = settled.model_copy(update={part: value.model_copy(update=changed)})
    return settled


def test_what_is_as_it_was_reported_needs_no_pass() -> None:
    serving = glance(DesiredState(playground=SERVES), listed(current(P)), NOW, POLICY)
    assert serving is not None
    assert str(serving) == "Serving"
    assert serving.watch is not None
    assert (serving.watch.port, serving.watch.since) == (PORT, NOW - 50)
    down = listed(current(STOP, state=EXITED))
    assert str(glance(DesiredState(playground=STOPPED), down, NOW, POLICY)) == "Stopped"
    assert str(glance(DesiredState(playground=NEVER_RAN), (), NOW, POLICY)) == "Stopped"


def test_a_failure_that_is_still_counted_is_forgiven_in_time() -> None:
    failing = of(SERVES, last_failure=failed("x", at=NOW - 60), failures=1, ready_since=NOW - 30)
    found = glance(DesiredState(playground=failing), listed(current(P)), NOW, POLICY)
    assert found is not None
    assert found.look_again == NOW + 570
    assert glance(DesiredState(playground=failing), listed(current(P)), NOW + 570, POLICY) is None


DOUBTS: dict[str, tuple[Playground, tuple[ObservedContainer, ...]]] = {
    "never reported": (P, (current(P),)),
    "a new generation": (of(SERVES, generation=3), (current(P),)),
    "another spec": (of(SERVES, envs={"A": "1"}), (current(P),)),
    "deletion is asked for": (of(SERVES, deletion_requested_at=NOW), (current(P),)),
    "its time is over": (of(SERVES, ttl=1.0), (current(P),)),
    "stopped is wanted": (of(SERVES, state=DesiredRunState.STOPPED), (current(P),)),
    "running is wanted": (of(STOPPED, state=DesiredRunState.RUNNING), (current(STOP, state=EXITED),)),
    "a restart is asked for": (of(SERVES, restart_requested_at=NOW), (current(P),)),
    "a secret is missing": (of(SERVES, secret_envs={"A": "nobody-set-it"}), (current(P),)),
    "no port": (SERVES.model_copy(update={"host_port": None}), (current(P),)),
    "no container": (SERVES, ()),
    "another container": (SERVES, (current(P, id="f" * 64),)),
    "two containers": (SERVES, (current(P), older())),
    "an older one": (SERVES, (older(),)),
    "it has ended": (SERVES, (current(P, state=EXITED),)),
    "it is paused": (SERVES, (current(P, state=PAUSED),)),
    "stopped, and up": (STOPPED, (current(STOP),)),
    "stopped, and gone": (STOPPED, ()),
    "a probe has failed": (of(SERVES, probe_failures=1), (current(P),)),
    "it waits": (of(SERVES, next_attempt_at=NOW + 1), (current(P),)),
    "its end was set out for": (of(SERVES, ending_run=current(P).run), (current(P),)),
    "another run has served": (of(SERVES, ready_run="other@1.0"), (current(P),)),
    "told elsewhere": (of(SERVES, endpoint="http://before:1"), (current(P),)),
    "not ready": (of(SERVES, conditions=()), (current(P),)),
    "failed since": (of(SERVES, last_failure=failed("x", at=NOW - 1), ready_since=NOW - 5), (current(P),)),
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_whatever_else_there_is_needs_a_pass(doubt: str) -> None:
    settled, containers = DOUBTS[doubt]
    assert glance(DesiredState(playground=settled), listed(*containers), NOW, POLICY) is None


def test_who_waits_for_a_build_needs_a_pass() -> None:
    waited_for = DesiredState(playground=SERVES, open_builds=(open_build(),))
    assert glance(waited_for, listed(current(P)), NOW, POLICY) is None


@pytest.mark.parametrize("doubt", ["advertise_host", "build_fingerprint", "egress"])
def test_other_settings_need_a_pass(doubt: str) -> None:
    policy = with_policy(**{doubt: False if doubt == "egress" else "other"})
    assert glance(DesiredState(playground=SERVES), listed(current(P)), NOW, policy) is None


@pytest.mark.parametrize("settled", [SERVES, STOPPED, NEVER_RAN])
def test_the_pass_that_is_spared_would_say_nothing(settled: Playground) -> None:
    state = EXITED if settled is STOPPED else ContainerState.RUNNING
    there = () if settled is NEVER_RAN else (current(settled, state=state),)
    look = view(settled, *there, probe=READY)
    assert plan(look).actions == ()
    assert report(look, plan(look), Outcome()) == Report(status=settled.status)
    assert glance(DesiredState(playground=settled), listed(*there), NOW, POLICY) is not None


def test_with_an_older_failure_that_is_over() -> None:
    old = of(SERVES, last_failure=failed("x", at=NOW - 600, generation=1), failures=0)
    assert glance(DesiredState(playground=old), listed(current(P)), NOW, POLICY) is not None
    miscounted = of(old, failures=2)
    assert glance(DesiredState(playground=miscounted), listed(current(P)), NOW, POLICY) is None
