"""The ordered first-match table of situations.

One small function for each: it returns what follows from the situation, or None when it is not this one. The order is
the meaning: a function may rely on all those above it having declined. So: nothing destructive is planned from what
could not be seen (`unknown` is first); deletion beats everything else that is wanted; the image is there before a
container of an older spec is stopped; and the older container is removed only when the newer one serves.
"""

from collections.abc import Callable

from controller.domain.plan import Plan
from controller.planner.situations.container import (
    backing_off,
    completed,
    crashed,
    failing_probes,
    missing,
    not_started,
    obsolete,
    outdated,
    removing,
    replaced,
    restart_wanted,
    rolled_back,
    serving,
    start_timed_out,
    starting,
    unhealthy,
)
from controller.planner.situations.image import (
    build_failed,
    build_needed,
    building,
    image_backing_off,
    image_missing,
    older_down,
    superseded_build,
)
from controller.planner.situations.record import (
    duplicated,
    expired,
    finalizing,
    gone,
    image_not_allowed,
    port_needed,
    running_unwanted,
    secrets_missing,
    stopped,
    unknown,
)
from controller.planner.view import View

__all__ = [
    "TABLE",
    "backing_off",
    "build_failed",
    "build_needed",
    "building",
    "completed",
    "crashed",
    "duplicated",
    "expired",
    "failing_probes",
    "finalizing",
    "gone",
    "image_backing_off",
    "image_missing",
    "image_not_allowed",
    "missing",
    "not_started",
    "obsolete",
    "older_down",
    "outdated",
    "port_needed",
    "removing",
    "replaced",
    "restart_wanted",
    "rolled_back",
    "running_unwanted",
    "secrets_missing",
    "serving",
    "start_timed_out",
    "starting",
    "stopped",
    "superseded_build",
    "unhealthy",
    "unknown",
]

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
    older_down,
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
