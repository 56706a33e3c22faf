"""The base of every resource: a frozen pydantic model that refuses unknown fields."""

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value: compared by content, changed only by `model_copy(update=…)`."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def timestamp(seconds: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC with milliseconds and `Z`, the form on the wire (RFC 3339)."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
