"""The failure a pass has met, if any: what it says, when the next attempt is, and how it reads to a person."""

from api.resources.conditions import Reason
from api.resources.images import refusal
from api.resources.playground import Failure, RestartPolicy
from controller.domain.observed import ObservedContainer
from controller.domain.outcome import FailureKind, Outcome
from controller.domain.plan import Plan, Situation
from controller.planner.backoff import delay
from controller.planner.view import GIVES_UP, View, build_incident

AT_ONCE = 2
"""So often in a row one that has served is started again without a pause: whatever it was, it may have been once."""
LOG_LINES_KEPT = 100
LOG_LINES_SHOWN = 20
LINE_LENGTH_KEPT = 2000
"""Of each line: who prints without an end shall not fill the records with it."""
ENGINE_FAILURES_TO_TELL = 3
"""An engine that fails once or twice in a row is none of the playground's doing: nobody's wait is ended for it yet."""
_REASONS = {
    FailureKind.NAME_TAKEN: Reason.FOREIGN_CONTAINER,
    FailureKind.REFUSED: Reason.ENGINE_REFUSED,
    FailureKind.FAILED: Reason.ENGINE_FAILED,
    FailureKind.CONFLICT: Reason.ENGINE_FAILED,
}


_ONLY_A_CHANGE_HELPS = {Reason.ARCHIVE_REFUSED, Reason.IMAGE_NOT_ALLOWED, Reason.SECRETS_MISSING}


def failure_of(view: View, plan: Plan, outcome: Outcome) -> Failure | None:
    """The failure that this pass saw first; None where nothing failed or it has been told already.

    What was observed to have failed comes before what an action then failed of.
    """
    seen = _seen_failure(view, plan)
    failed = outcome.failed
    if seen is not None or failed is None or failed.kind not in _REASONS:
        return seen
    incident = f"{type(failed.action).__name__}@{view.now:.6f}"
    return _failure(view, _REASONS[failed.kind], failed.message, incident=incident)


def _secrets_text(view: View) -> str:
    """Which secrets are missing, which are there and no sets, and how to mend it."""
    unusable = view.desired.unusable_sets
    missing = ", ".join(name for name in view.missing_secrets if name not in unusable)
    told = []
    if missing:
        told.append(f"Secrets are not set: {missing}. The operator sets one with `playground-server secret set NAME`.")
    for name, problem in sorted(unusable.items()):
        told.append(
            f"The secret {name} cannot be used by envFrom: {problem}. "
            f"The operator sets it anew with `playground-server secret set {name} --env-file`."
        )
    return " ".join(told)


def _seen_failure(view: View, plan: Plan) -> Failure | None:
    current = view.current
    match plan.situation:
        case Situation.BUILD_FAILED if view.build_failure is not None:
            build = view.build_failure
            reason = Reason.ARCHIVE_REFUSED if build.terminal else Reason.BUILD_FAILED
            reason = Reason.ENGINE_FAILED if build.by_engine else reason
            text = f"The image could not be built: {build.error}"
            return _failure(view, reason, text, incident=build_incident(build), log_tail=build.log_tail)
        case Situation.IMAGE_NOT_ALLOWED if _is_untold(view, Reason.IMAGE_NOT_ALLOWED):
            text = refusal(view.image, view.policy.allowed_images)
            return _failure(view, Reason.IMAGE_NOT_ALLOWED, text, incident=f"image@{view.now:.6f}")
        case Situation.SECRETS_MISSING if _is_untold(view, Reason.SECRETS_MISSING):
            return _failure(view, Reason.SECRETS_MISSING, _secrets_text(view), incident=f"secret@{view.now:.6f}")
        case Situation.IMAGE_MISSING:
            text = f"The image {view.image} is not on this machine: build or load it there, or name another."
            return _failure(view, Reason.IMAGE_MISSING, text, incident=f"image@{view.now:.6f}")
        case Situation.CRASHED if current is not None:
            return _exit_failure(view, current)
        case Situation.COMPLETED if current is not None and current.exit_code != 0:
            return _exit_failure(view, current)
        case Situation.START_TIMED_OUT if current is not None and view.is_news(current.run):
            text = (
                f"It did not serve within {view.readiness_timeout:g} s: GET {view.spec.readiness.path} on port "
                f"{view.spec.container_port} of the container never answered 200 ({view.observed.probe.detail})."
            )
            return _failure(view, Reason.TIMED_OUT, text, incident=current.run, log_tail=view.observed.log_tail)
        case Situation.UNHEALTHY if current is not None and view.is_news(current.run):
            text = f"{view.policy.liveness_failures} probes in a row have failed: {view.observed.probe.detail}."
            return _failure(view, Reason.UNHEALTHY, text, incident=current.run, log_tail=view.observed.log_tail)
        case _:
            return None


