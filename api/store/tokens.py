"""Tokens by name; looked up by the digest of their secret."""

from collections.abc import Iterable

from sqlalchemy import RowMapping, insert, select, update

from api.resources.token import Scope, Token
from api.store import tables
from api.store.database import Database, Transaction
from api.store.errors import TokenExists

_table = tables.token


class Tokens:
    """The tokens that the operator has made. A revoked one stays, so that its name is not given out again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, name: str, digest: str, scope: Scope, *, now: float) -> Token:
        """Record a token. Raises TokenExists when there is or was one of that name."""
        token = Token(name=name, scope=scope, created_at=now)

        def work(transaction: Transaction) -> Token:
            if transaction.first(select(_table.c.name).where(_table.c.name == name)) is not None:
                raise TokenExists(name)
            transaction.run(insert(_table).values(name=name, digest=digest, scope=str(scope), created_at=now))
            return token

        return self._database.write(work)

    def list(self) -> tuple[Token, ...]:
        """All of them, by name."""
        return _values(self._database.read(lambda transaction: transaction.all(select(_table).order_by(_table.c.name))))

    def any_living(self) -> bool:
        """Whether there is one that has not been revoked."""
        statement = select(_table.c.name).where(_table.c.revoked_at.is_(None)).limit(1)
        return self._database.read(lambda transaction: transaction.first(statement)) is not None

    def find(self, digest: str) -> Token | None:
        """The living token with that digest."""
        statement = select(_table).where(_table.c.digest == digest).where(_table.c.revoked_at.is_(None))
        return next(iter(_values(self._database.read(lambda transaction: transaction.all(statement)))), None)

    def used(self, name: str, *, now: float) -> None:
        """Note when it was last used."""
        statement = update(_table).where(_table.c.name == name).values(last_used_at=now)
        self._database.write(lambda transaction: transaction.run(statement))

    def revoke(self, name: str, *, now: float) -> bool:
        """Let it be good for nothing from now on. False when there is none, or it was revoked before."""
        statement = update(_table).where(_table.c.name == name).where(_table.c.revoked_at.is_(None))
        return self._database.write(lambda transaction: transaction.run(statement.values(revoked_at=now))) > 0


def _values(found: Iterable[RowMapping]) -> tuple[Token, ...]:
    return tuple(Token.model_validate({name: row[name] for name in Token.model_fields}) for row in found)
