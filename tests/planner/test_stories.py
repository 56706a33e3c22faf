"""Stories over several passes: each step is one look, and what the pass reports is what the next one starts from."""

from dataclasses import dataclass, field, replace
from typing import Any

from api.resources.conditions import ConditionType, Reason, find
from api.resources.phase import Phase, phase
from api.resources.playground import Playground
from controller.domain.observed import ContainerState, ObservedContainer
from controller.domain.outcome import FailureKind, Outcome
from controller.domain.plan import Plan
from controller.planner import Policy, next_look, plan, remedy, report
from tests.planner.worlds import (
    ABSENT,
    NOT_READY,
    NOW,
    POLICY,
    PRESENT,
    READY,
    all_done,
    built,
    current,
    older,
    playground,
    readable,
    stopped_at,
    view,
    with_policy,
)

EXITED = ContainerState.EXITED


@dataclass
class Story:
    """One playground through several passes; `events` and `actions` collect what they said and did."""

    playground: Playground
    now: float = NOW
    policy: Policy = POLICY
    events: list[Reason] = field(default_factory=list)
    look_again: float | None = None

    def look(self, *containers: ObservedContainer, fail: FailureKind | None = None, **observed: Any) -> str:
        """One pass; returns the plan as text."""
        look = view(self.playground, *containers, now=self.now, policy=self.policy, **observed)
        decided = plan(look)
        outcome = all_done(decided) if fail is None else stopped_at(decided, fail, number=len(decided.actions) - 1)
        return self._finish(look, decided, outcome)

    def _finish(self, look: Any, decided: Plan, outcome: Outcome) -> str:
        said = report(look, decided, outcome)
        self.events += [event.reason for event in said.events]
        self.look_again = next_look(decided, outcome, said.status, self.now)
        self.playground = self.playground.model_copy(update={"status": said.status})
        return readable(str(decided), self.playground)

    def ask(self, **metadata: Any) -> None:
        """Somebody asks for something."""
        changed = self.playground.metadata.model_copy(update=metadata)
        self.playground = self.playground.model_copy(update={"metadata": changed})

    def reason(self) -> Reason | None:
        """Why it is or isn't ready."""
        ready = find(self.playground.status.conditions, ConditionType.READY)
        return ready.reason if ready else None


def at(container: ObservedContainer, started_at: float, **fields: Any) -> ObservedContainer:
    """The container started at another time."""
    values = {name: getattr(container, name) for name in container.__slots__}
    return ObservedContainer(**(values | {"started_at": started_at} | fields))


def test_a_crash_is_told_once_and_tried_again_with_growing_pauses() -> None:
    story = Story(playground())
    pauses = []
    for _ in range(12):
        run = current(playground(), state=EXITED, started_at=story.now - 1, finished_at=story.now)
        assert story.look(run) == "Crashed"
        assert story.look(run) == "BackingOff"
        assert story.look_again is not None
        pauses.append(story.look_again - story.now)
        story.now = story.look_again
        assert story.look(run).startswith("NotStarted\n[1] StartContainer current")
        story.now += 2.0
    assert story.events.count(Reason.CONTAINER_EXITED) == 12
    assert story.playground.status.failures == 12
    assert story.playground.status.restarts == 12
    wanted = [1, 4, 16, 64, 256, 300, 300, 300, 300, 300, 300, 300]
    assert all(base <= pause <= base * 1.2 for base, pause in zip(wanted, pauses, strict=True)), pauses
    assert len({pause / base for base, pause in zip(wanted, pauses, strict=True)}) > 6, "they are spread"


