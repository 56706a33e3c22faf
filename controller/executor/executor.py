"""The executor: does what a plan says, in order, until something fails. It decides nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

import structlog

from api.clock import Clock
from api.resources.conditions import Reason
from api.resources.desired import Claim
from api.resources.event import NewEvent
from api.store import NoFreePort, NoSuchPlayground, PortHeld, StaleClaim, Store, StoreError
from controller.builds.build_logs import BuildLogs
from controller.builds.pool import BuildJob, BuildPool
from controller.domain.actions import (
    Action,
    CancelBuild,
    CreateContainer,
    ExpirePlayground,
    ForgetPlayground,
    QuarantineHostPort,
    RemoveContainer,
    ReserveHostPort,
    RestartContainer,
    StartBuild,
    StartContainer,
    StopContainer,
)
from controller.domain.container_spec import ContainerSpec
from controller.domain.outcome import ActionFailed, FailureKind, Outcome
from controller.engine.errors import (
    EngineError,
    EngineFailed,
    EngineUnavailable,
    ImageMissing,
    NameConflict,
    NetworkGone,
    NotFound,
    PortTaken,
)
from controller.engine.interface import Engine
from controller.planner.wanted import with_secrets

log = structlog.get_logger()

_KINDS: tuple[tuple[type[Exception], FailureKind], ...] = (
    (StaleClaim, FailureKind.STALE_CLAIM),
    (NoSuchPlayground, FailureKind.CONFLICT),
    (NoFreePort, FailureKind.NO_FREE_PORT),
    (PortHeld, FailureKind.PORT_HELD),
    (StoreError, FailureKind.UNAVAILABLE),
    (EngineFailed, FailureKind.FAILED),
    (EngineUnavailable, FailureKind.UNAVAILABLE),
    (NotFound, FailureKind.CONFLICT),
    (NetworkGone, FailureKind.NETWORK_GONE),
    (ImageMissing, FailureKind.CONFLICT),
    (NameConflict, FailureKind.NAME_TAKEN),
    (PortTaken, FailureKind.PORT_TAKEN),
    (EngineError, FailureKind.REFUSED),
)


@dataclass(frozen=True, slots=True)
class _Made:
    """A port that was reserved, or a container that was created: no plan has both."""

    port: int | None = None
    container: str | None = None


@dataclass(frozen=True, slots=True)
class Executor:
    """The effects, in one place. Safe to share between threads."""

    engine: Engine
    store: Store
    builds: BuildPool
    build_logs: BuildLogs
    clock: Clock
    ports: range
    bind_host: str
    stop_grace: int
    leads: Callable[[Claim], bool]
    """Whether the claim still holds. Asked before each effect: a leader that was paused changes nothing."""
    keep_log: Callable[[str, str], None] = lambda _uid, _container: None
    """Keeps what a container (by id) of a playground (by uid) printed, before it is removed. Raises nothing."""

    def execute(self, uid: str, claim: Claim, actions: tuple[Action, ...], told: tuple[NewEvent, ...] = ()) -> Outcome:
        """Do the actions in order; what is done is logged once each, with its cause.

        `told` is what is still to be written about the playground: it goes with the record, where that is forgotten.
        """
        done: list[Action] = []
        made = _Made()
        for action in actions:
            began = self.clock.monotonic()
            try:
                if not self.leads(claim):
                    raise StaleClaim(claim.holder, claim.epoch)
                made = self._do(uid, claim, action, told) or made
            except (EngineError, StoreError) as error:
                kind = next(kind for type_, kind in _KINDS if isinstance(error, type_))
                log.warning("action failed", action=str(action), kind=kind.value, error=str(error))
                return Outcome(tuple(done), ActionFailed(action, kind, str(error)), made.port, made.container)
            took = round(self.clock.monotonic() - began, 4)
            log.info("action", action=type(action).__name__, plan=str(action), cause=action.cause, seconds=took)
            done.append(action)
        return Outcome(tuple(done), port=made.port, container=made.container)

    def _reserve(self, uid: str, claim: Claim, action: ReserveHostPort) -> int:
        return self.store.ports.reserve(
            claim,
            uid,
            address=self.bind_host,
            candidates=self.ports,
            avoid=action.avoid,
            wanted=action.prefer,
            required=action.required,
            now=self.clock.now(),
        )

    def _do(self, uid: str, claim: Claim, action: Action, told: tuple[NewEvent, ...]) -> _Made | None:
        """Do it; what there is since then, where that is to be known."""
        match action:
            case ReserveHostPort():
                return _Made(port=self._reserve(uid, claim, action))
            case QuarantineHostPort(until=until):
                self.store.ports.quarantine(claim, uid, until=until, now=self.clock.now())
            case StartBuild(image=image, digest=digest, generation=generation):
                self.builds.begin(BuildJob(uid, image, digest, generation))
            case CancelBuild():
                self.builds.cancel(uid)
            case CreateContainer(spec=spec):
                return _Made(container=self.engine.create(self._with_secrets(spec)))
            case StartContainer(container=container):
                self.engine.start(container)
            case RestartContainer(container=container):
                self.engine.restart(container, self.stop_grace)
            case StopContainer(container=container):
                self.engine.stop(container, self.stop_grace)
            case RemoveContainer(container=container):
                self.keep_log(uid, container)
                self.engine.remove(container)
            case ExpirePlayground():
                self.store.work.expire(claim, uid, now=self.clock.now())
            case ForgetPlayground(cause=cause):
                last = NewEvent(reason=Reason.DELETED, message=f"Deleted: {cause}.")
                if not self.store.work.remove(claim, uid, now=self.clock.now(), told=(*told, last)):
                    raise StaleClaim(claim.holder, claim.epoch)
                self.builds.forget(uid)  # its log stays for a while: the collector takes it
            case _:
                assert_never(action)
        return None

    def _with_secrets(self, spec: ContainerSpec) -> ContainerSpec:
        """The spec with the values of its secrets among its variables; they are nowhere else, and in no log."""
        names = {name for _, name, _ in spec.secrets} | {name for name, _, _ in spec.secret_sets}
        return with_secrets(spec, self.store.secrets.values(names)) if names else spec
