"""Secrets by name: values that containers get in their environment, and that nobody is shown."""

import hashlib
from collections.abc import Collection

from sqlalchemy import delete, insert, select, update

from api.store import tables
from api.store.database import Database, Transaction

_table = tables.secret
_playground = tables.playground


class Secrets:
    """Written by the operator, read by the controller. They are as private as the database itself is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, name: str, value: str, *, now: float) -> int:
        """Record the value, and have every playground that refers to it looked at; how many those are."""

        def work(transaction: Transaction) -> int:
            version = transaction.next_version(desired=True)
            values = {"value": value, "updated_at": now}
            if not transaction.run(update(_table).where(_table.c.name == name).values(values)):
                transaction.run(insert(_table).values(name=name, **values))
            return _wake(transaction, name, version)

        return self._database.write(work)

    def names(self) -> tuple[tuple[str, float], ...]:
        """(name, when it was last set), by name."""
        statement = select(_table.c.name, _table.c.updated_at).order_by(_table.c.name)
        return tuple((row["name"], row["updated_at"]) for row in self._database.read(lambda t: t.all(statement)))

    def delete(self, name: str) -> bool:
        """Forget it; False when there is none. Playgrounds that refer to it are looked at."""

        def work(transaction: Transaction) -> bool:
            version = transaction.next_version(desired=True)
            gone = transaction.run(delete(_table).where(_table.c.name == name)) > 0
            _wake(transaction, name, version)
            return gone

        return self._database.write(work)

    def digests(self, names: Collection[str]) -> dict[str, str]:
        """What tells one value of a secret from another, for those that there are."""
        return self._database.read(lambda transaction: digests(transaction, names))

    def values(self, names: Collection[str]) -> dict[str, str]:
        """The values of those that there are."""
        if not names:
            return {}
        statement = select(_table.c.name, _table.c.value).where(_table.c.name.in_(sorted(names)))
        return {row["name"]: row["value"] for row in self._database.read(lambda t: t.all(statement))}


def digests(transaction: Transaction, names: Collection[str]) -> dict[str, str]:
    """The SHA-256 of the values of those that there are, by name. Kept in memory only: a value may be guessable."""
    if not names:
        return {}
    found = transaction.all(select(_table.c.name, _table.c.value).where(_table.c.name.in_(sorted(names))))
    return {row["name"]: hashlib.sha256(row["value"].encode("utf-8", "surrogateescape")).hexdigest() for row in found}


def _wake(transaction: Transaction, name: str, version: int) -> int:
    """Mark the playgrounds that refer to the secret as changed on the desired side, as the change feed reads it."""
    found = transaction.all(select(_playground.c.uid, _playground.c.spec))
    uids = [row["uid"] for row in found if name in (row["spec"].get("secret_envs") or {}).values()]
    if uids:
        transaction.run(update(_playground).where(_playground.c.uid.in_(uids)).values(desired_version=version))
    return len(uids)
