"""The ordered first-match table of situations.

One small function for each: it returns what follows from the situation, or None when it is not this one. The order is
the meaning: a function may rely on all those above it having declined. So: nothing destructive is planned from what
could not be seen (`unknown` is first); deletion beats everything else that is wanted; the image is there before a
container of an older spec is stopped; and the older container is removed only when the newer one serves.
"""

from collections.abc import Callable

from api.resources.conditions import Reason
from api.resources.playground import RestartPolicy
from api.resources.quantities import format_duration
from controller.domain.actions import (
    Action,
    CancelBuild,
    CreateContainer,
    ExpirePlayground,
    ForgetPlayground,
    RemoveContainer,
    ReserveHostPort,
    RestartContainer,
    StartBuild,
    StartContainer,
    StopContainer,
)
from controller.domain.observed import BuildEnded, ContainerState, ObservedContainer, Unknown
from controller.domain.plan import Plan, Situation
from controller.planner.view import View

UNKNOWN_PAUSE = 1.0
REMOVING_PAUSE = 0.2
BUILD_PAUSE = 1.0
EARLY_PROBE_PAUSE = 0.05
PROBE_PAUSE = 0.25
EARLY = 3.0
FAILING_PROBE_PAUSE = 1.0
INTERRUPTED_BUILD_PAUSE = 5.0
"""Between a build of which nobody knows how it ended (the engine went away) and the next one."""
RETURN_PAUSE = 30.0
"""Between the end of an older container that was put back and its next start."""


def unknown(view: View) -> Plan | None:
    """Something that the decision needs could not be seen: do nothing, look again."""
    seen = (view.observed.containers, view.observed.image, view.observed.taken_ports)
    if any(isinstance(part, Unknown) for part in seen):
        return Plan(Situation.UNKNOWN, look_again=view.now + UNKNOWN_PAUSE)
    return None


def gone(view: View) -> Plan | None:
    """Deletion was asked for and nothing is left: the row goes last."""
    if view.deleting and not view.containers and view.build_in_progress is None:
        return Plan(Situation.GONE, (ForgetPlayground("deletion was asked for and no container is left"),))
    return None


def finalizing(view: View) -> Plan | None:
    """Deletion was asked for and there is still something of it."""
    if not view.deleting:
        return None
    cause = "deletion was asked for"
    cancel = _cancel_build(view, cause)
    removals = tuple(
        RemoveContainer(c.id, c.name, cause) for c in view.containers if c.state is not ContainerState.REMOVING
    )
    return Plan(Situation.FINALIZING, (*cancel, *removals), look_again=view.now + REMOVING_PAUSE)


def expired(view: View) -> Plan | None:
    """Its time to live is over: ask for its deletion, as a person would."""
    if view.expires_at is None or view.expires_at > view.now:
        return None
    cause = f"its time to live, {format_duration(view.spec.ttl or 0)} after its last change, is over"
    return Plan(Situation.EXPIRED, (ExpirePlayground(cause),))


def duplicated(view: View) -> Plan | None:
    """More containers carry this key than the wanted one and the one it replaces."""
    if not view.surplus:
        return None
    cause = "another container of this playground is kept"
    return Plan(Situation.DUPLICATED, tuple(RemoveContainer(c.id, c.name, cause) for c in view.surplus))


def running_unwanted(view: View) -> Plan | None:
    """It shall be stopped and something of it is up."""
    if not view.stop_wanted:
        return None
    stops = tuple(StopContainer(c.id, c.name, "it is wanted stopped") for c in view.containers if c.is_up)
    actions: tuple[Action, ...] = (*_cancel_build(view, "it is wanted stopped"), *stops)
    return Plan(Situation.RUNNING_UNWANTED, actions) if actions else None


def stopped(view: View) -> Plan | None:
    """It shall be stopped, and is."""
    return Plan(Situation.STOPPED) if view.stop_wanted else None


def image_not_allowed(view: View) -> Plan | None:
    """The spec names an image that the operator does not allow (any more): nothing of it may run."""
    if view.image_is_allowed:
        return None
    stops = tuple(StopContainer(c.id, c.name, "its image is not allowed") for c in view.containers if c.is_up)
    return Plan(Situation.IMAGE_NOT_ALLOWED, stops)


def secrets_missing(view: View) -> Plan | None:
    """The spec refers to a secret that nobody has set: what runs is left alone, nothing new is made."""
    return Plan(Situation.SECRETS_MISSING) if view.missing_secrets else None


def port_needed(view: View) -> Plan | None:
    """No port is reserved yet: before the container exists, so that no two ever get the same."""
    if not view.needs_port:
        return None
    assert not isinstance(view.observed.taken_ports, Unknown)
    required = view.spec.wanted_port
    if required is not None:
        avoid = view.observed.taken_ports - {c.host_port for c in view.containers if c.is_up}
        return Plan(Situation.PORT_NEEDED, (ReserveHostPort(avoid, f"port {required} is wanted", required=required),))
    prefer = view.previous.host_port if view.previous else None
    cause = "no port is reserved yet" if prefer is None else f"the container that is there has port {prefer}"
    return Plan(Situation.PORT_NEEDED, (ReserveHostPort(view.observed.taken_ports, cause, prefer=prefer),))


