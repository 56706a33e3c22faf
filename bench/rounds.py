"""A B A B: the systems take turns, so that what the machine does meanwhile meets them all alike."""

from collections.abc import Callable, Mapping
from typing import TypeVar

T = TypeVar("T")


def by_turns(
    systems: Mapping[str, Callable[[], T]],
    rounds: int,
    say: Callable[[str], None] = lambda _: None,
    every: Mapping[str, int] | None = None,
) -> dict[str, list[T]]:
    """What each system gave in each of the rounds. The order is turned round at every second one.

    `every`: systems that take part in every so-manieth round only, as they take long. `say` is told of each step. What
    a system raises ends the run: a result with a hole in it compares nothing.
    """
    given: dict[str, list[T]] = {name: [] for name in systems}
    names = list(systems)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            if number % (every or {}).get(name, 1):
                continue
            say(f"round {number + 1} of {rounds}: {name}")
            given[name].append(systems[name]())
    return given
