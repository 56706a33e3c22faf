"""A controller as the API sees it: somebody who holds the lease and writes reports."""

from api.resources.build import BuildResult, BuildState
from api.resources.conditions import Condition, ConditionStatus, ConditionType, Reason
from api.resources.desired import DesiredState, Report
from api.resources.event import EventType, NewEvent
from api.resources.playground import Failure, PlaygroundStatus
from api.store import CONTROLLER_LEASE, Store

TTL = 10.0


class SimulatedController:
    """Reports what a test says it saw."""

    def __init__(self, store: Store, *, now: float) -> None:
        self._store = store
        self.now = now
        claim = store.leases.acquire(CONTROLLER_LEASE, "controller-1", ttl=TTL, now=now)
        assert claim is not None
        self.claim = claim

    def building(self, uid: str, message: str = "Installing packages.") -> None:
        """The image is being built."""
        self._report(uid, Reason.BUILDING, message, image_built=(ConditionStatus.FALSE, Reason.BUILDING))

    def serving(
        self,
        uid: str,
        *,
        container_id: str = "c0ffee" + "0" * 58,
        ends: BuildState | None = BuildState.COMPLETED,
    ) -> None:
        """The container serves; open builds are completed."""
        status = PlaygroundStatus(
            container_id=container_id,
            container_name=f"playground-{uid}",
            image="synapse-plugin-my-plugin-1.0.0:abc",
            endpoint="http://127.0.0.1:7860",
        )
        self._report(uid, Reason.SERVING, "", ready=ConditionStatus.TRUE, status=status, ends=ends, started=True)

    def stopped(self, uid: str) -> None:
        """The container is there and does not run."""
        self._report(uid, Reason.STOPPED, "Stopped on request.")

    def failed(self, uid: str, message: str = "pip could not install nosuch==1.") -> None:
        """It went wrong; open builds have failed."""
        failure = Failure(reason=Reason.BUILD_FAILED, message=message, at=self.now, log_tail=("ERROR: no match",))
        status = PlaygroundStatus(last_failure=failure, failures=1)
        event = NewEvent(type=EventType.WARNING, reason=Reason.BUILD_FAILED, message=message)
        self._report(uid, Reason.BUILD_FAILED, message, status=status, ends=BuildState.FAILED, event=event)

    def removed(self, uid: str) -> None:
        """All that belonged to it is gone."""
        assert self._store.work.remove(self.claim, uid, now=self.now)

    def _report(
        self,
        uid: str,
        reason: Reason,
        message: str,
        *,
        ready: ConditionStatus = ConditionStatus.FALSE,
        image_built: tuple[ConditionStatus, Reason] = (ConditionStatus.TRUE, Reason.BUILT),
        started: bool = False,
        status: PlaygroundStatus | None = None,
        ends: BuildState | None = None,
        event: NewEvent | None = None,
    ) -> None:
        desired = self._store.work.load(uid)
        assert desired is not None, uid
        generation = desired.playground.metadata.generation
        seen = (
            (ConditionType.IMAGE_BUILT, *image_built),
            (
                ConditionType.CONTAINER_STARTED,
                ConditionStatus.TRUE if started else ConditionStatus.FALSE,
                Reason.CONTAINER_STARTED if started else Reason.NOT_STARTED,
            ),
            (ConditionType.READY, ready, reason),
        )
        conditions = tuple(
            Condition(
                type=kind,
                status=value,
                reason=why,
                message=message if kind is ConditionType.READY else "",
                observed_generation=generation,
                last_transition_time=self.now,
            )
            for kind, value, why in seen
        )
        before = status or desired.playground.status
        after = before.model_copy(update={"conditions": conditions, "observed_generation": generation})
        report = Report(status=after, events=(event,) if event else (), builds=_ended(desired, ends, message))
        assert self._store.work.report(self.claim, uid, report, now=self.now)


def _ended(desired: DesiredState, state: BuildState | None, message: str) -> tuple[BuildResult, ...]:
    if state is None:
        return ()
    result = {"id": "c0ffee", "status": "running", "endpoint": "http://127.0.0.1:7860"}
    return tuple(
        BuildResult(
            id=build.id,
            state=state,
            result=dict(result) if state is BuildState.COMPLETED else None,
            error=message if state is BuildState.FAILED else None,
        )
        for build in desired.open_builds
    )
