"""The container: replaced, restarted, probed, given up, put back, started."""

from api.resources.playground import RestartPolicy
from controller.domain.actions import (
    CreateContainer,
    RemoveContainer,
    RestartContainer,
    StartContainer,
    StopContainer,
)
from controller.domain.observed import ContainerState, ProbeVerdict
from controller.domain.plan import Plan, Situation
from controller.domain.watch import Watch
from controller.planner.situations.steps import RETURN_PAUSE, roll_back, stop_previous
from controller.planner.view import View

REMOVING_PAUSE = 2.0
"""The engine says when it is gone; this is for when nobody heard it."""
FAILING_PROBE_PAUSE = 1.0


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
    current = view.current
    if current is None or not current.is_up or not view.is_ready:
        return None
    return serves(view, since=view.serving_since(current), began=current.started_at or view.now)


def serves(view: View, *, since: float, began: float) -> Plan:
    """The plan for one that began then and has served since then: its page is asked from now on."""
    forgiven_at = since + view.policy.healthy_period
    counts = view.failure is not None and view.status.failures > 0 and forgiven_at > view.now
    watch = _watch(view, ProbeVerdict.NOT_READY, began)
    return Plan(Situation.SERVING, look_again=forgiven_at if counts else None, watch=watch)


def starting(view: View) -> Plan | None:
    """It is up, has not served yet, and there is time left."""
    current = view.current
    if current is None or not current.is_up or view.has_served(current):
        return None
    given_up_at = (current.started_at or view.now) + view.readiness_timeout
    if view.now >= given_up_at:
        return None
    return Plan(
        Situation.STARTING,
        look_again=given_up_at,
        watch=_watch(view, ProbeVerdict.READY, current.started_at or view.now),
    )


def start_timed_out(view: View) -> Plan | None:
    """It is up and has not served in time: stop it, and put the older one back where there is one."""
    current = view.current
    if current is None or not current.is_up or view.has_served(current):
        return None
    cause = f"it did not serve within {view.readiness_timeout:g} s"
    stop = StopContainer(current.id, current.name, cause)
    return Plan(Situation.START_TIMED_OUT, (stop, *roll_back(view)))


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
    if view.spec.restart_policy is RestartPolicy.ALWAYS and view.ended_with_the_engine(current):
        return None  # no failure of its own: it is started again at once
    never_served = not view.has_served(current)
    return Plan(Situation.CRASHED, roll_back(view) if never_served else ())


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
    return Plan(Situation.ROLLED_BACK, roll_back(view))


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
    return Plan(Situation.OUTDATED, (create, *stop_previous(view), start))


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
    return Plan(Situation.NOT_STARTED, (*stop_previous(view), start))


def _watch(view: View, until: ProbeVerdict, began: float) -> Watch:
    """Ask the page of the wanted container until that answer."""
    assert view.playground.host_port is not None, "who has a current container has a port"
    return Watch(view.playground.host_port, view.spec.readiness.path, until, began)
