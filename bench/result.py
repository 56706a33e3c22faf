"""One scenario's result, with where and when it was measured, and the file that keeps the newest of each."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from bench.machine import Machine
from bench.samples import Claim, Findings, Series


@dataclass(frozen=True, slots=True)
class Result:
    """What one run of a scenario came to."""

    scenario: str
    title: str
    at: str
    """When it began, ISO 8601 in UTC."""
    took: float
    """Seconds."""
    scale: float
    machine: Machine
    findings: Findings


def save(path: Path, results: list[Result]) -> None:
    """Write the results into the file, each in the place of an older one of the same scenario."""
    kept = {result.scenario: result for result in load(path)}
    kept |= {result.scenario: result for result in results}
    _write(path, [kept[name] for name in sorted(kept)])


def forget(path: Path, scenarios: Collection[str]) -> None:
    """Drop the results of these scenarios: they are measured anew, and one that breaks has no result."""
    _write(path, [each for each in load(path) if each.scenario not in scenarios])


def load(path: Path) -> list[Result]:
    """The results in the file; none where there is no file."""
    if not path.exists():
        return []
    return [_result(each) for each in orjson.loads(path.read_bytes())]


def _write(path: Path, results: Collection[Result]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = [asdict(each) for each in results]
    path.write_bytes(orjson.dumps(_rounded(data), option=orjson.OPT_INDENT_2) + b"\n")


def _result(data: dict[str, Any]) -> Result:
    found = data["findings"]
    findings = Findings(
        series=tuple(Series(**(each | {"values": tuple(each["values"])})) for each in found["series"]),
        claims=tuple(Claim(**each) for each in found["claims"]),
        skipped=tuple((name, why) for name, why in found["skipped"]),
        notes=tuple(found["notes"]),
    )
    return Result(**(data | {"machine": Machine(**data["machine"]), "findings": findings}))


def _rounded(value: Any) -> Any:
    """The same with six significant digits: no clock here knows more."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return value
