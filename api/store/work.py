"""The controller's side."""

from api.resources.desired import Claim, DesiredState, Report


class Work:
    """The controller's side."""

    def keys(self) -> tuple[str, ...]:
        raise NotImplementedError

    def changed_since(self, resource_version: int) -> tuple[int, tuple[str, ...]]:
        raise NotImplementedError

    def load(self, uid: str) -> DesiredState | None:
        raise NotImplementedError

    def load_all(self) -> tuple[DesiredState, ...]:
        raise NotImplementedError

    def report(self, claim: Claim, uid: str, report: Report, *, now: float) -> bool:
        raise NotImplementedError

    def remove(self, claim: Claim, uid: str, *, now: float) -> bool:
        raise NotImplementedError

    def prune(
        self, claim: Claim, *, tombstones_before: float, events_before: float, builds_before: float, now: float
    ) -> int:
        raise NotImplementedError
