"""The pace of a key: a few wishes at once, then so many a second, whatever other keys do."""

from hypothesis import given
from hypothesis import strategies as st

from controller.loop.pacing import BURST, RATE, Pacing
from tests.loop.stubs import HandClock


def test_a_few_are_looked_at_at_once_and_the_next_ones_together_a_while_later() -> None:
    clock = HandClock()
    pacing = Pacing(clock)
    assert [pacing.delay("a") for _ in range(int(BURST))] == [0.0] * int(BURST)
    assert [pacing.delay("a") for _ in range(3)] == [1 / RATE] * 3
    clock.time += 0.3 / RATE
    assert round(pacing.delay("a"), 9) == round(0.7 / RATE, 9), "the same pass"


def test_other_keys_are_not_held_up() -> None:
    pacing = Pacing(HandClock())
    assert max(pacing.delay("a") for _ in range(100)) > 0
    assert pacing.delay("b") == 0


def test_who_has_rested_may_ask_as_often_as_at_first() -> None:
    clock = HandClock()
    pacing = Pacing(clock)
    for _ in range(20):
        pacing.delay("a")
    clock.time += (BURST + 1) / RATE
    assert [pacing.delay("a") for _ in range(int(BURST))] == [0.0] * int(BURST)


@given(st.lists(st.floats(0.001, 2.0), min_size=1, max_size=200))
def test_the_passes_are_never_more_than_was_said_and_no_wish_waits_long(pauses: list[float]) -> None:
    clock = HandClock()
    pacing, passes = Pacing(clock), set()
    for pause in pauses:
        clock.time += pause
        delay = pacing.delay("a")
        assert 0 <= delay <= 1 / RATE
        passes.add(round(clock.time + delay, 6))
    assert len(passes) <= BURST + 1 + sum(pauses) * RATE


def test_what_is_kept_is_bounded_by_who_asks_now() -> None:
    clock = HandClock()
    pacing = Pacing(clock)
    for number in range(20_000):
        clock.time += 0.01
        pacing.delay(f"key-{number}")
    assert len(pacing._buckets) <= 1001
