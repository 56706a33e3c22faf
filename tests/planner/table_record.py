"""Rows that the record alone decides: unseen, deletion, duplicates, stopping, the port."""

from controller.planner import View
from tests.planner.constants import CREATED, EXITED, GOING, PAUSED, REMOVING, STOP, UNPORTED, P
from tests.planner.worlds import (
    NOW,
    READY,
    UNSEEN,
    building,
    container,
    current,
    older,
    playground,
    view,
)

RECORD_ROWS: dict[str, tuple[View, str]] = {
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
}
