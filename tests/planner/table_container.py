"""Rows about the container."""

from controller.planner import View
from tests.planner.constants import CREATED, DEAD, EXITED, REMOVING, RESTART, RUN, SERVED, P
from tests.planner.worlds import (
    ABSENT,
    NOT_READY,
    NOW,
    PRESENT,
    READY,
    after,
    current,
    failed,
    older,
    playground,
    view,
)

ON_FAILURE = playground(restart_policy="OnFailure")

CONTAINER_ROWS: dict[str, tuple[View, str]] = {
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
    "ended while the engine was not heard": (
        view(P, current(P, state=EXITED, finished_at=NOW - 10), heard_since=NOW - 5),
        """
        NotStarted
        [1] StartContainer current, it is not running
        """,
    ),
    "ended while the engine was not heard, under OnFailure": (
        view(ON_FAILURE, current(ON_FAILURE, state=EXITED, finished_at=NOW - 10), heard_since=NOW - 5),
        "Crashed",
    ),
    "ended since the engine is heard": (
        view(P, current(P, state=EXITED, finished_at=NOW - 10), heard_since=NOW - 15),
        "Crashed",
    ),
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
