"""Plugin releases: what content each `code@version` stands for now."""

from pydantic import JsonValue
from sqlalchemy import ColumnElement, bindparam, delete, func, insert, select, union, update

from api.resources.listing import Page
from api.resources.playground import PluginSource
from api.resources.release import PluginRelease, ReleaseChange
from api.store import rows, tables
from api.store.database import Database, Transaction
from api.store.errors import ReleaseInUse
from api.store.lookups import fits, record_id, storable
from api.store.prepared import Prepared

_table = tables.plugin_release
_NAMED = Prepared(select(_table).where(_table.c.plugin_release == bindparam("name")))


class Releases:
    """Known plugin releases. Their archives are files elsewhere, found by the digest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self,
        code: str,
        version: str,
        name: str,
        source: PluginSource,
        config: dict[str, JsonValue],
        size: int,
        *,
        now: float,
    ) -> PluginRelease:
        """Record the release, or what it stands for from now on: one that is known keeps its id.

        `size` is the archive's, in bytes.
        """
        return self.change(code, version, name, source, config, size, now=now).after

    def change(
        self,
        code: str,
        version: str,
        name: str,
        source: PluginSource,
        config: dict[str, JsonValue],
        size: int,
        *,
        now: float,
    ) -> ReleaseChange:
        """The same as `put`, told so that it can be taken back."""
        lookup = f"{code}@{version}"
        values = {
            "code": code,
            "version": version,
            "name": name,
            "digest": source.digest,
            "source": rows.as_json(source),
            "config": config,
            "size": size,
            "updated_at": now,
        }

        def work(transaction: Transaction) -> ReleaseChange:
            transaction.next_version()
            before = transaction.first(select(_table).where(_table.c.plugin_release == lookup))
            if not transaction.run(update(_table).where(_table.c.plugin_release == lookup).values(values)):
                transaction.run(insert(_table).values(**values, plugin_release=lookup, created_at=now))
            row = transaction.first(select(_table).where(_table.c.plugin_release == lookup))
            assert row is not None, "written in this transaction"
            return ReleaseChange(before=rows.to_release(before) if before else None, after=rows.to_release(row))

        return self._database.write(work)

    def take_back(self, change: ReleaseChange) -> bool:
        """Have the release be what it was before the change, or not be; False when others have come to rely on it.

        That is when it was changed since, or was new with the change and has a playground, living or finalizing.
        """
        before, after, used = change.before, change.after, tables.playground
        this = _table.c.plugin_release == after.plugin_release

        def work(transaction: Transaction) -> bool:
            transaction.next_version()  # so that no playground of it can be recorded meanwhile
            row = transaction.first(select(_table).where(this))
            if row is None or rows.to_release(row) != after:
                return False
            if before is not None:
                values = before.model_dump(include={"name", "config", "size", "updated_at"})
                values |= {"digest": before.source.digest, "source": rows.as_json(before.source)}
                return transaction.run(update(_table).where(this).values(values)) > 0
            users = select(used.c.uid).where(used.c.plugin_release == after.plugin_release).limit(1)
            if transaction.first(users) is not None:
                return False
            return transaction.run(delete(_table).where(this)) > 0

        return self._database.write(work)

    def get(self, lookup: int | str) -> PluginRelease | None:
        """The release with that id (a number, or its digits), or that `code@version`."""
        condition = _condition(lookup)
        if condition is None:
            return None
        row = self._database.read(lambda transaction: transaction.first(select(_table).where(condition)))
        return rows.to_release(row) if row else None

    def list(self, page: int, page_size: int) -> Page[PluginRelease]:
        """The page with that number (from 1), by ascending id."""

        def work(transaction: Transaction) -> Page[PluginRelease]:
            count = transaction.scalar(select(func.count()).select_from(_table))
            offset = (max(page, 1) - 1) * page_size
            found = transaction.all(select(_table).order_by(_table.c.id).limit(page_size).offset(offset))
            return Page(count, tuple(rows.to_release(row) for row in found))

        return self._database.read(work)

    def delete(self, lookup: int | str) -> bool:
        """Forget the release; False when it is not known.

        Raises:
            ReleaseInUse: while a playground, living or finalizing, is one of that release.
        """
        condition = _condition(lookup)
        if condition is None:
            return False
        used = tables.playground

        def work(transaction: Transaction) -> bool:
            transaction.next_version()  # so that no playground of it can be recorded meanwhile
            row = transaction.first(select(_table.c.id, _table.c.plugin_release).where(condition))
            if row is None:
                return False
            users = select(used.c.name).where(used.c.plugin_release == row["plugin_release"]).order_by(used.c.id)
            names = [user["name"] for user in transaction.all(users)]
            if names:
                raise ReleaseInUse(row["plugin_release"], names)
            return transaction.run(delete(_table).where(_table.c.id == row["id"])) > 0

        return self._database.write(work)

    def digests_in_use(self) -> frozenset[str]:
        """The digests of all releases and of all playgrounds' plugins: their archives must stay."""
        column = tables.playground.c.digest
        statement = union(select(_table.c.digest), select(column).where(column.is_not(None)))
        found = self._database.read(lambda transaction: transaction.all(statement))
        return frozenset(row["digest"] for row in found)


def named(transaction: Transaction, plugin_release: str) -> PluginRelease | None:
    """The release of that name, `code@version`, in a transaction."""
    row = _NAMED.first(transaction.connection, name=plugin_release) if storable(plugin_release) else None
    return rows.to_release(row) if row else None


def _condition(lookup: int | str) -> ColumnElement[bool] | None:
    number = record_id(lookup)
    if number is not None:
        return _table.c.id == number if fits(number) else None
    return _table.c.plugin_release == lookup if storable(str(lookup)) else None
