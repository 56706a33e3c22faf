"""The garbage collector of a controller."""

import gc

from controller import heap


def test_what_is_loaded_is_not_gone_through_and_the_collector_comes_seldom() -> None:
    before = gc.get_threshold()
    try:
        heap.settle()
        assert gc.get_freeze_count() > 0
        assert gc.get_threshold() == (heap.YOUNG, *before[1:])
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