def superseded_build(view: View) -> Plan | None:
    """An image is being built that is not the wanted one any more."""
    if view.build_in_progress is None or view.build_in_progress.image == view.image:
        return None
    return Plan(Situation.SUPERSEDED_BUILD, _cancel_build(view, f"generation {view.generation} wants {view.image}"))


def building(view: View) -> Plan | None:
    """The wanted image is being built."""
    if view.current is None and view.build_in_progress is not None:
        return Plan(Situation.BUILDING, look_again=view.now + BUILD_PAUSE)
    return None


def build_failed(view: View) -> Plan | None:
    """The build of the wanted image has failed, and that is news."""
    if view.current is None and view.image_is_absent and view.build_failure is not None:
        return Plan(Situation.BUILD_FAILED)
    return None


def image_backing_off(view: View) -> Plan | None:
    """The image is not there, the last attempt failed, and the next one is not due."""
    if view.current is None and view.image_is_absent and view.is_backing_off:
        return Plan(Situation.IMAGE_BACKING_OFF, look_again=view.status.next_attempt_at)
    return None


def image_missing(view: View) -> Plan | None:
    """The image is not there, and it is not one that we build."""
    if view.current is None and view.image_is_absent and view.spec.plugin is None:
        return Plan(Situation.IMAGE_MISSING)
    return None


def build_needed(view: View) -> Plan | None:
    """The image is not there and can be built."""
    if view.current is not None or not view.image_is_absent or view.spec.plugin is None:
        return None
    cause = "the image is not there"
    last = view.observed.build
    if isinstance(last, BuildEnded) and last.image == view.image and last.error is None:
        again_at = last.ended_at + INTERRUPTED_BUILD_PAUSE
        if again_at > view.now and last.ended_at > view.last_asked_at:
            return Plan(Situation.BUILD_NEEDED, look_again=again_at)
    return Plan(
        Situation.BUILD_NEEDED,
        (StartBuild(view.image, view.spec.plugin.digest, view.generation, cause),),
        look_again=view.now + BUILD_PAUSE,
    )


def removing(view: View) -> Plan | None:
    """The engine is taking the wanted container away: wait until it is gone, its name is still taken."""
    if view.current is not None and view.current.state is ContainerState.REMOVING:
        return Plan(Situation.REMOVING, look_again=view.now + REMOVING_PAUSE)
    return None


def obsolete(view: View) -> Plan | None:
    """An older container that never ran, or has a port that is no longer ours: nothing to go back to."""
    previous = view.previous
    if previous is None or previous.is_up or view.can_roll_back:
        return None
    cause = "it is of an older spec and could not serve again"
    return Plan(Situation.OBSOLETE, (RemoveContainer(previous.id, previous.name, cause),))


def restart_wanted(view: View) -> Plan | None:
    """A restart was asked for after the container had started."""
    current = view.current
    if current is None or not current.is_up or view.restart_requested_at <= (current.started_at or 0.0):
        return None
    return Plan(Situation.RESTART_WANTED, (RestartContainer(current.id, current.name, "a restart was asked for"),))


def replaced(view: View) -> Plan | None:
    """The wanted container serves: the one it replaces can go."""
    if view.current is None or not view.current.is_up or not view.is_ready or view.previous is None:
        return None
    cause = f"{view.current.name} serves in its place"
    return Plan(Situation.REPLACED, (RemoveContainer(view.previous.id, view.previous.name, cause),))


def serving(view: View) -> Plan | None:
    """As wanted, and the probe says it serves. Settled."""
    if view.current is not None and view.current.is_up and view.is_ready:
        return Plan(Situation.SERVING, look_again=view.now + view.policy.liveness_interval)
    return None


def starting(view: View) -> Plan | None:
    """It is up, has not served yet, and there is time left."""
    current = view.current
    if current is None or not current.is_up or view.has_served(current):
        return None
    age = view.now - (current.started_at or view.now)
    if age >= view.readiness_timeout:
        return None
    pause = EARLY_PROBE_PAUSE if age < EARLY else PROBE_PAUSE
    return Plan(Situation.STARTING, look_again=view.now + pause)


def start_timed_out(view: View) -> Plan | None:
    """It is up and has not served in time: stop it, and put the older one back where there is one."""
    current = view.current
    if current is None or not current.is_up or view.has_served(current):
        return None
    cause = f"it did not serve within {view.readiness_timeout:g} s"
    stop = StopContainer(current.id, current.name, cause)
    return Plan(Situation.START_TIMED_OUT, (stop, *_roll_back(view)))


def failing_probes(view: View) -> Plan | None:
    """It has served, and now a few probes in a row have failed: not yet too many."""
    current = view.current
    if current is None or not current.is_up or view.status.probe_failures + 1 >= view.policy.liveness_failures:
        return None
    return Plan(Situation.FAILING_PROBES, look_again=view.now + FAILING_PROBE_PAUSE)


