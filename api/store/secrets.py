"""Secrets by name: values that containers get in their environment, and that nobody is shown."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update

from api.resources.playground import PlaygroundSpec
from api.resources.secret import set_problem
from api.store import tables
from api.store.database import Database, Transaction

_table = tables.secret
_playground = tables.playground


@dataclass(frozen=True, slots=True)
class Referred:
    """What there is of the secrets that one spec refers to. Kept in memory only: a value may be guessable."""

    digests: dict[str, str]
    """The SHA-256 of the values of those that can be used, by name."""
    unusable: dict[str, str]
    """What is wrong with those that are set, and are no sets of variables where the spec takes them for one."""


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

    def referred(self, spec: PlaygroundSpec) -> Referred:
        """What there is of the secrets that the spec refers to."""
        return self._database.read(lambda transaction: referred(transaction, (spec,)))[0]

    def values(self, names: Collection[str]) -> dict[str, str]:
        """The values of those that there are."""
        return self._database.read(lambda transaction: _values(transaction, names)) if names else {}


def referred(transaction: Transaction, specs: Sequence[PlaygroundSpec]) -> tuple[Referred, ...]:
    """What there is of the secrets that each spec refers to, in the specs' order; one query for all of them."""
    values = _values(transaction, frozenset().union(*(spec.secret_names for spec in specs if spec.has_secrets)))
    return tuple(_referred(spec, values) if spec.has_secrets else NONE for spec in specs)


NONE = Referred({}, {})
"""Of a spec that refers to none."""


def _referred(spec: PlaygroundSpec, values: dict[str, str]) -> Referred:
    found = {name: values[name] for name in sorted(spec.secret_names & values.keys())}
    problems = {given.secret: set_problem(found[given.secret]) for given in spec.secret_sets if given.secret in found}
    unusable = {name: problem for name, problem in problems.items() if problem is not None}
    return Referred({name: _digest(value) for name, value in found.items() if name not in unusable}, unusable)


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogateescape")).hexdigest()


def _values(transaction: Transaction, names: Collection[str]) -> dict[str, str]:
    if not names:
        return {}
    found = transaction.all(select(_table.c.name, _table.c.value).where(_table.c.name.in_(sorted(names))))
    return {row["name"]: row["value"] for row in found}


def _wake(transaction: Transaction, name: str, version: int) -> int:
    """Mark the playgrounds that refer to the secret as changed on the desired side, as the change feed reads it."""
    found = transaction.all(select(_playground.c.uid, _playground.c.spec))
    uids = [row["uid"] for row in found if name in _named_in(row["spec"])]
    if uids:
        transaction.run(update(_playground).where(_playground.c.uid.in_(uids)).values(desired_version=version))
    return len(uids)


def _named_in(spec: dict[str, Any]) -> set[str]:
    """The secrets that a recorded spec refers to, without making a model of each record there is."""
    sets = (given["secret"] for given in spec.get("secret_sets") or ())
    return {*(spec.get("secret_envs") or {}).values(), *sets}
