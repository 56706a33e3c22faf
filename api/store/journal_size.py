"""How much room the journal takes, looked at without holding anybody up: outside of the write that cuts it off."""

from sqlalchemy import LargeBinary, cast, func, select, text

from api.store import tables
from api.store.database import Transaction

MAX_BYTES = 256 * 1024 * 1024
"""Of records that are kept at most, as they are stored, beside one for each playground."""
_table = tables.journal


def beyond(transaction: Transaction, max_bytes: int) -> int:
    """The newest version with which the entries since would be more than `max_bytes`; 0 where all there are fit."""
    is_sqlite = transaction.connection.dialect.name == "sqlite"
    if _room_taken(transaction, is_sqlite=is_sqlite) <= max_bytes:
        return 0
    record = _table.c.playground
    size = func.length(cast(record, LargeBinary)) if is_sqlite else func.pg_column_size(record)
    since = func.sum(size).over(order_by=_table.c.version.desc())
    sums = select(_table.c.version, since.label("since")).subquery()
    return transaction.scalar(select(func.max(sums.c.version)).where(sums.c.since > max_bytes)) or 0


def _room_taken(transaction: Transaction, *, is_sqlite: bool) -> int:
    """At most so many bytes: of the whole file, or of the table with its indexes. Known without reading a record."""
    if not is_sqlite:
        return int(transaction.scalar(select(func.pg_total_relation_size(_table.name))))
    pages, free, size = (
        int(transaction.scalar(text(f"PRAGMA {name}"))) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