def failures_in_a_row(view: View) -> int:
    """How often this generation has failed in a row up to now; a request to try again does not count as a success."""
    return view.status.failures if view.failure is not None else 0


def ends_waits(failure: Failure, failures: int) -> bool:
    """Whether those who wait are told that it failed, after so many failures in a row."""
    return failure.reason is not Reason.ENGINE_FAILED or failures >= ENGINE_FAILURES_TO_TELL


def next_attempt(view: View, failure: Failure) -> float | None:
    """When to try again; None where only a change can help: the next attempt would be the same."""
    current = view.current
    ended = current is not None and current.has_ended and failure.incident == current.run
    if failure.reason in _ONLY_A_CHANGE_HELPS or (ended and view.spec.restart_policy is RestartPolicy.NEVER):
        return None
    if view.can_roll_back and failure.reason in GIVES_UP:
        return None
    failures = failures_in_a_row(view) + 1
    if ended and failures <= AT_ONCE and current is not None and view.container_has_served(current):
        return view.now
    return view.now + delay(failures, view.playground.metadata.uid)


def _is_untold(view: View, reason: Reason) -> bool:
    """Whether nobody has been told of such a failure since something was last asked for."""
    return view.failure is None or view.failure.reason is not reason or view.retry_is_asked_for


def failure_text(failure: Failure) -> str:
    """The failure as a person reads it: the reason and the last lines of the log."""
    if not failure.log_tail:
        return failure.message
    shown = failure.log_tail[-LOG_LINES_SHOWN:]
    return "\n".join([failure.message, "Last log lines:", *(f"  {line}" for line in shown)])


def _exit_failure(view: View, container: ObservedContainer) -> Failure:
    if container.oom_killed:
        limit = view.wanted.limits.memory // (1024 * 1024) if view.wanted else 0
        reason, text = Reason.OUT_OF_MEMORY, f"It was killed for using more than its {limit} MiB of memory."
    else:
        reason, text = Reason.CONTAINER_EXITED, f"It {exit_text(container)}."
    return _failure(
        view,
        reason,
        text,
        incident=container.run,
        exit_code=container.exit_code,
        oom_killed=container.oom_killed,
        log_tail=view.observed.log_tail,
    )


def exit_text(container: ObservedContainer) -> str:
    """`exited with code 1`, or the signal where the code stands for one (128 + signal, as shells count)."""
    code = container.exit_code
    if code is not None and 128 < code < 128 + 65:
        return f"was ended by signal {code - 128} (exit code {code})"
    return f"exited with code {code}"


def _failure(
    view: View,
    reason: Reason,
    message: str,
    *,
    incident: str,
    exit_code: int | None = None,
    oom_killed: bool = False,
    log_tail: tuple[str, ...] = (),
) -> Failure:
    return Failure(
        reason=reason,
        message=message,
        at=view.now,
        generation=view.generation,
        incident=incident,
        exit_code=exit_code,
        oom_killed=oom_killed,
        log_tail=tuple(line[:LINE_LENGTH_KEPT] for line in log_tail[-LOG_LINES_KEPT:]),
    )
