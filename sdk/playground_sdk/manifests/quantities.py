"""Quantities as people write them: cores (``500m``), bytes (``2Gi``), durations (``8h``).

The server reads them by the same rules; a test asks both.
"""

import re
from decimal import Decimal

__all__ = ["parse_bytes", "parse_cpu", "parse_duration"]

_CPU = re.compile(r"(?P<number>\d{1,6}(?:\.\d{1,3})?)(?P<milli>m?)", re.ASCII)
_BYTES = re.compile(r"(?P<number>\d{1,15}(?:\.\d{1,3})?)(?P<unit>[A-Za-z]*)", re.ASCII)
_DURATION = re.compile(r"(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9}(?:\.\d{1,3})?)s)?", re.ASCII)
_SECONDS = (86_400, 3_600, 60, 1)
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_UNITS |= {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
# How units are misspelt: in another case, or with the B of bytes.
_MEANT = {f"{unit}{end}".lower(): unit for end in ("b", "") for unit in _UNITS if unit or end}


def parse_cpu(value: str | float) -> float:
    """Cores: ``"1"``, ``"0.5"``, ``"500m"`` (thousandths), or a number.

    Raises:
        ValueError: it is none, or no more than nothing; the message says what is expected.
    """
    found = _CPU.fullmatch(str(value))
    if found is None or (found["milli"] and "." in found["number"]):
        raise ValueError(f"cores are written as 1, 0.5 or 500m, and not {str(value)[:40]!r}")
    cores = float(Decimal(found["number"]) / (1000 if found["milli"] else 1))
    if cores <= 0:
        raise ValueError("it takes more than no cores at all")
    return cores


def parse_bytes(value: str | int) -> int:
    """Bytes: a whole number, or one with a unit: Ki, Mi, Gi, Ti (powers of 1024), k, M, G, T (of 1000).

    Raises:
        ValueError: it is none; the message says what is expected, and where it can what was meant.
    """
    found = _BYTES.fullmatch(str(value))
    unit = found["unit"] if found else ""
    if found is None or unit not in _UNITS:
        meant = _MEANT.get(unit.lower())
        hint = f"; did you mean {found['number']}{meant}?" if found and meant is not None else ""
        raise ValueError(f"bytes are written as 512Mi, 2Gi or 1000000, and not {str(value)[:40]!r}{hint}")
    size = Decimal(found["number"]) * _UNITS[unit]
    if size != int(size) or size >= 2**63:
        raise ValueError(f"{str(value)[:40]!r} is no whole number of bytes that a machine could have")
    return int(size)


def parse_duration(value: str) -> float:
    """Seconds: ``60s``, ``90m``, ``8h``, ``1d``, or several in that order: ``1h30m``.

    Raises:
        ValueError: it is none; the message says what is expected.
    """
    found = _DURATION.fullmatch(value)
    if found is None or not any(found.groups()):
        hint = f"; did you mean {value}s?" if re.fullmatch(r"[0-9]{1,9}", value) else ""
        raise ValueError(f"a duration is written as 60s, 15m, 8h or 1h30m, and not {value[:40]!r}{hint}")
    parts = zip(found.groups(), _SECONDS, strict=True)
    return float(sum(Decimal(number) * unit for number, unit in parts if number))
