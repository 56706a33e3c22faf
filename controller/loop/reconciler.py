"""One pass for one key: load, observe, plan, execute, report. No transaction is open while the engine is called."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from structlog.contextvars import bound_contextvars

from api.clock import Clock, new_uid
from api.resources.declared import expires_at
from api.resources.desired import Claim, DesiredState, Report
from api.resources.event import EventType, NewEvent
from api.resources.playground import Playground
from api.store import Store
from controller.domain.actions import (
    Action,
    CancelBuild,
    ReserveHostPort,
    RestartContainer,
    StartBuild,
    StartContainer,
)
from controller.domain.look import Look
from controller.domain.observed import ListedContainer, Observed, ObservedContainer, Probe, ProbeVerdict, Unknown
from controller.domain.outcome import FailureKind, Outcome
from controller.domain.plan import Plan, Situation
from controller.domain.watch import Watch
from controller.engine.errors import EngineError
from controller.engine.interface import Engine
from controller.executor import Executor
from controller.loop.observer import Observer
from controller.planner import Policy, View, glance, goes_on, intent, next_look, plan, remedy, report
from controller.planner.events import event_of
from controller.planner.orphans import orphans

log = structlog.get_logger()

_TOUCHES_NO_CONTAINER = (CancelBuild, ReserveHostPort, StartBuild)
MOST_STEPS = 4
"""In one pass: a port, a container, whatever that brings about, and a look at what came of it."""
_NO_TIME_TO_EXPIRE = {Situation.UNKNOWN, Situation.EXPIRED}
"""Where the end of its time to live may be past already: looking again at once would see the same, for ever."""


@dataclass(frozen=True, slots=True)
class PassResult:
    """What the loop needs to know of a pass."""

    look_again_after: float | None
    """Seconds; 0 for at once, None for not before a hint."""
    watch: Watch | None = None
    """What to ask its page until then; another answer makes it worth a pass."""
    settled: bool = False
    """Nothing was done and nothing is on its way."""
    fingerprint: frozenset[tuple[str, str]] = frozenset()
    """The (id, state) of each container that was seen: a resync that lists the same need not look closer."""
    version: int = 0
    """The desired side's version that was looked at: one that has another is looked at again."""
    is_forgotten: bool = False
    """Its record is gone, and no container of it was left."""
    look: Look | None = None
    """What was seen of its containers, where nothing has been done to them since."""
    freed_port: bool = False
    waits_for_port: bool = False