def unhealthy(view: View) -> Plan | None:
    """Too many probes in a row have failed: restart it in place, with back-off."""
    current = view.current
    if current is None or not current.is_up:
        return None
    if view.is_news(current.run):
        return Plan(Situation.UNHEALTHY)
    if view.is_backing_off:
        return Plan(Situation.UNHEALTHY, look_again=view.status.next_attempt_at)
    cause = f"{view.policy.liveness_failures} probes in a row have failed"
    return Plan(Situation.UNHEALTHY, (RestartContainer(current.id, current.name, cause),))


def completed(view: View) -> Plan | None:
    """It ended by itself, and its restart policy leaves it at that."""
    current = view.current
    if current is None or not current.has_ended or not view.ended_on_its_own(current):
        return None
    policy = view.spec.restart_policy
    if policy is RestartPolicy.NEVER or (policy is RestartPolicy.ON_FAILURE and current.exit_code == 0):
        return Plan(Situation.COMPLETED)
    return None


def crashed(view: View) -> Plan | None:
    """It ended by itself, and that is news: tell why before anything else is done to it."""
    current = view.current
    if current is None or not current.has_ended or not view.ended_on_its_own(current):
        return None
    never_served = not view.has_served(current)
    return Plan(Situation.CRASHED, _roll_back(view) if never_served else ())


def rolled_back(view: View) -> Plan | None:
    """The new spec has failed and the older container serves again: leave it so until something new is asked for."""
    if view.failure is None or view.previous is None or not view.is_given_up or view.retry_is_asked_for:
        return None
    if view.current is None or view.has_served(view.current):
        return None
    if view.previous.is_up:
        return Plan(Situation.ROLLED_BACK, look_again=view.now + view.policy.liveness_interval)
    again_at = (view.previous.finished_at or 0.0) + RETURN_PAUSE
    if (view.previous.started_at or 0.0) > view.failure.at and again_at > view.now:
        return Plan(Situation.ROLLED_BACK, look_again=again_at)  # it has been put back, and it ends, too
    return Plan(Situation.ROLLED_BACK, _roll_back(view))


def backing_off(view: View) -> Plan | None:
    """The last attempt failed and the next one is not due."""
    if view.is_backing_off:
        return Plan(Situation.BACKING_OFF, look_again=view.status.next_attempt_at)
    return None


def outdated(view: View) -> Plan | None:
    """Only a container of an older spec is there, and the new image is: replace it on the same port."""
    if view.current is not None or view.previous is None:
        return None
    assert view.wanted is not None
    cause = f"generation {view.generation} differs from {view.previous.name}"
    create = CreateContainer(view.wanted, cause)
    start = StartContainer(view.wanted.name, view.wanted.name, cause)
    return Plan(Situation.OUTDATED, (create, *_stop_previous(view), start))


def missing(view: View) -> Plan | None:
    """There is no container."""
    if view.current is not None:
        return None
    assert view.wanted is not None
    cause = "there is no container"
    create = CreateContainer(view.wanted, cause)
    return Plan(Situation.MISSING, (create, StartContainer(view.wanted.name, view.wanted.name, cause)))


def not_started(view: View) -> Plan | None:
    """The wanted container is there and not up: start it. What is left when all others have declined."""
    current = view.current
    assert current is not None
    if current.state is ContainerState.DEAD:
        cause = "the engine could not remove it whole, and will not start it"
        return Plan(Situation.NOT_STARTED, (RemoveContainer(current.id, current.name, cause),))
    cause = "it is not running" if current.has_ended else "it was created and never started"
    start = StartContainer(current.id, current.name, cause)
    return Plan(Situation.NOT_STARTED, (*_stop_previous(view), start))


def _cancel_build(view: View, cause: str) -> tuple[CancelBuild, ...]:
    build = view.build_in_progress
    return (CancelBuild(build.image, cause),) if build else ()


def _stop_previous(view: View) -> tuple[StopContainer, ...]:
    """Stop the older container right before the new one starts: the port can only be one's."""
    previous: ObservedContainer | None = view.previous
    if previous is None or not previous.is_up:
        return ()
    return (StopContainer(previous.id, previous.name, f"generation {view.generation} takes its place"),)


def _roll_back(view: View) -> tuple[StartContainer, ...]:
    """Start the older container again, where that can be done."""
    if view.previous is None or view.previous.is_up or not view.can_roll_back:
        return ()
    cause = f"{Reason.ROLLED_BACK}: generation {view.generation} has failed"
    return (StartContainer(view.previous.id, view.previous.name, cause),)


TABLE: tuple[Callable[[View], Plan | None], ...] = (
    unknown,
    gone,
    finalizing,
    expired,
    duplicated,
    running_unwanted,
    stopped,
    image_not_allowed,
    secrets_missing,
    port_needed,
    superseded_build,
    building,
    build_failed,
    image_backing_off,
    image_missing,
    build_needed,
    removing,
    obsolete,
    restart_wanted,
    replaced,
    serving,
    starting,
    start_timed_out,
    failing_probes,
    unhealthy,
    completed,
    crashed,
    rolled_back,
    backing_off,
    outdated,
    missing,
    not_started,
)
