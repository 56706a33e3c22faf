"""The worlds that rows of the table share."""

from controller.domain.observed import ContainerState
from tests.planner.worlds import (
    NOW,
    after,
    current,
    failed,
    playground,
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
