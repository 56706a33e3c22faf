"""A B, B A, A B: everybody as often, nobody always first."""

import pytest

from bench.rounds import by_turns


def test_the_systems_take_turns_and_the_order_is_turned_round() -> None:
    order: list[str] = []

    def turn(name: str) -> int:
        order.append(name)
        return len(order)

    given = by_turns({"a": lambda: turn("a"), "b": lambda: turn("b")}, 3)
    assert "".join(order) == "abbaab"
    assert given == {"a": [1, 4, 5], "b": [2, 3, 6]}


def test_who_takes_long_takes_part_less_often() -> None:
    given = by_turns({"a": lambda: 1, "b": lambda: 2}, 7, every={"b": 3})
    assert given == {"a": [1] * 7, "b": [2] * 3}


def test_progress_is_told() -> None:
    told: list[str] = []
    by_turns({"a": lambda: 1}, 2, told.append)
    assert told == ["round 1 of 2: a", "round 2 of 2: a"]


def test_what_breaks_ends_the_run() -> None:
    def broken() -> int:
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        by_turns({"a": lambda: 1, "b": broken}, 3)
