"""Since when the engine has been heard without a break."""

import math

from controller.loop.hearing import Hearing


def test_nothing_is_heard_before_it_begins_and_after_it_ends() -> None:
    hearing = Hearing()
    assert hearing.since() == math.inf
    hearing.begins(10.0)
    assert hearing.since() == 10.0
    hearing.ends(20.0)
    assert hearing.since() == math.inf
    hearing.begins(20.0)
    assert hearing.since() == 20.0


def test_an_engine_that_answers_and_will_not_be_listened_to_is_not_taken_for_dead() -> None:
    """What ends meanwhile has ended by itself, from the third refusal on."""
    hearing = Hearing()
    for refusals in (1, 2, 3, 4):
        hearing.begins(10.0 * refusals)
        assert hearing.ends(10.0 * refusals + 0.1) == refusals
        assert hearing.since() == (math.inf if refusals < 3 else 30.0)
    hearing.begins(50.0)
    assert hearing.since() == 30.0
    assert hearing.ends(100.0) == 0, "it was heard for a while"
    assert hearing.since() == math.inf


def test_an_engine_that_does_not_even_answer_is_no_refusal() -> None:
    hearing = Hearing()
    for refusals in (1, 2, 3):
        hearing.begins(10.0 * refusals)
        hearing.ends(10.0 * refusals)
    assert hearing.ends(40.0) == 0
    assert hearing.since() == math.inf
