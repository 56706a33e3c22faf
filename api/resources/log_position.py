"""Places in a log: a moment (with nanoseconds, as the engine notes it), or a number of lines of a build's log."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from api.resources.quantities import parse_duration

_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?([Zz]|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, order=True)
class LogPosition:
    """Everything after this is wanted. `nanoseconds` since the epoch; or `lines` to leave out."""

    nanoseconds: int = 0
    lines: int = 0

    def __str__(self) -> str:
        """The text that `parse_since` reads back."""
        if self.lines:
            return str(self.lines)
        whole, fraction = divmod(self.nanoseconds, 10**9)
        moment = datetime.fromtimestamp(whole, tz=UTC).isoformat().replace("+00:00", "")
        return f"{moment}.{fraction:09d}Z"


def parse_since(text: str, now: float) -> LogPosition:
    """`10m` (so long ago), a moment such as `2026-01-31T12:00:00.5Z`, or a number of lines.

    Raises ValueError with a sentence.
    """
    if re.fullmatch(r"\d{1,9}", text):
        return LogPosition(lines=int(text))
    found = _TIME.fullmatch(text)
    if found is not None:
        return LogPosition(nanoseconds=_nanoseconds(found[1], found[2] or "", found[3]))
    try:
        seconds = parse_duration(text)
    except ValueError:
        raise ValueError(
            "since is a time such as 2026-01-31T12:00:00Z, a duration such as 10m, or a number of lines"
        ) from None
    return LogPosition(nanoseconds=max(0, round((now - seconds) * 10**9)))


def _nanoseconds(moment: str, fraction: str, zone: str) -> int:
    try:
        seconds = datetime.fromisoformat(moment.upper() + zone.upper().replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{moment[:40]} is no moment of any calendar") from error
    if seconds < 0:
        raise ValueError(f"{moment[:40]} is before the first log")
    return round(seconds) * 10**9 + int(fraction.ljust(9, "0"))
