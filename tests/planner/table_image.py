"""Rows about the image."""

from api.resources.playground import PlaygroundStatus
from controller.planner import View
from tests.planner.constants import EXITED, IMAGE_ONLY, P
from tests.planner.worlds import (
    ABSENT,
    NOW,
    PRESENT,
    READY,
    after,
    building,
    built,
    current,
    failed,
    older,
    playground,
    view,
)

IMAGE_ROWS: dict[str, tuple[View, str]] = {
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
    "no image, and the older one has ended by itself": (
        view(P, older(state=EXITED, finished_at=NOW - 40), image=ABSENT, build=building(P)),
        """
        OlderDown
        [1] StartContainer older, it ended by itself, and the wanted image is not there yet
        """,
    ),
    "no image, and the older one that served has just ended": (
        view(
            playground(status=PlaygroundStatus(ready_run=older(state=EXITED).run)),
            older(state=EXITED, finished_at=NOW - 1),
            image=ABSENT,
            build=building(P),
        ),
        """
        OlderDown
        [1] StartContainer older, it ended by itself, and the wanted image is not there yet
        """,
    ),
    "no image, and the older one ends soon after each start": (
        view(P, older(state=EXITED, finished_at=NOW - 1), image=ABSENT, build=building(P)),
        "Building",
    ),
    "no image, and the older one ended before this was asked for": (
        view(P, older(state=EXITED, finished_at=NOW - 500), image=ABSENT, build=building(P)),
        "Building",
    ),
}