@dataclass(frozen=True, slots=True)
class _Step:
    """One look within a pass, and what was done about what it saw."""

    view: View
    plan: Plan
    outcome: Outcome
    said: Report

    @property
    def goes_on(self) -> bool:
        """Whether there is more to be done at once, and nothing that has to be in the record before that."""
        return goes_on(self.plan, self.outcome) and self.said.status.last_failure == self.view.status.last_failure

    @property
    def is_the_end(self) -> bool:
        """Whether the record is gone, and with it, in one write, went all that the pass had to say."""
        return self.plan.situation is Situation.GONE and self.outcome.failed is None

    def next(self, observer: Observer) -> tuple[DesiredState, Observed]:
        """What the next step starts from: all as it was wanted when the pass began, and what is seen now.

        After a port was reserved nothing else has changed: the containers are those that were seen. After one was
        created they are those and it, and after one was started they are the same ones.
        """
        desired, ended = self.view.desired, {build.id for build in self.said.builds}
        changed: dict[str, object] = {"status": self.said.status}
        if self.outcome.port is not None:
            changed["host_port"] = self.outcome.port
        playground = desired.playground.model_copy(update=changed)
        still_open = tuple(build for build in desired.open_builds if build.id not in ended)
        desired = desired.model_copy(update={"playground": playground, "open_builds": still_open})
        if self.outcome.port is not None:
            return desired, observer.look_further(desired, self.view.containers)
        known = tuple(container.id for container in self.view.containers)
        if self.outcome.container is not None:
            return desired, observer.observe_these(desired, (*known, self.outcome.container))
        if all(isinstance(done, StartContainer | RestartContainer) for done in self.outcome.done):
            return desired, observer.observe_these(desired, known)
        return desired, observer.observe(desired)

    def look(self, given: Look | None, began: float) -> Look | None:
        """What the next pass need not look at again; None where something was done, or tried, to a container.

        `given` is the look that the pass began with: what is still of it is as old as it was.
        """
        outcome, containers = self.outcome, self.view.observed.containers
        is_untouched = all(isinstance(done, _TOUCHES_NO_CONTAINER) for done in outcome.done)
        is_untouched = is_untouched and (outcome.failed is None or outcome.failed.kind is FailureKind.NO_FREE_PORT)
        if not is_untouched or isinstance(containers, Unknown):
            return None
        at = given.at if given is not None and containers is given.containers else began
        look = Look(self.view.desired.version, containers, at)
        return look if look.lasts else None


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Runs passes. Safe to share between threads; the queue sees to it that a key has one at a time."""

    store: Store
    engine: Engine
    observer: Observer
    executor: Executor
    policy: Policy
    clock: Clock
    on_report: Callable[[Playground], None] = lambda _: None
    """Told of each playground as it was reported; returns at once."""

    def run(self, uid: str, claim: Claim, hint: str = "", look: Look | None = None) -> PassResult:
        """One pass; `look` is what the last one saw, where it is still known.

        Raises StoreError when the database does not answer: nothing is lost, the next pass sees it all.
        """
        began = self.clock.monotonic()
        with bound_contextvars(reconcile_id=new_uid(), uid=uid):
            desired = self.store.work.load(uid)
            if desired is None:
                return self._orphaned(uid, claim)
            with bound_contextvars(playground=desired.playground.metadata.name):
                steps = [self._step(desired, self.observer.observe(desired, look), claim, hint)]
                while len(steps) < MOST_STEPS and steps[-1].goes_on:
                    told = tuple(event for step in steps for event in step.said.events)
                    steps.append(self._step(*steps[-1].next(self.observer), claim, hint, told))
                self._tell(steps, claim)
                return self._result(steps[-1], steps[-1].look(look, began))

    def glance(self, desired: DesiredState, listed: tuple[ListedContainer, ...]) -> PassResult | None:
        """What a pass would come to that finds all as it was reported last; None where only a pass can tell."""
        now = self.clock.now()
        found = glance(desired, listed, now, self.policy)
        if found is None:
            return None
        self.on_report(desired.playground)
        again = _earliest(found.look_again, expires_at(desired.playground))
        return PassResult(
            look_again_after=None if again is None else max(0.0, again - now),
            watch=found.watch,
            settled=True,
            fingerprint=frozenset((c.id, c.state.value) for c in listed),
            version=desired.version,
        )

    def _step(
        self, desired: DesiredState, observed: Observed, claim: Claim, hint: str, told: tuple[NewEvent, ...] = ()
    ) -> "_Step":
        """Plan, execute the plan, and see what there is to say of it; `told` is what the steps before have to say."""
        uid = desired.playground.metadata.uid
        view = View(desired, observed, self.clock.now(), self.policy)
        decided = plan(view)
        log.debug("pass", plan=str(decided), hint=hint)
        view = self._tell_intent(view, decided, claim)
        outcome = self.executor.execute(uid, claim, decided.actions, told)
        mended = self.executor.execute(uid, claim, remedy(view, outcome))
        outcome = replace(outcome, done=(*outcome.done, *mended.done))
        return _Step(view, decided, outcome, report(view, decided, outcome))

    def _tell(self, steps: "list[_Step]", claim: Claim) -> None:
        """Write what the steps have to say, in one report, if there is anything new."""
        first, last = steps[0], steps[-1]
        said = Report(
            status=last.said.status,
            events=tuple(event for step in steps for event in step.said.events),
            builds=tuple(build for step in steps for build in step.said.builds),
        )
        uid = first.view.playground.metadata.uid
        is_told = last.is_the_end or said == Report(status=first.view.status)
        if is_told or self.store.work.report(claim, uid, said, now=self.clock.now()):
            self.on_report(last.view.playground.model_copy(update={"status": said.status}))
        _log_what_happened(said, [action for step in steps for action in step.outcome.done])

    def _tell_intent(self, view: View, decided: Plan, claim: Claim) -> View:
        """Write what the plan sets out to end, where it does; the view with that status."""
        intended = intent(view, decided)
        if intended == view.status:
            return view
        playground = view.playground
        self.store.work.report(claim, playground.metadata.uid, Report(status=intended), now=self.clock.now())
        told = view.desired.model_copy(update={"playground": playground.model_copy(update={"status": intended})})
        return replace(view, desired=told)

    def dry_run(self, uid: str) -> Plan | None:
        """What a pass would do now; reads only. None when there is no such playground."""
        desired = self.store.work.load(uid)
        return None if desired is None else self.plan_for(desired)

    def plan_for(self, desired: DesiredState) -> Plan:
        """What a pass would do now if that were wanted; reads only."""
        return plan(View(desired, self.observer.observe(desired), self.clock.now(), self.policy))

    def probe(self, uid: str) -> Probe | None:
        """What a probe meets now. None when no container runs that is as wanted, or nothing can be seen."""
        desired = self.store.work.load(uid)
        probe = None if desired is None else self.observer.observe(desired).probe
        return None if probe is None or probe.verdict is ProbeVerdict.NOT_PROBED else probe

    def _result(self, step: "_Step", look: Look | None) -> PassResult:
        now = self.clock.now()
        view, decided, outcome, said = step.view, step.plan, step.outcome, step.said
        again = next_look(decided, outcome, said.status, now)
        if decided.situation not in _NO_TIME_TO_EXPIRE:
            again = _earliest(again, view.expires_at)
        failed = outcome.failed.kind if outcome.failed else None
        return PassResult(
            look_again_after=None if again is None else max(0.0, again - now),
            watch=None if outcome.done or outcome.failed else decided.watch,
            settled=not outcome.done and outcome.failed is None and decided.is_settled,
            version=view.desired.version,
            fingerprint=frozenset((c.id, c.state.value) for c in view.containers),
            is_forgotten=step.is_the_end,
            look=look,
            freed_port=decided.frees_port and bool(outcome.done),
            waits_for_port=failed in {FailureKind.NO_FREE_PORT, FailureKind.PORT_HELD},
        )

    def _orphaned(self, uid: str, claim: Claim) -> PassResult:
        """No record (any more): containers that carry our labels are removed once they are old enough."""
        try:
            containers: tuple[ObservedContainer, ...] = self.engine.containers_of(uid)
        except EngineError:
            return PassResult(look_again_after=None)
        decided = orphans(containers, self.clock.now())
        self.executor.execute(uid, claim, decided.actions)
        again = decided.look_again
        return PassResult(look_again_after=None if again is None else max(0.0, again - self.clock.now()))


def _earliest(*moments: float | None) -> float | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _log_what_happened(said: Report, done: list[Action]) -> None:
    """One line for each event that is not the mere echo of an action, which the executor has logged with its cause."""
    echoes = {event_of(action) for action in done}
    for event in said.events:
        if event not in echoes:
            line = log.warning if event.type is EventType.WARNING else log.info
            line("event", reason=event.reason, message=event.message)
    for build in said.builds:
        log.info("build ended", build_id=build.id, state=build.state)
