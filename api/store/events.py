"""Events."""

from api.resources.event import Event


class Events:
    """Events."""

    def list(self, playground_uid: str | None, limit: int) -> tuple[Event, ...]:
        raise NotImplementedError
