"""Playgrounds as the API writes them: the desired side."""

from api.resources.listing import Page, PlaygroundFilters
from api.resources.playground import DesiredRunState, Playground
from api.resources.tombstone import Tombstone
from api.resources.wanted import Applied, WantedPlayground


class Playgrounds:
    """The desired side."""

    def apply(self, wanted: WantedPlayground, *, now: float) -> Applied:
        raise NotImplementedError

    def get(self, lookup: int | str) -> Playground | None:
        raise NotImplementedError

    def list(self, filters: PlaygroundFilters, *, page: int, page_size: int) -> Page[Playground]:
        raise NotImplementedError

    def set_run_state(self, uid: str, state: DesiredRunState, *, now: float) -> Playground | None:
        raise NotImplementedError

    def request_restart(self, uid: str, *, now: float) -> Playground | None:
        raise NotImplementedError

    def request_deletion(self, uid: str, *, now: float) -> Playground | None:
        raise NotImplementedError

    def tombstone(self, lookup: int | str) -> Tombstone | None:
        raise NotImplementedError
