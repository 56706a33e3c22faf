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

_POSTGRES_SCRIPT = """
set -e
export PATH="$(echo /usr/lib/postgresql/*/bin):$PATH"
initdb --pgdata=/tmp/data --auth=trust --no-sync --username=postgres --encoding=UTF8 --locale=C.UTF-8
echo 'host all all all trust' >> /tmp/data/pg_hba.conf
exec postgres -D /tmp/data -c listen_addresses='*' -c unix_socket_directories=/tmp -c fsync=off -c max_connections=200
"""

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server's maintenance database."""
    given = os.environ.get("PLAYGROUND_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    # Imported here: whoever runs the tests without PostgreSQL needs neither Docker nor the image.
    from testcontainers.core.config import testcontainers_config
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    from tests.images.build import ensure_postgres_image

    testcontainers_config.ryuk_disabled = (
        True  # its image cannot be pulled everywhere; the fixture stops what it started
    )
    container = (
        DockerContainer(ensure_postgres_image())
        .with_kwargs(entrypoint=["sh", "-c", _POSTGRES_SCRIPT], user="postgres")
        .with_exposed_ports(5432)
        .waiting_for(LogMessageWaitStrategy("database system is ready to accept connections"))
    )
    with container:
        yield (
            f"postgresql+psycopg://postgres@{container.get_container_host_ip()}:{container.get_exposed_port(5432)}"
            "/postgres"
        )


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


class Databases:
    """Makes databases of one kind, and a migrated one quickly, by copying."""

    def __init__(self, new: Callable[[], str], copy: Callable[[str], str]) -> None:
        self.new = new
        self._copy = copy
        self._template: str | None = None

    def migrated(self) -> str:
        """The URL of a database with this version's schema."""
        if self._template is None:
            self._template = self.new()
            store = Store.open(self._template)
            store.migrate()
            store.close()
        return self._copy(self._template)


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    folder = tmp_path_factory.mktemp("sqlite")

    def new() -> str:
        return f"sqlite:///{folder / f'{next(_numbers)}.db'}"

    def copy(template: str) -> str:
        url = new()
        shutil.copy(str(make_url(template).database), str(make_url(url).database))
        return url

    return Databases(new, copy)


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: str) -> Iterator[Databases]:
    made: list[str] = []

    def create(suffix: str = "") -> str:
        name = f"playground_{os.getpid()}_{next(_numbers)}"
        _administer(postgres_server, f"CREATE DATABASE {name} {suffix}")
        made.append(name)
        return make_url(postgres_server).set(database=name).render_as_string(hide_password=False)

    yield Databases(create, lambda template: create(f"TEMPLATE {make_url(template).database}"))
    for name in made:
        _administer(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def databases(request: pytest.FixtureRequest) -> Databases:
    found: Databases = request.getfixturevalue(f"{request.param}_databases")
    return found


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
