"""Quantities as people write them: cores (`500m`), bytes (`2Gi`), durations (`8h`), and back.

Each parser raises ValueError with a sentence that says what is expected; each writer gives the shortest text that the
parser reads as the same value.
"""

import re
from decimal import Decimal

_CPU = re.compile(r"(?P<whole>\d{1,6}(?:\.\d{1,3})?)(?P<milli>m?)")
_BYTES = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,3})?)(?P<unit>[A-Za-z]*)")
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9}(?:\.\d{1,3})?)s)?")
_DECIMAL_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_UNITS = _DECIMAL_UNITS | _BINARY_UNITS
_UNIT_SECONDS = (86_400, 3_600, 60, 1)

CPU_PATTERN = r"^[0-9]{1,6}(\.[0-9]{1,3})?m?$"
BYTES_PATTERN = r"^[0-9]{1,15}(\.[0-9]{1,3})?(Ki|Mi|Gi|Ti|k|M|G|T)?$"
DURATION_PATTERN = r"^(?=[0-9])([0-9]{1,6}d)?([0-9]{1,6}h)?([0-9]{1,7}m)?([0-9]{1,9}(\.[0-9]{1,3})?s)?$"
"""The same as regular expressions, for schemas."""


def parse_cpu(text: str | int | float) -> float:
    """Cores: `"1"`, `"0.5"`, `"500m"` (thousandths), or a plain number. Raises ValueError."""
    found = _CPU.fullmatch(str(text))
    if found is None or (found["milli"] and "." in found["whole"]):
        raise ValueError(f"cores are written as 1, 0.5 or 500m, and not {str(text)[:40]!r}")
    cores = float(Decimal(found["whole"]) / (1000 if found["milli"] else 1))
    if cores <= 0:
        raise ValueError("it takes more than no cores at all")
    return cores


def format_cpu(cores: float) -> str:
    """`1`, or `500m` where it is no whole number."""
    return str(int(cores)) if cores == int(cores) else f"{round(cores * 1000)}m"


def parse_bytes(text: str | int) -> int:
    """Bytes: a whole number, or one with a unit: Ki, Mi, Gi, Ti (powers of 1024), k, M, G, T (of 1000).

    Raises ValueError.
    """
    found = _BYTES.fullmatch(str(text))
    unit = found["unit"] if found else ""
    if found is None or unit not in _UNITS:
        near = {name.lower(): name for name in _UNITS if name} | {"kb": "k", "mb": "M", "gb": "G", "tb": "T", "b": ""}
        near |= {"kib": "Ki", "mib": "Mi", "gib": "Gi", "tib": "Ti"}
        meant = near.get(unit.lower())
        hint = f"; did you mean {found['number']}{meant}?" if found and meant is not None else ""
        raise ValueError(f"bytes are written as 512Mi, 2Gi or 1000000, and not {str(text)[:40]!r}{hint}")
    size = Decimal(found["number"]) * _UNITS[unit]
    if size != int(size) or size >= 2**63:
        raise ValueError(f"{str(text)[:40]!r} is no whole number of bytes that a machine could have")
    return int(size)


def format_bytes(size: int) -> str:
    """The largest unit that divides it; binary units only, as memory comes in them."""
    for unit, factor in reversed(_BINARY_UNITS.items()):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return str(size)


def parse_duration(text: str) -> float:
    """Seconds: `60s`, `90m`, `8h`, `1d`, or several in that order: `1h30m`. Raises ValueError."""
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        hint = f"; did you mean {text}s?" if re.fullmatch(r"\d{1,9}", text) else ""
        raise ValueError(f"a duration is written as 60s, 15m, 8h or 1h30m, and not {text[:40]!r}{hint}")
    parts = zip(found.groups(), _UNIT_SECONDS, strict=True)
    return float(sum(Decimal(number) * unit for number, unit in parts if number))


def format_duration(seconds: float) -> str:
    """`8h`, `1h30m`, `90s` as `1m30s`; thousandths of a second are kept."""
    left = round(Decimal(repr(seconds)), 3)
    texts = []
    for letter, unit in zip("dhm", _UNIT_SECONDS, strict=False):
        count, left = divmod(left, unit)
        if count:
            texts.append(f"{int(count)}{letter}")
    if left or not texts:
        texts.append(f"{left:f}".rstrip("0").rstrip(".") + "s" if "." in f"{left:f}" else f"{left:f}s")
    return "".join(texts)
