"""The store: one object that both processes open on the same database."""

from api.store.builds import Builds
from api.store.events import Events
from api.store.feed import ChangeFeed
from api.store.leases import Leases
from api.store.playgrounds import Playgrounds
from api.store.ports import HostPorts
from api.store.releases import Releases
from api.store.work import Work


class Store:
    """All records."""

    playgrounds: Playgrounds
    builds: Builds
    releases: Releases
    ports: HostPorts
    events: Events
    leases: Leases
    feed: ChangeFeed
    work: Work

    @classmethod
    def open(cls, url: str) -> "Store":
        raise NotImplementedError

    def migrate(self) -> None:
        raise NotImplementedError

    def check_schema(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError
