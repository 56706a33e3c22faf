"""The table of situations, as text: what is wanted and seen, and the plan that follows."""

from controller.domain.observed import ContainerState
from controller.planner import View
from tests.planner.worlds import (
    ABSENT,
    NOT_READY,
    NOW,
    PRESENT,
    READY,
    UNSEEN,
    after,
    building,
    built,
    container,
    current,
    failed,
    older,
    playground,
    view,
)

EXITED, CREATED, REMOVING = ContainerState.EXITED, ContainerState.CREATED, ContainerState.REMOVING
DEAD, PAUSED = ContainerState.DEAD, ContainerState.PAUSED
P = playground()
STOP = playground(state="Stopped")
GOING = playground(deleted_at=NOW - 1)
UNPORTED = playground(port=None)
IMAGE_ONLY = playground(plugin=None, image="mine:1")
RUN = current(P).run
SERVED = playground(status=after(failed("older run"), next_in=None, ready_run=RUN, ready_since=NOW - 5))
RESTART = playground(restart_at=NOW - 5)

TABLE: dict[str, tuple[View, str]] = {
    "containers unseen": (view(P, unseen=True), "Unknown"),
    "image unseen": (view(P, image=UNSEEN), "Unknown"),
    "ports unseen": (view(UNPORTED, taken_ports=UNSEEN), "Unknown"),
    "unseen beats deletion": (view(GOING, unseen=True), "Unknown"),
    "an image that is not allowed": (view(playground(plugin=None, image="evil:1")), "ImageNotAllowed"),
    "a secret that is not set": (view(playground(secret_envs={"A": "a"})), "SecretsMissing"),
    "gone": (
        view(GOING),
        """
        Gone
        [1] ForgetPlayground, deletion was asked for and no container is left
        """,
    ),
    "gone though stopped, without a port": (
        view(playground(port=None, state="Stopped", deleted_at=NOW)),
        """
        Gone
        [1] ForgetPlayground, deletion was asked for and no container is left
        """,
    ),
    "deleted in mid-build": (
        view(GOING, build=building(GOING)),
        """
        Finalizing
        [1] CancelBuild <image>, deletion was asked for
        """,
    ),
    "deleted with all there is": (
        view(GOING, older(), current(GOING), container("third", state=CREATED), build=building("old:1")),
        """
        Finalizing
        [1] CancelBuild old:1, deletion was asked for
        [2] RemoveContainer current, deletion was asked for
        [3] RemoveContainer older, deletion was asked for
        [4] RemoveContainer third, deletion was asked for
        """,
    ),
    "deleted while the engine removes it": (view(GOING, current(GOING, state=REMOVING)), "Finalizing"),
    "its time to live is over": (
        view(playground(ttl=60.0), current(playground(ttl=60.0)), probe=READY),
        """
        Expired
        [1] ExpirePlayground, its time to live, 1m after its last change, is over
        """,
    ),
    "its time to live is not over": (
        view(playground(ttl=200.0), current(playground(ttl=200.0)), probe=READY),
        "Serving",
    ),
    "its time to live is over and it is being deleted": (
        view(playground(ttl=60.0, deleted_at=NOW - 1)),
        """
        Gone
        [1] ForgetPlayground, deletion was asked for and no container is left
        """,
    ),
    "a third container": (
        view(P, current(P), older(), container("third", "1" * 12, created_at=NOW - 999), probe=READY),
        """
        Duplicated
        [1] RemoveContainer third, another container of this playground is kept
        """,
    ),
    "two of the same spec: the one that is up is kept": (
        view(P, current(P, id="1" * 64, created_at=NOW - 99), current(P, id="2" * 64, state=EXITED), older()),
        """
        Duplicated
        [1] RemoveContainer current, another container of this playground is kept
        """,
    ),
    "a third that is being removed already": (
        view(P, current(P), older(), container("third", "1" * 12, state=REMOVING, created_at=NOW - 999), probe=READY),
        """
        Replaced
        [1] RemoveContainer older, current serves in its place
        """,
    ),
    "wanted stopped": (
        view(STOP, current(STOP), older(), build=building(STOP)),
        """
        RunningUnwanted
        [1] CancelBuild <image>, it is wanted stopped
        [2] StopContainer current, it is wanted stopped
        [3] StopContainer older, it is wanted stopped
        """,
    ),
    "wanted stopped and paused by hand": (
        view(STOP, current(STOP, state=PAUSED)),
        """
        RunningUnwanted
        [1] StopContainer current, it is wanted stopped
        """,
    ),
    "stopped": (view(STOP, current(STOP, state=EXITED)), "Stopped"),
    "stopped before there was anything": (view(playground(port=None, state="Stopped")), "Stopped"),
    "no port": (
        view(UNPORTED, taken_ports=frozenset({7860})),
        """
        PortNeeded
        [1] ReserveHostPort, no port is reserved yet
        """,
    ),
    "no port, but a container that has one": (
        view(UNPORTED, older(host_port=7900)),
        """
        PortNeeded
        [1] ReserveHostPort, the container that is there has port 7900
        """,
    ),
    "a port that is wanted": (
        view(playground(port=None, wanted_port=7900), taken_ports=frozenset({7860})),
        """
        PortNeeded
        [1] ReserveHostPort, port 7900 is wanted
        """,
    ),
    "another port than the one that is wanted": (
        view(playground(wanted_port=7900), older(), taken_ports=frozenset({7860, 7900})),
        """
        PortNeeded
        [1] ReserveHostPort, port 7900 is wanted
        """,
    ),
    "the port that is wanted": (
        view(playground(wanted_port=7860), current(playground(wanted_port=7860)), probe=READY),
        "Serving",
    ),
    "an older image is being built": (
        view(P, image=ABSENT, build=building("old:1")),
        """
        SupersededBuild
        [1] CancelBuild old:1, generation 2 wants <image>
        """,
    ),
    "an older image is being built though the wanted container serves": (
        view(P, current(P), build=building("old:1"), probe=READY),
        """
        SupersededBuild
        [1] CancelBuild old:1, generation 2 wants <image>
        """,
    ),
    "building": (view(P, image=ABSENT, build=building(P)), "Building"),
    "building while the older one serves": (view(P, older(), image=ABSENT, build=building(P)), "Building"),
    "build failed": (view(P, image=ABSENT, build=built(P, "pip failed")), "BuildFailed"),
    "build failed before this was asked for": (
        view(P, image=ABSENT, build=built(P, "pip failed", ended_at=NOW - 101)),
        """
        BuildNeeded
        [1] StartBuild <image>, the image is not there
        """,
    ),
    "build failed, yet the image came": (
        view(P, image=PRESENT, build=built(P, "pip failed")),
        """
        Missing
        [1] CreateContainer <wanted>, there is no container
        [2] StartContainer <wanted>, there is no container
        """,
    ),
    "build failure told, not due": (
        view(
            playground(status=after(failed(f"build@{NOW - 1:.6f}"))),
            image=ABSENT,
            build=built(P, "pip failed"),
        ),
        "ImageBackingOff",
    ),
    "build failure told, due": (
        view(
            playground(status=after(failed(f"build@{NOW - 1:.6f}"), next_in=0.0)),
            image=ABSENT,
            build=built(P, "pip failed"),
        ),
        """
        BuildNeeded
        [1] StartBuild <image>, the image is not there
        """,
    ),
    "nobody knows how the build ended": (view(P, image=ABSENT, build=built(P)), "BuildNeeded"),
    "nobody knows how the build ended, a while ago": (
        view(P, image=ABSENT, build=built(P, ended_at=NOW - 5)),
        """
        BuildNeeded
        [1] StartBuild <image>, the image is not there
        """,
    ),
    "an image that we do not build": (view(IMAGE_ONLY, image=ABSENT), "ImageMissing"),
    "an image that we do not build, told": (
        view(
            playground(plugin=None, image="mine:1", status=after(failed("image@1", reason="ImageMissing"))),
            image=ABSENT,
        ),
        "ImageBackingOff",
    ),
    "no image": (
        view(P, older(), image=ABSENT),
        """
        BuildNeeded
        [1] StartBuild <image>, the image is not there
        """,
    ),
    "the engine removes the wanted one": (view(P, current(P, state=REMOVING)), "Removing"),
    "an older one that never ran": (
        view(P, older(state=CREATED, started_at=None), image=PRESENT),
        """
        Obsolete
        [1] RemoveContainer older, it is of an older spec and could not serve again
        """,
    ),
    "an older one that ran on another port": (
        view(P, current(P), older(state=EXITED, host_port=7999), probe=READY),
        """
        Obsolete
        [1] RemoveContainer older, it is of an older spec and could not serve again
        """,
    ),
    "restart wanted": (
        view(RESTART, current(RESTART), probe=READY),
        """
        RestartWanted
        [1] RestartContainer current, a restart was asked for
        """,
    ),
    "restart wanted, and it started since": (
        view(RESTART, current(RESTART, started_at=NOW - 4), probe=READY),
        "Serving",
    ),
    "serving": (view(P, current(P), probe=READY), "Serving"),
    "serving though its image is gone": (view(P, current(P), probe=READY, image=ABSENT), "Serving"),
    "serving in place of an older one that runs": (
        view(P, current(P), older(), probe=READY),
        """
        Replaced
        [1] RemoveContainer older, current serves in its place
        """,
    ),
    "starting": (view(P, current(P), probe=NOT_READY), "Starting"),
    "starting, not probed": (view(P, current(P, started_at=NOW)), "Starting"),
    "not served in time": (
        view(P, current(P, started_at=NOW - 60), probe=NOT_READY),
        """
        StartTimedOut
        [1] StopContainer current, it did not serve within 60 s
        """,
    ),
    "not served in the time of the spec, and an older one can": (
        view(
            playground(readiness={"timeout": 5}),
            current(playground(readiness={"timeout": 5}), started_at=NOW - 5),
            older(state=EXITED),
            probe=NOT_READY,
        ),
        """
        StartTimedOut
        [1] StopContainer current, it did not serve within 5 s
        [2] StartContainer older, RolledBack: generation 2 has failed
        """,
    ),
    "a probe fails": (view(SERVED, current(SERVED), probe=NOT_READY), "FailingProbes"),
    "the third probe fails": (
        view(
            playground(status=SERVED.status.model_copy(update={"probe_failures": 2})), current(SERVED), probe=NOT_READY
        ),
        "Unhealthy",
    ),
    "unhealthy, told, not due": (
        view(playground(status=after(failed(RUN), ready_run=RUN, probe_failures=2)), current(P), probe=NOT_READY),
        "Unhealthy",
    ),
    "unhealthy, told, due": (
        view(
            playground(status=after(failed(RUN), next_in=0.0, ready_run=RUN, probe_failures=2)),
            current(P),
            probe=NOT_READY,
        ),
        """
        Unhealthy
        [1] RestartContainer current, 3 probes in a row have failed
        """,
    ),
    "crashed": (view(P, current(P, state=EXITED)), "Crashed"),
    "crashed before it served, and an older one can": (
        view(P, current(P, state=EXITED), older(state=EXITED)),
        """
        Crashed
        [1] StartContainer older, RolledBack: generation 2 has failed
        """,
    ),
    "crashed before it served, the older one up": (view(P, current(P, state=EXITED), older()), "Crashed"),
    "crashed after it served: the version is good": (
        view(playground(status=after(failed("x"), ready_run=RUN)), current(P, state=EXITED), older(state=EXITED)),
        "Crashed",
    ),
    "ended with 0 under Always": (view(P, current(P, state=EXITED, exit_code=0)), "Crashed"),
    "ended with 0 under OnFailure": (
        view(
            playground(restart_policy="OnFailure"),
            current(playground(restart_policy="OnFailure"), state=EXITED, exit_code=0),
        ),
        "Completed",
    ),
    "ended with 1 under OnFailure": (
        view(playground(restart_policy="OnFailure"), current(playground(restart_policy="OnFailure"), state=EXITED)),
        "Crashed",
    ),
    "ended with 1 under Never": (
        view(playground(restart_policy="Never"), current(playground(restart_policy="Never"), state=EXITED)),
        "Completed",
    ),
    "rolled back": (
        view(playground(status=after(failed(RUN), next_in=None)), current(P, state=EXITED), older()),
        "RolledBack",
    ),
    "rolled back, and the older one is down": (
        view(playground(status=after(failed(RUN), next_in=None)), current(P, state=EXITED), older(state=EXITED)),
        """
        RolledBack
        [1] StartContainer older, RolledBack: generation 2 has failed
        """,
    ),
    "rolled back, and the older one ends as well": (
        view(
            playground(status=after(failed(RUN, at=NOW - 40), next_in=None)),
            current(P, state=EXITED),
            older(state=EXITED, started_at=NOW - 39, finished_at=NOW - 29),
        ),
        "RolledBack",
    ),
    "rolled back, and the older one ended a while ago": (
        view(
            playground(status=after(failed(RUN, at=NOW - 40), next_in=None)),
            current(P, state=EXITED),
            older(state=EXITED, started_at=NOW - 39, finished_at=NOW - 30),
        ),
        """
        RolledBack
        [1] StartContainer older, RolledBack: generation 2 has failed
        """,
    ),
    "backing off": (view(playground(status=after(failed(RUN))), current(P, state=EXITED)), "BackingOff"),
    "outdated": (
        view(P, older(), image=PRESENT),
        """
        Outdated
        [1] CreateContainer <wanted>, generation 2 differs from older
        [2] StopContainer older, generation 2 takes its place
        [3] StartContainer <wanted>, generation 2 differs from older
        """,
    ),
    "outdated, and the older one is down": (
        view(P, older(state=EXITED), image=PRESENT),
        """
        Outdated
        [1] CreateContainer <wanted>, generation 2 differs from older
        [2] StartContainer <wanted>, generation 2 differs from older
        """,
    ),
    "missing": (
        view(P, image=PRESENT),
        """
        Missing
        [1] CreateContainer <wanted>, there is no container
        [2] StartContainer <wanted>, there is no container
        """,
    ),
    "created": (
        view(P, current(P, state=CREATED)),
        """
        NotStarted
        [1] StartContainer current, it was created and never started
        """,
    ),
    "created, and the older one holds the port": (
        view(P, current(P, state=CREATED), older()),
        """
        NotStarted
        [1] StopContainer older, generation 2 takes its place
        [2] StartContainer current, it was created and never started
        """,
    ),
    "ended before this was asked for": (
        view(P, current(P, state=EXITED, finished_at=NOW - 101)),
        """
        NotStarted
        [1] StartContainer current, it is not running
        """,
    ),
    "back-off over": (
        view(playground(status=after(failed(RUN), next_in=0.0)), current(P, state=EXITED)),
        """
        NotStarted
        [1] StartContainer current, it is not running
        """,
    ),
    "dead": (
        view(playground(status=after(failed(RUN), next_in=0.0)), current(P, state=DEAD)),
        """
        NotStarted
        [1] RemoveContainer current, the engine could not remove it whole, and will not start it
        """,
    ),
}
