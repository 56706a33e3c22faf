"""Leases: who may do what only one may do at a time. An epoch counts the holders, so that a late write can be told."""

from sqlalchemy import insert, select, update

from api.resources.desired import Claim
from api.resources.lease import Lease
from api.store import tables
from api.store.database import Database, Transaction

_table = tables.lease


class Leases:
    """Leases by name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def acquire(self, name: str, holder: str, *, ttl: float, now: float) -> Claim | None:
        """Take the lease for `ttl` seconds: free or expired it gets a new epoch, one's own is renewed with the same.

        None while somebody else holds it.
        """

        def work(transaction: Transaction) -> Claim | None:
            row = transaction.first(select(_table).where(_table.c.name == name).with_for_update())
            if row is None:
                # Two at once: one meets the primary key, runs again, and finds the lease taken.
                transaction.run(insert(_table).values(name=name, holder=holder, epoch=1, expires_at=now + ttl))
                return Claim(holder=holder, epoch=1)
            is_free = row["holder"] is None or row["expires_at"] <= now
            if not is_free and row["holder"] != holder:
                return None
            epoch = row["epoch"] + is_free
            values = {"holder": holder, "epoch": epoch, "expires_at": now + ttl}
            transaction.run(update(_table).where(_table.c.name == name).values(values))
            return Claim(holder=holder, epoch=epoch)

        return self._database.write(work)

    def renew(self, claim: Claim, name: str, *, ttl: float, now: float) -> bool:
        """Hold it for `ttl` seconds more; False when it went to somebody else. Expired, but not taken, is fine."""
        return self._update(claim, name, holder=claim.holder, expires_at=now + ttl)

    def release(self, claim: Claim, name: str) -> None:
        """Give it back, so that somebody else need not wait for its end. A stale claim changes nothing."""
        self._update(claim, name, holder=None, expires_at=0.0)

    def holder(self, name: str) -> Lease | None:
        """Who holds it, or held it last until it expired; None when it is free."""
        row = self._database.read(lambda transaction: transaction.first(select(_table).where(_table.c.name == name)))
        return Lease.model_validate(dict(row)) if row and row["holder"] is not None else None

    def _update(self, claim: Claim, name: str, *, holder: str | None, expires_at: float) -> bool:
        statement = (
            update(_table)
            .where(_table.c.name == name, _table.c.holder == claim.holder, _table.c.epoch == claim.epoch)
            .values(holder=holder, expires_at=expires_at)
        )
        return self._database.write(lambda transaction: transaction.run(statement)) > 0
