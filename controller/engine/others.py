"""Everybody's containers on the engine, as far as a list tells of them: for an operator who wants them shown."""

from contextlib import closing

from controller.domain.observed import StrangersContainer
from controller.engine.connect import connect
from controller.engine.translate import translated

LABEL_CONTROLLER = "playground.controller"
_OWN_ID = 12
"""Characters of the id that a container without a name is called by."""


class OtherContainers:
    """Those without our controller's label. Asked seldom: each question has a connection of its own."""

    def __init__(self, docker_host: str | None, controller_id: str, timeout: float) -> None:
        self._docker_host = docker_host
        self._controller_id = controller_id
        self._timeout = timeout

    def listing(self) -> tuple[StrangersContainer, ...]:
        """All of them, running or not, the newest first. Raises EngineError."""
        with translated("list containers"), closing(connect(self._docker_host, self._timeout)) as api:
            rows = api.containers(all=True)
        return tuple(
            StrangersContainer(
                id=row["Id"],
                name=(row["Names"] or [row["Id"][:_OWN_ID]])[0].lstrip("/"),
                image=row["Image"],
                status=row["State"],
            )
            for row in rows
            if (row["Labels"] or {}).get(LABEL_CONTROLLER) != self._controller_id
        )
