"""Quantiles, and claims that hold or fall."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.samples import Claim, Series, quantile

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=300)


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [(1, 0.99, 1), (2, 0.5, 1), (3, 0.5, 2), (100, 0.5, 50), (100, 0.95, 95), (100, 0.99, 99), (101, 0.99, 100)],
)
def test_a_quantile_is_one_of_the_values(count: int, share: float, expected: float) -> None:
    assert quantile([float(value) for value in range(count, 0, -1)], share) == expected


@given(VALUES)
def test_the_quantiles_are_in_order_and_the_median_is_the_median(values: list[float]) -> None:
    series = Series("ours", "it", "s", tuple(values))
    assert min(values) <= series.p50 <= series.p95 <= series.p99 <= max(values)
    assert series.p50 == statistics.median_low(values)
    assert series.n == len(values)


@pytest.mark.parametrize(
    ("value", "better", "held"),
    [(1.0, "below", True), (1.1, "below", False), (1.0, "above", True), (0.9, "above", False)],
)
def test_a_claim_holds_on_its_side_of_the_limit(value: float, better: str, held: bool) -> None:
    claim = Claim(1, "it", value, 1.0, "s", "below" if better == "below" else "above")
    assert claim.held is held
