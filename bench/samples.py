"""What was measured, as values: series with their quantiles, and what is claimed of them. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least that share of all are not above (nearest rank). `values` is not empty."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True, slots=True)
class Series:
    """One thing measured again and again of one system."""

    system: str
    """`ours`, `raw engine`, or a peer's name."""
    what: str
    """What was measured, as `create to HTTP 200`; series of the same name are compared with each other."""
    unit: str
    """`s`, `ms`, `/s`, `MB`, `%`, `KB` …"""
    values: tuple[float, ...]

    @property
    def n(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def p50(self) -> float:
        """The median."""
        return quantile(self.values, 0.5)

    @property
    def p95(self) -> float:
        """What 95 of 100 do not exceed."""
        return quantile(self.values, 0.95)

    @property
    def p99(self) -> float:
        """What 99 of 100 do not exceed."""
        return quantile(self.values, 0.99)


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a mark, and whether it held in this run."""

    mark: int
    text: str
    value: float
    limit: float
    unit: str
    better: Literal["below", "above"] = "below"

    @property
    def held(self) -> bool:
        """Whether the value is on the right side of the limit, or on it."""
        return self.value <= self.limit if self.better == "below" else self.value >= self.limit


@dataclass(frozen=True, slots=True)
class Findings:
    """What a scenario found. `skipped` has the peers that were not measured, and why; `notes` what else to know."""

    series: tuple[Series, ...]
    claims: tuple[Claim, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
