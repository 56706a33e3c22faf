"""Since when the engine has been heard without a break."""

import math

from controller.loop.hearing import Hearing


def test_nothing_is_heard_before_it_begins_and_after_it_ends() -> None:
    hearing = Hearing()
    assert hearing.since() == math.inf
    hearing.begins(10.0)
    assert hearing.since() == 10.0
    hearing.ends()
    assert hearing.since() == math.inf
    hearing.begins(20.0)
    assert hearing.since() == 20.0
