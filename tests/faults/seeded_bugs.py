"""Bugs put in on purpose, each with the promise that must catch it. One that nothing catches is a hole in the tests."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from controller.domain.actions import ForgetPlayground, RemoveContainer, StartContainer, StopContainer
from controller.domain.observed import ObservedContainer
from controller.domain.plan import Plan, Situation
from controller.loop.leader import Leader
from controller.planner import View, situations
from controller.planner.situations.steps import stop_previous
from controller.planner.wanted import LABEL_UID
from tests.fakes.engine import FakeEngine
from tests.fakes.machine import FakeContainer
from tests.faults import promises

Patch = pytest.MonkeyPatch
Recognise = Callable[[View], Plan | None]


@dataclass(frozen=True)
class SeededBug:
    """How the controller is broken, and what notices."""

    name: str
    plant: Callable[[Patch], None]
    caught_by: promises.Promise


def _replace_situation(patch: Patch, old: Recognise, new: Recognise) -> None:
    table = tuple(new if recognise is old else recognise for recognise in situations.TABLE)
    assert table != situations.TABLE, "there is such a situation"
    patch.setattr("controller.planner.planner.TABLE", table)


def _unknown_is_absent(patch: Patch) -> None:
    _replace_situation(patch, situations.unknown, lambda _: None)


def _start_before_stop(patch: Patch) -> None:
    def outdated(view: View) -> Plan | None:
        plan = situations.outdated(view)
        if plan is None:
            return None
        stops_last = sorted(plan.actions, key=lambda action: isinstance(action, StopContainer))
        return Plan(plan.situation, tuple(stops_last))

    _replace_situation(patch, situations.outdated, outdated)


def _record_first(patch: Patch) -> None:
    def gone(view: View) -> Plan | None:
        return Plan(Situation.GONE, (ForgetPlayground("at once"),)) if view.deleting else None

    _replace_situation(patch, situations.gone, gone)


def _any_controllers(patch: Patch) -> None:
    def own(self: FakeEngine) -> list[FakeContainer]:
        return [c for c in self._machine.containers.values() if LABEL_UID in c.labels]

    patch.setattr(FakeEngine, "_own", own)


def _everything_is_news(patch: Patch) -> None:
    def ended_on_its_own(view: View, container: ObservedContainer) -> bool:
        return (container.finished_at or 0.0) > view.last_asked_at

    patch.setattr(View, "ended_on_its_own", ended_on_its_own)


def _no_back_off(patch: Patch) -> None:
    patch.setattr("controller.planner.failures.delay", lambda _failures, _uid: 0.0)


def _remove_previous_at_once(patch: Patch) -> None:
    def remove_previous(view: View) -> tuple[RemoveContainer, ...]:
        return tuple(RemoveContainer(stop.container, stop.name, stop.cause) for stop in stop_previous(view))

    patch.setattr("controller.planner.situations.container.stop_previous", remove_previous)


def _paused_leader_goes_on(patch: Patch) -> None:
    patch.setattr(Leader, "holds", lambda _leader, _claim: True)


def _no_quarantine(patch: Patch) -> None:
    patch.setattr("controller.loop.reconciler.remedy", lambda _view, _outcome: ())


def _any_failure_rolls_back(patch: Patch) -> None:
    patch.setattr(View, "is_given_up", property(lambda view: view.failure is not None and view.can_roll_back))


def _no_intent(patch: Patch) -> None:
    patch.setattr("controller.loop.reconciler.intent", lambda view, _plan: view.status)


def _no_grace(patch: Patch) -> None:
    patch.setattr("controller.planner.orphans.GRACE", 0.0)


def _stop_before_the_image_is_there(patch: Patch) -> None:
    def build_needed(view: View) -> Plan | None:
        plan = situations.build_needed(view)
        if plan is None or view.previous is None or not view.previous.is_up:
            return plan
        stop = StopContainer(view.previous.id, view.previous.name, "a new one is coming")
        return Plan(plan.situation, (stop, *plan.actions), plan.look_again)

    _replace_situation(patch, situations.build_needed, build_needed)


def _create_without_start(patch: Patch) -> None:
    """A container that was created and not started is taken for one that has served."""

    def not_started(view: View) -> Plan | None:
        plan = situations.not_started(view)
        if plan is None or (view.current is not None and view.current.has_ended):
            return plan
        return Plan(plan.situation, tuple(a for a in plan.actions if not isinstance(a, StartContainer)))

    _replace_situation(patch, situations.not_started, not_started)


SEEDED_BUGS = (
    SeededBug("unknown is taken for absent", _unknown_is_absent, promises.nothing_is_forgotten_that_cannot_be_seen),
    SeededBug("started before the previous one is stopped", _start_before_stop, promises.an_update_keeps_its_port),
    SeededBug("the port is freed first", _record_first, promises.a_record_goes_after_its_container),
    SeededBug("no look at the controller", _any_controllers, promises.a_namesake_of_another_controller_is_left_alone),
    SeededBug("a crash is counted at each look", _everything_is_news, promises.a_crash_counts_once),
    SeededBug("no back-off", _no_back_off, promises.a_crash_loop_backs_off),
    SeededBug("the previous one is removed at once", _remove_previous_at_once, promises.a_bad_update_is_taken_back),
    SeededBug("a paused leader goes on", _paused_leader_goes_on, promises.a_leader_that_was_paused_changes_nothing),
    SeededBug("no quarantine", _no_quarantine, promises.a_port_that_is_refused_is_left_for_another),
    SeededBug("any failure rolls back", _any_failure_rolls_back, promises.one_500_is_not_the_new_generations_fault),
    SeededBug("no intent", _no_intent, promises.a_stop_that_is_taken_back_while_it_lasts_ends_running),
    SeededBug("no grace for orphans", _no_grace, promises.a_young_container_without_a_record_is_waited_for),
    SeededBug(
        "stopped before the new image is there",
        _stop_before_the_image_is_there,
        promises.a_good_container_serves_until_the_new_image_is_there,
    ),
    SeededBug("created is taken for started", _create_without_start, promises.a_lost_reply_makes_no_second_container),
)
