"""Host ports: the ledger that no two playgrounds share a port in. A port is a row, unique by address and number."""

from collections.abc import Collection

from sqlalchemy import bindparam, delete, select, update

from api.resources.desired import Claim
from api.store import journal, rows, tables
from api.store.database import Database, Transaction
from api.store.errors import NoFreePort, NoSuchPlayground, PortHeld
from api.store.prepared import Prepared, Row

_table = tables.host_port
_playground = tables.playground
_OF_UID = Prepared(select(_table).where(_table.c.playground_uid == bindparam("uid")))
_AT = Prepared(select(_table.c.port).where(_table.c.address == bindparam("at")))
_INSERT = rows.numbered_insertion(_table, "id")
_EXPIRE = Prepared(
    delete(_table).where(_table.c.playground_uid.is_(None), _table.c.quarantined_until <= bindparam("now"))
)
_HOLDER = Prepared(
    select(_playground.c.name, _table.c.quarantined_until)
    .select_from(_table.outerjoin(_playground, _playground.c.uid == _table.c.playground_uid))
    .where(_table.c.address == bindparam("at"), _table.c.port == bindparam("number"))
)
_THERE = Prepared(select(_playground.c.id).where(_playground.c.uid == bindparam("uid")))
_TOUCH = Prepared(
    update(_playground).where(_playground.c.uid == bindparam("of")).values(resource_version=bindparam("version"))
)


class HostPorts:
    """Reservations and quarantines. Only the controller writes them, guarded by its claim."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reserve(
        self,
        claim: Claim,
        uid: str,
        *,
        address: str,
        candidates: range,
        avoid: Collection[int],
        wanted: int | None = None,
        required: int | None = None,
        now: float,
    ) -> int:
        """The port reserved for the playground at that address: the one it has, else a free one from now on.

        `wanted` (the port its own container publishes, say) is taken when nobody else has it, whether it is among the
        candidates or to be avoided or not; else the lowest candidate that is free and not to be avoided. A reservation
        at another address moves to this one, with its port where that is free. `required` is the one port that will do:
        a reservation of another one moves to it, or stays when it is not to be had.

        Raises:
            NoSuchPlayground: when its record is gone.
            NoFreePort: when no candidate is left.
            PortHeld: when the required port belongs to somebody else, and to whom.
            StaleClaim: when the lease went to somebody else.
        """

        def work(transaction: Transaction) -> int:
            transaction.guard(claim)
            own = _reservation(transaction, uid)
            if own is not None and own["address"] == address and required in {None, own["port"]}:
                return int(own["port"])
            version = transaction.next_version()
            if _THERE.first(transaction.connection, uid=uid) is None:
                raise NoSuchPlayground(uid)
            own = _reservation(transaction, uid)  # again: from here on nobody else writes
            if own is not None and own["address"] == address and required in {None, own["port"]}:
                return int(own["port"])
            _EXPIRE.all(transaction.connection, now=now)
            if required is not None:
                _check_free(transaction, address, required, candidates, avoid)
                port = required
            else:
                taken = {row["port"] for row in _AT.all(transaction.connection, at=address)}
                preferred = wanted if wanted is not None else own["port"] if own is not None else None
                port = _choose(address, candidates, taken, avoid, preferred)
            if own is not None:
                transaction.run(delete(_table).where(_table.c.id == own["id"]))
            values = {"address": address, "port": port, "playground_uid": uid, "quarantined_until": None}
            _INSERT.row_id(transaction.connection, **values)
            _touch(transaction, uid, version)
            return port

        return self._database.write(work)

    def release(self, claim: Claim, uid: str) -> None:
        """Give the playground's port back; it may be reserved again at once. Without one, nothing changes.

        Raises:
            StaleClaim: when the lease went to somebody else.
        """

        def work(transaction: Transaction) -> None:
            transaction.guard(claim)
            if _reservation(transaction, uid) is not None:
                version = transaction.next_version()
                transaction.run(delete(_table).where(_table.c.playground_uid == uid))
                _touch(transaction, uid, version)

        self._database.write(work)

    def quarantine(self, claim: Claim, uid: str, *, until: float, now: float) -> None:
        """End the playground's reservation; nobody gets the port before `until` (seconds since the epoch).

        For a port that something outside the ledger has taken. Without a reservation, nothing changes.

        Raises:
            StaleClaim: when the lease went to somebody else.
        """

        def work(transaction: Transaction) -> None:
            transaction.guard(claim)
            if _reservation(transaction, uid) is None:
                return
            version = transaction.next_version()
            if until > now:
                values = {"playground_uid": None, "quarantined_until": until}
                transaction.run(update(_table).where(_table.c.playground_uid == uid).values(values))
            else:
                transaction.run(delete(_table).where(_table.c.playground_uid == uid))
            _touch(transaction, uid, version)

        self._database.write(work)

    def reservations(self) -> dict[str, int]:
        """Every reserved port, by the playground's uid."""
        statement = select(_table.c.playground_uid, _table.c.port).where(_table.c.playground_uid.is_not(None))
        found = self._database.read(lambda transaction: transaction.all(statement))
        return {row["playground_uid"]: row["port"] for row in found}


def _reservation(transaction: Transaction, uid: str) -> Row | None:
    return _OF_UID.first(transaction.connection, uid=uid)


def _touch(transaction: Transaction, uid: str, version: int) -> None:
    """The port is part of the playground as it is handed out: its version moves too."""
    _TOUCH.all(transaction.connection, of=uid, version=version)
    journal.record(transaction, uid, version)


def _check_free(transaction: Transaction, address: str, port: int, candidates: range, avoid: Collection[int]) -> None:
    """Raise PortHeld, with who holds it, unless the port can be reserved."""
    if port not in candidates:
        raise PortHeld(port, f"it lies outside of the range {candidates.start}-{candidates.stop - 1}")
    held = _HOLDER.first(transaction.connection, at=address, number=port)
    if held is not None and held["name"] is not None:
        raise PortHeld(port, f"playground {held['name']} has it")
    if held is not None:
        raise PortHeld(port, "the engine refused it a moment ago, and it is left alone for a while")
    if port in avoid:
        raise PortHeld(port, "something else on this machine listens on it")


def _choose(
    address: str, candidates: range, taken: Collection[int], avoid: Collection[int], preferred: int | None
) -> int:
    if preferred is not None and preferred not in taken:
        return preferred
    for port in candidates:
        if port not in taken and port not in avoid:
            return port
    held = sum(port in taken for port in candidates)
    raise NoFreePort(
        f"No free port at {address} in {candidates.start}-{candidates.stop - 1}: {held} are reserved or in quarantine, "
        f"{len(candidates) - held} are used by others. Delete a playground, or widen the port range."
    )
