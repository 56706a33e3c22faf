"""Host ports."""

from collections.abc import Collection

from api.resources.desired import Claim


class HostPorts:
    """The ledger of host ports."""

    def reserve(
        self,
        claim: Claim,
        uid: str,
        *,
        address: str,
        candidates: range,
        avoid: Collection[int],
        wanted: int | None = None,
        now: float,
    ) -> int:
        raise NotImplementedError

    def release(self, claim: Claim, uid: str) -> None:
        raise NotImplementedError

    def quarantine(self, claim: Claim, uid: str, *, until: float, now: float) -> None:
        raise NotImplementedError

    def reservations(self) -> dict[str, int]:
        raise NotImplementedError
