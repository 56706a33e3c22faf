"""A result is kept as it was measured, and shown with its ratios, its claims and what was left out."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench import plots, report, result
from bench.machine import Machine
from bench.marks import MARKS
from bench.samples import Claim, Findings, Series
from bench.scenarios import SCENARIOS

MACHINE = Machine(2, 23.5, "6.1", "3.11.7", "Docker Engine 20.10", "0.1.0", 0.25)
FINDINGS = Findings(
    series=(
        Series("ours", "create", "s", (0.1, 0.2, 0.3)),
        Series("raw engine", "create", "s", (0.1,)),
        Series("ours", "size", "MB", (12.5,)),
    ),
    claims=(Claim(2, "to raw", 2.0, 1.05, "×"), Claim(1, "to the limit", 0.2, 0.25, "s")),
    skipped=(("podman", "it is not installed"),),
    notes=("A note.",),
)
RESULT = result.Result("one", "One of it", "2026-01-02 03:04 UTC", 12.3, 1.0, MACHINE, FINDINGS)


def test_the_file_keeps_the_newest_of_each_scenario(tmp_path: Path) -> None:
    path = tmp_path / "new" / "results.json"
    assert result.load(path) == []
    other = replace(RESULT, scenario="other")
    result.save(path, [RESULT, other])
    newer = replace(RESULT, took=1.5)
    result.save(path, [newer])
    assert result.load(path) == [newer, other]


def test_what_is_measured_anew_is_forgotten_first(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    result.forget(path, {"one"})
    other = replace(RESULT, scenario="other")
    result.save(path, [RESULT, other])
    result.forget(path, {"one"})
    assert result.load(path) == [other]


def test_what_is_kept_has_six_digits(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    result.save(path, [replace(RESULT, took=1.23456789)])
    assert result.load(path)[0].took == 1.23457


def test_the_tables_say_all_of_it() -> None:
    shown = report.tables(RESULT)
    assert "| create | ours | s | 3 | 0.200 | 0.300 | 0.300 |  |" in shown
    assert "| create | raw engine | s | 1 | 0.100 | 0.100 | 0.100 | 0.500 × |" in shown
    assert "| size | ours | MB | 1 | 12.5 | 12.5 | 12.5 |  |" in shown
    assert "Not measured: podman (it is not installed)." in shown
    assert "A note." in shown
    assert "load before 0.25" in shown
    assert "scale" not in shown


def test_a_part_of_the_rounds_is_said_to_be_one() -> None:
    assert "at scale 0.1" in report.tables(replace(RESULT, scale=0.1))


def test_claims_come_in_the_order_of_the_marks() -> None:
    lines = report.claims([RESULT]).splitlines()[2:]
    assert lines == [
        "| 1 | to the limit | 0.200 s | ≤ 0.250 s | yes | one |",
        "| 2 | to raw | 2.00 × | ≤ 1.05 × | **no** | one |",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.01234, "0.012"), (1.234, "1.23"), (12.34, "12.3"), (123.4, "123"), (12345.6, "12,346")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    assert report.number(value) == shown


def test_a_plot_is_the_same_whenever_it_is_drawn(tmp_path: Path) -> None:
    first, second = plots.draw(RESULT, tmp_path / "a"), plots.draw(RESULT, tmp_path / "b")
    assert first.name == "one.svg"
    assert first.read_bytes() == second.read_bytes()
    assert all(word in first.read_text() for word in ("One of it", "create (s)", "size (MB)", "ours", "raw engine"))


def test_every_scenario_is_called_by_its_name_and_names_marks_that_there_are() -> None:
    for name, scenario in SCENARIOS.items():
        assert scenario.name == name
        assert scenario.marks
        assert set(scenario.marks) <= MARKS.keys()
