"""The two databases. PostgreSQL runs in one container for the whole run; each test gets a copy of a migrated database.

`PLAYGROUND_TEST_POSTGRES_URL` names a server to use instead of the container: `postgresql+psycopg://user@host:port/db`.
"""

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from api.store import Store

_SERVER = "PLAYGROUND_TEST_POSTGRES_URL"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database."""
    given = os.environ.get(_SERVER)
    if given:
        yield given
        return
    # Imported here: whoever names a server needs neither Docker nor the image.
    from testcontainers.community.postgres import PostgresContainer
    from testcontainers.core.config import testcontainers_config

    from tests.images.build import ensure_postgres_image

    # Ryuk's image cannot be pulled everywhere; the fixture stops what it started.
    testcontainers_config.ryuk_disabled = True
    with PostgresContainer(ensure_postgres_image(), driver="psycopg") as container:
        yield container.get_connection_url()


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


class Databases:
    """Makes databases of one kind, and a migrated one quickly, by copying; drops what one test made."""

    def __init__(self, create: Callable[[str | None], str], drop: Callable[[str], None]) -> None:
        self._create = create
        self._drop = drop
        self._template: str | None = None
        self._made: list[str] = []

    def new(self) -> str:
        """The URL of an empty database."""
        self._made.append(self._create(None))
        return self._made[-1]

    def migrated(self) -> str:
        """The URL of a database with this version's schema."""
        if self._template is None:
            self._template = self._create(None)
            store = Store.open(self._template)
            store.migrate()
            store.close()
        self._made.append(self._create(self._template))
        return self._made[-1]

    def drop(self, *, template: bool = False) -> None:
        """Drop what was made since the last time, and the template too when asked."""
        while self._made:
            self._drop(self._made.pop())
        if template and self._template is not None:
            self._drop(self._template)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    folder = tmp_path_factory.mktemp("sqlite")

    def create(template: str | None) -> str:
        url = f"sqlite:///{folder / f'{next(_numbers)}.db'}"
        if template is not None:
            shutil.copy(str(make_url(template).database), str(make_url(url).database))
        return url

    return Databases(create, lambda _: None)  # pytest clears the folder


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[Databases]:
    server = make_url(postgres_server)

    def create(template: str | None) -> str:
        name = f"playground_{os.getpid()}_{next(_numbers)}"
        suffix = f"TEMPLATE {make_url(template).database}" if template is not None else ""
        _administer(postgres_server, f"CREATE DATABASE {name} {suffix}")
        return server.set(database=name).render_as_string(hide_password=False)

    def drop(url: str) -> None:
        _administer(postgres_server, f"DROP DATABASE {make_url(url).database} WITH (FORCE)")

    databases = Databases(create, drop)
    yield databases
    databases.drop(template=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    found: Databases = request.getfixturevalue(f"{request.param}_databases")
    yield found
    found.drop()


@pytest.fixture
def url(databases: Databases) -> str:
    """A migrated database of the test's own."""
    return databases.migrated()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    """A store on a migrated database of the test's own."""
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def second(url: str) -> Iterator[Store]:
    """Another store on the same database, as another process has it."""
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def empty(databases: Databases) -> Iterator[Store]:
    """A store on a database without tables."""
    opened = Store.open(databases.new())
    yield opened
    opened.close()


@pytest.fixture
def sqlite_path(sqlite_databases: Databases) -> Path:
    """A migrated SQLite file."""
    return Path(str(make_url(sqlite_databases.migrated()).database))
