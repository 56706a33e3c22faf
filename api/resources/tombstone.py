"""A tombstone: what is still known of a playground that was removed, so that it can be answered as `deleted`."""

from api.resources.identity import Kind
from api.resources.value import Value


class Tombstone(Value):
    """Who it was and when it went. Times are seconds since the epoch."""

    record_id: int
    """The `metadata.id` it had; never given out again."""
    uid: str
    name: str
    kind: Kind
    plugin_release: str
    model: int | None = None
    container_id: str | None = None
    container_name: str | None = None
    created_at: float
    deleted_at: float
