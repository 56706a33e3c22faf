"""How often the garbage collector goes through what a controller has in memory.

A sweep over ten thousand records makes millions of values that hold nothing of each other and are gone at once, counted
by reference; going through all of them again and again for rings took as long as the sweep itself.
"""

import gc

YOUNG = 20_000
"""So many more values than before, before the collector looks at the new ones: more than a sweep has at a time."""


def settle() -> None:
    """What has been loaded by now stays, and is not gone through again; and the collector comes more seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
