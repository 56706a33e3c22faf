"""Builds: what waiting clients look at."""

from api.resources.build import Build
from api.resources.playground import Playground


class Builds:
    """Builds."""

    def get(self, id: str) -> Build | None:
        raise NotImplementedError

    def get_with_playground(self, id: str) -> tuple[Build, Playground | None] | None:
        raise NotImplementedError

    def cancel(self, id: str, *, now: float) -> Build | None:
        raise NotImplementedError
