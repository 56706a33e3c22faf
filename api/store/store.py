"""The store: one object that each process opens on the same database."""

from collections.abc import Callable
from typing import TypeVar

from api.store import schema
from api.store.builds import Builds
from api.store.database import Database, Transaction, open_database
from api.store.declared import Declared
from api.store.events import Events
from api.store.feed import ChangeFeed
from api.store.glance import Glance
from api.store.group_commit import GroupCommit
from api.store.journal import Journal
from api.store.leases import Leases
from api.store.playgrounds import Playgrounds
from api.store.ports import HostPorts
from api.store.releases import Releases
from api.store.secrets import Secrets
from api.store.statistics import StatisticsReader
from api.store.tokens import Tokens
from api.store.work import Work

T = TypeVar("T")


class Store:
    """All records, by what they are for. Synchronous and thread-safe; every method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.playgrounds = Playgrounds(database)
        self.builds = Builds(database)
        self.releases = Releases(database)
        self.ports = HostPorts(database)
        self.events = Events(database)
        self.journal = Journal(database)
        self.declared = Declared(database)
        self.statistics = StatisticsReader(database)
        self.leases = Leases(database)
        self.feed = ChangeFeed(database)
        self.tokens = Tokens(database)
        self.secrets = Secrets(database)
        self.work = Work(database)
        self._glances: list[Glance] = []
        self._groups: list[GroupCommit] = []

    @classmethod
    def open(cls, url: str) -> "Store":
        """Open `sqlite:///path` (the file is made with mode 0600, its folder too) or `postgresql+psycopg://…`.

        Nothing is migrated, and PostgreSQL is not connected to before the first call.

        Raises:
            StoreError: when the URL is neither, or the file cannot be made.
        """
        return cls(open_database(url))

    def migrate(self) -> None:
        """Bring the schema to this version, whole or not at all; safe when two processes start at once.

        Raises:
            SchemaMismatch: when the database belongs to a newer version.
        """
        schema.migrate(self._database)

    def check_schema(self) -> None:
        """Raise SchemaMismatch, a sentence that says what to run, unless the schema is this version's."""
        schema.check(self._database)

    def glance(self) -> Glance | None:
        """A new reader for an event loop; None on PostgreSQL, where no read is sure not to wait."""
        if not self._database.is_sqlite:
            return None
        self._glances.append(Glance(self._database))
        return self._glances[-1]

    def group_commit(self) -> GroupCommit | None:
        """A new writer for an event loop; None on PostgreSQL, which commits in groups by itself."""
        if not self._database.is_sqlite:
            return None
        self._groups.append(GroupCommit(self._database))
        return self._groups[-1]

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Run a work of a group in a transaction of its own. Blocks. Raises as `Database.write`."""
        return self._database.write(work)

    def close(self) -> None:
        """Close all connections. Calls that run end with an error or by themselves."""
        self.feed.close()
        for glance in self._glances:
            glance.close()
        for group in self._groups:
            group.close()
        self._database.close()
