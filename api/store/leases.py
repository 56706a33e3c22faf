"""Leases."""

from api.resources.desired import Claim
from api.resources.lease import Lease


class Leases:
    """Leases."""

    def acquire(self, name: str, holder: str, *, ttl: float, now: float) -> Claim | None:
        raise NotImplementedError

    def renew(self, claim: Claim, name: str, *, ttl: float, now: float) -> bool:
        raise NotImplementedError

    def release(self, claim: Claim, name: str) -> None:
        raise NotImplementedError

    def holder(self, name: str) -> Lease | None:
        raise NotImplementedError