def test_one_that_has_served_is_started_again_at_once_twice_and_then_waits() -> None:
    """Whether the next start was seen to serve or not: it may be killed again before anybody has looked."""
    story = Story(playground())
    story.look(current(playground()), probe=READY)
    pauses = []
    for _ in range(4):
        story.now += 5.0
        run = current(playground(), state=EXITED, started_at=story.now - 1, finished_at=story.now)
        assert story.look(run) == "Crashed"
        assert story.look_again is not None
        pauses.append(int(story.look_again - story.now))
        story.now = story.look_again
        assert story.look(run).startswith("NotStarted\n[1] StartContainer current")
    assert [pause // 16 * 16 for pause in pauses] == [0, 0, 16, 64]
    assert story.events.count(Reason.CONTAINER_EXITED) == 4


def test_failures_are_forgiven_after_ten_minutes_of_health_and_not_before() -> None:
    story = Story(playground())
    first = current(playground(), state=EXITED)
    story.look(first)
    assert story.playground.status.failures == 1
    story.now += 5
    second = current(playground(), started_at=story.now)
    story.look(second, probe=READY)
    assert (story.playground.status.failures, story.playground.status.next_attempt_at) == (1, None)
    story.now += 599
    story.look(second, probe=READY)
    assert story.playground.status.failures == 1
    story.now += 1
    story.look(second, probe=READY)
    assert story.playground.status.failures == 0
    third = current(playground(), state=EXITED, started_at=second.started_at, finished_at=story.now)
    story.now += 1
    story.look(third)
    assert story.playground.status.failures == 1


def test_a_new_generation_starts_afresh() -> None:
    story = Story(playground())
    story.look(current(playground(), state=EXITED))
    assert story.look(current(playground(), state=EXITED)) == "BackingOff"
    story.ask(generation=3, spec_changed_at=NOW)
    story.now += 0.1
    again = story.look(current(playground(), state=EXITED))
    assert again == "NotStarted\n[1] StartContainer current, it is not running"
    assert (story.playground.status.failures, story.playground.status.next_attempt_at) == (0, None)


def test_roll_back_step_by_step() -> None:
    story = Story(playground())
    bad = current(playground())
    assert "StopContainer older" in story.look(older(), image=PRESENT)
    stopped = older(state=EXITED, finished_at=NOW - 50)
    assert story.look(bad, stopped, probe=NOT_READY) == "Starting"
    story.now = NOW + 10
    assert story.look(bad, stopped, probe=NOT_READY) == (
        "StartTimedOut\n"
        "[1] StopContainer current, it did not serve within 60 s\n"
        "[2] StartContainer older, RolledBack: generation 2 has failed"
    )
    assert story.reason() is Reason.TIMED_OUT
    assert Reason.ROLLED_BACK in story.events
    down = current(playground(), state=EXITED, finished_at=NOW + 10)
    back = older(started_at=NOW + 11)
    for _ in range(3):
        story.now += 1000
        assert story.look(down, back) == "RolledBack"
        assert story.look_again == story.now + POLICY.liveness_interval
    assert story.reason() is Reason.ROLLED_BACK
    assert phase(story.playground) is Phase.FAILED
    assert story.playground.status.next_attempt_at is None
    assert story.events.count(Reason.TIMED_OUT) == 1
    story.ask(restart_requested_at=story.now)
    assert story.look(down, back) == (
        "NotStarted\n"
        "[1] StopContainer older, generation 2 takes its place\n"
        "[2] StartContainer current, it is not running"
    )
    retried = at(down, story.now + 1, state=ContainerState.RUNNING, finished_at=None, exit_code=None)
    story.now += 2
    assert story.look(retried, stopped, probe=READY).startswith("Replaced\n[1] RemoveContainer older")
    assert story.look(retried, probe=READY) == "Serving"
    assert phase(story.playground) is Phase.RUNNING


def test_a_rolled_back_playground_that_loses_its_older_container_tries_the_wanted_one_again() -> None:
    story = Story(playground())
    down = current(playground(), state=EXITED)
    assert "StartContainer older" in story.look(down, older(state=EXITED))
    story.now += 5
    assert story.look(down, older()) == "RolledBack"
    story.now += 100
    assert story.look(down) == "NotStarted\n[1] StartContainer current, it is not running"


def test_a_removed_container_comes_back_though_it_had_crashed_before() -> None:
    story = Story(playground())
    story.look(current(playground(), state=EXITED))
    story.now += 5
    story.look(current(playground(), started_at=NOW + 4), probe=READY)
    story.now += 5
    assert story.look(image=PRESENT).startswith("Missing\n[1] CreateContainer <wanted>")


def test_unhealthy_recovers_and_is_told_again_the_next_time() -> None:
    story = Story(playground(), policy=with_policy(liveness_failures=2))
    run = current(playground())
    story.look(run, probe=READY)
    for _ in range(2):
        story.now += 20
        assert story.look(run, probe=NOT_READY) == "FailingProbes"
        assert story.playground.status.probe_failures == 1
        assert phase(story.playground) is Phase.RUNNING
        story.now += 1
        assert story.look(run, probe=NOT_READY) == "Unhealthy"
        assert phase(story.playground) is Phase.UNHEALTHY
        assert story.look(run, probe=NOT_READY) == "Unhealthy", "told, and not due"
        story.now += 0.5
        assert story.look(run, probe=READY) == "Serving"
        assert phase(story.playground) is Phase.RUNNING
    assert story.events.count(Reason.UNHEALTHY) == 2
    assert story.playground.status.failures == 2


def test_unhealthy_is_restarted_when_due_and_the_new_run_has_the_time_to_start() -> None:
    story = Story(playground(), policy=with_policy(liveness_failures=1))
    run = current(playground())
    story.look(run, probe=READY)
    story.now += 20
    assert story.look(run, probe=NOT_READY) == "Unhealthy"
    assert story.look_again is not None
    story.now = story.look_again
    assert story.look(run, probe=NOT_READY) == (
        "Unhealthy\n[1] RestartContainer current, 1 probes in a row have failed"
    )
    assert story.playground.status.restarts == 1
    fresh = current(playground(), started_at=story.now)
    story.now += 1
    assert story.look(fresh, probe=NOT_READY) == "Starting"
    assert story.look(fresh, probe=READY) == "Serving"


def test_a_run_that_was_unhealthy_recovered_and_ended_is_a_crash() -> None:
    story = Story(playground(), policy=with_policy(liveness_failures=1))
    run = current(playground())
    story.look(run, probe=READY)
    story.now += 20
    story.look(run, probe=NOT_READY)
    story.now += 1
    story.look(run, probe=READY)
    story.now += 100
    ended = at(run, NOW - 50, state=EXITED, finished_at=story.now - 1, exit_code=137, oom_killed=True)
    assert story.look(ended) == "Crashed"
    assert story.reason() is Reason.OUT_OF_MEMORY
    assert story.look(ended).startswith("NotStarted"), "it has served, so it is tried again at once"


def test_never_is_left_alone_until_somebody_asks() -> None:
    story = Story(playground(restart_policy="Never"))
    ended = current(story.playground, state=EXITED)
    assert story.look(ended) == "Completed"
    assert phase(story.playground) is Phase.FAILED
    story.now += 10_000
    assert story.look(ended) == "BackingOff"
    assert story.look_again is None
    assert story.playground.status.failures == 1
    story.ask(restart_requested_at=story.now)
    assert story.look(ended) == "NotStarted\n[1] StartContainer current, it is not running"


def test_a_clean_end_is_completed_and_stays_so() -> None:
    story = Story(playground(restart_policy="OnFailure"))
    ended = current(story.playground, state=EXITED, exit_code=0)
    for _ in range(3):
        assert story.look(ended) == "Completed"
        assert (story.reason(), phase(story.playground)) == (Reason.STOPPED, Phase.STOPPED)
        story.now += 100
    assert story.playground.status.last_failure is None


def test_stop_and_start() -> None:
    story = Story(playground())
    story.look(current(playground()), probe=READY)
    stop = playground(state="Stopped", generation=3, asked_at=NOW)
    story.playground = stop.model_copy(update={"status": story.playground.status})
    assert story.look(current(playground())).startswith("RunningUnwanted\n[1] StopContainer current")
    ended = current(playground(), state=EXITED, finished_at=NOW + 1, exit_code=137)
    story.now += 2
    assert story.look(ended) == "Stopped"
    assert phase(story.playground) is Phase.STOPPED
    start = playground(generation=4, asked_at=NOW + 3)
    story.playground = start.model_copy(update={"status": story.playground.status})
    story.now += 2
    assert story.look(ended) == "NotStarted\n[1] StartContainer current, it is not running"
    assert story.playground.status.last_failure is None, "our own stop is no failure"


def test_a_port_that_a_stranger_holds_is_quarantined_and_another_one_taken() -> None:
    here = playground()
    look = view(here, current(here, state=ContainerState.CREATED))
    decided = plan(look)
    outcome = stopped_at(decided, FailureKind.PORT_TAKEN, "port is already allocated")
    mended = remedy(look, outcome)
    assert [str(action) for action in mended] == [
        "QuarantineHostPort 7860, the engine refused it: port is already allocated"
    ]
    assert getattr(mended[0], "until", None) == NOW + POLICY.port_quarantine
    story = Story(playground(port=None))
    left = current(here, state=ContainerState.CREATED)
    assert story.look(left).startswith("PortNeeded")
    story.playground = story.playground.model_copy(update={"host_port": 7861})
    assert story.look(left, image=PRESENT) == (
        "Obsolete\n[1] RemoveContainer current, it is of an older spec and could not serve again"
    )
    assert story.look(image=PRESENT).startswith("Missing")


def test_a_failed_build_is_told_once_and_built_again_when_due() -> None:
    story = Story(playground())
    assert story.look(image=ABSENT).startswith("BuildNeeded\n[1] StartBuild <image>")
    ended = built(playground(), "pip failed")
    assert story.look(image=ABSENT, build=ended) == "BuildFailed"
    assert story.look(image=ABSENT, build=ended) == "ImageBackingOff"
    assert story.look_again is not None
    story.now = story.look_again
    assert story.look(image=ABSENT, build=ended).startswith("BuildNeeded\n[1] StartBuild <image>")
    again = built(playground(), "pip failed", ended_at=story.now)
    assert story.look(image=ABSENT, build=again) == "BuildFailed"
    assert story.playground.status.failures == 2
    assert story.events.count(Reason.BUILD_FAILED) == 2


def test_a_refused_archive_waits_for_a_change() -> None:
    story = Story(playground())
    ended = built(playground(), "its config.yaml is empty", terminal=True)
    assert story.look(image=ABSENT, build=ended) == "BuildFailed"
    story.now += 100_000
    assert story.look(image=ABSENT, build=ended) == "ImageBackingOff"
    assert story.look(image=ABSENT) == "ImageBackingOff", "a new controller knows it from the record"
    assert story.look_again is None
    assert find(story.playground.status.conditions, ConditionType.ACCEPTED) is not None
    story.ask(generation=3, spec_changed_at=story.now)
    assert story.look(image=ABSENT, build=ended).startswith("BuildNeeded")


def test_a_clock_that_is_set_back_neither_restarts_for_ever_nor_forgets_to_back_off() -> None:
    """All that was asked for, told and heard lies ahead, and each run from now on begins and ends before it."""
    story = Story(playground(asked_at=NOW - 60, restart_at=NOW - 50))
    assert story.look(current(playground(), started_at=NOW - 40), probe=READY) == "Serving"
    story.now = NOW - 3600
    heard: dict[str, Any] = {"heard_since": NOW - 100}
    run = current(playground(), state=EXITED, started_at=NOW - 40, finished_at=story.now)
    assert story.look(run, **heard) == "Crashed"
    pauses = []
    for _ in range(4):
        assert story.look_again is not None
        pauses.append(round(story.look_again - story.now))
        if story.look_again > story.now:
            assert story.look(run, **heard) == "BackingOff"
        story.now = story.look_again + 0.1
        assert story.look(run, **heard).startswith("NotStarted")
        run = at(run, started_at=story.now, finished_at=story.now + 1)
        story.now += 1
        assert story.look(run, **heard) == "Crashed"
    assert [pause // 16 * 16 for pause in pauses] == [0, 0, 16, 64]
    serves = at(run, started_at=story.now, state=ContainerState.RUNNING, finished_at=None)
    assert story.look(serves, probe=READY, **heard) == "Serving"


def test_nobody_waits_longer_than_the_longest_pause_when_the_clock_is_set_back() -> None:
    story = Story(playground(asked_at=NOW - 60))
    run = current(playground(), state=EXITED, started_at=NOW - 2, finished_at=NOW - 1)
    assert story.look(run) == "Crashed"
    story.now = NOW - 3600
    assert story.look(run).startswith("NotStarted")


def test_an_engine_that_cannot_build_backs_off_and_is_told_when_it_lasts() -> None:
    story = Story(playground())
    told, pauses = [], []
    for _ in range(4):
        ended = replace(built(story.playground, "its disk is full", ended_at=story.now), by_engine=True)
        assert story.look(image=ABSENT, build=ended) == "BuildFailed"
        assert story.look_again is not None
        told.append(story.reason())
        pauses.append(round(story.look_again - story.now))
        story.now = story.look_again + 0.1
        assert story.look(image=ABSENT, build=ended).startswith("BuildNeeded")
        story.now += 1
    assert told == [Reason.STARTING, Reason.STARTING, Reason.ENGINE_FAILED, Reason.ENGINE_FAILED]
    assert all(base <= pause <= base * 1.2 for base, pause in zip([1, 4, 16, 64], pauses, strict=True)), pauses
