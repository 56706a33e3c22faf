"""What can go wrong with the records.

    StoreError                  anything below; the text is a sentence for people
    ├── StoreUnavailable        the database does not answer or stays locked; try again later
    ├── SchemaMismatch          the tables are not those of this version; run `playground-server migrate`
    ├── ValueRefused            the database cannot hold a value (a number beyond 64 bits, a NUL in a text)
    ├── NameTaken               another living playground has the wanted name
    ├── IdentityTaken           another living playground is of the wanted release and model
    ├── Conflict                the record is not the one that the document was made from
    ├── PreconditionFailed      the record is not as the request demands
    ├── VersionTooOld           the changes since that version are not known any more
    ├── NoSuchPlayground        the record that a port shall be reserved for is gone
    ├── PortHeld                the one port that is wanted belongs to somebody else
    ├── NoFreePort              every port of the range is reserved, quarantined or in use
    ├── ReleaseInUse            playgrounds still use the plugin release
    ├── TokenExists             there is or was a token of that name
    ├── QuotaExceeded           the token has as much as it may have at a time
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


class IdentityTaken(StoreError):
    """Another living playground has that release and model."""

    def __init__(self, identity: str, name: str) -> None:
        super().__init__(
            f"Playground {name!r} is of the same kind, release and model ({identity}), of which there is one at most: "
            "give this one another model, or delete that one first."
        )
        self.name = name


class Conflict(StoreError):
    """The record has changed since the client read it, or is another one."""


class PreconditionFailed(StoreError):
    """What the client demands of the record does not hold."""


class VersionTooOld(StoreError):
    """The changes since a version are not known: too long ago, or of another database."""

    def __init__(self, version: int, floor: int, newest: int) -> None:
        why = (
            f"the oldest that can be gone on from is {floor}"
            if version < floor
            else f"the newest is {newest}: it is of another database"
        )
        super().__init__(f"The changes since resourceVersion {version} are not known; {why}. List anew.")
        self.version = version


class NoSuchPlayground(StoreError):
    """The playground's record is gone."""

    def __init__(self, uid: str) -> None:
        super().__init__(f"There is no playground {uid} any more: its record was removed meanwhile.")
        self.uid = uid


class NoFreePort(StoreError):
    """No port is left to reserve; one may become free."""

    retryable = True


class PortHeld(StoreError):
    """The wanted port is not to be had; it may become free."""

    retryable = True

    def __init__(self, port: int, why: str) -> None:
        super().__init__(f"Port {port} is not to be had: {why}.")
        self.port = port


class ReleaseInUse(StoreError):
    """The plugin release cannot be deleted yet."""

    def __init__(self, plugin_release: str, names: Sequence[str]) -> None:
        shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        super().__init__(f"The plugin release {plugin_release} is used by {shown}: delete the playgrounds first.")
        self.plugin_release = plugin_release
        self.names = tuple(names)


class TokenExists(StoreError):
    """The name of a token is taken, for good."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is or was a token named {name!r}: choose another name.")


class QuotaExceeded(StoreError):
    """A token has as much as it may have."""

    def __init__(self, name: str, most: int, what: str, mend: str) -> None:
        super().__init__(f"The token {name!r} has {most} {what}, as many as it may have. {mend}")


class StaleClaim(StoreError):
    """The claim's epoch is over: somebody else holds the lease."""

    def __init__(self, holder: str, epoch: int) -> None:
        super().__init__(f"{holder} no longer holds the controller's lease (epoch {epoch}): nothing was written.")
