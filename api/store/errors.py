"""What can go wrong with the records.

    StoreError                  anything below; the text is a sentence for people
    ├── StoreUnavailable        the database does not answer or stays locked; try again later
    ├── SchemaMismatch          the tables are not those of this version; run `playground-server migrate`
    ├── ValueRefused            the database cannot hold a value (a number beyond 64 bits, a NUL in a text)
    ├── NameTaken               another living playground has the wanted name
    ├── NoSuchPlayground        the record that a port shall be reserved for is gone
    ├── NoFreePort              every port of the range is reserved, quarantined or in use
    ├── ReleaseInUse            playgrounds still use the plugin release
    └── StaleClaim              the lease went to somebody else; nothing was written

Errors of SQLAlchemy never leave the store.
"""

from collections.abc import Sequence


class StoreError(Exception):
    """The records could not be read or written."""

    retryable = False
    """Whether the same call may succeed later without anybody mending anything."""


class StoreUnavailable(StoreError):
    """The database does not answer, or stayed locked for longer than we wait."""

    retryable = True


class SchemaMismatch(StoreError):
    """The tables are missing or belong to another version."""


class ValueRefused(StoreError):
    """A value does not fit into the database."""


class NameTaken(StoreError):
    """Another living playground has that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Another playground is named {name!r}: choose another name, or delete that one first.")
        self.name = name


class NoSuchPlayground(StoreError):
    """The playground's record is gone."""

    def __init__(self, uid: str) -> None:
        super().__init__(f"There is no playground {uid} any more: its record was removed meanwhile.")
        self.uid = uid


class NoFreePort(StoreError):
    """No port is left to reserve; one may become free."""

    retryable = True


class ReleaseInUse(StoreError):
    """The plugin release cannot be deleted yet."""

    def __init__(self, plugin_release: str, names: Sequence[str]) -> None:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        super().__init__(f"The plugin release {plugin_release} is used by {shown}: delete the playgrounds first.")
        self.plugin_release = plugin_release
        self.names = tuple(names)


class StaleClaim(StoreError):
    """The claim's epoch is over: somebody else holds the lease."""

    def __init__(self, holder: str, epoch: int) -> None:
        super().__init__(f"{holder} no longer holds the controller's lease (epoch {epoch}): nothing was written.")
