"""How long to wait after a failure: 1 s doubling to 5 min, spread so that many don't come back at once."""

import hashlib

FIRST = 1.0
LAST = 300.0
SPREAD = 0.2
LONGEST = LAST * (1.0 + SPREAD)
"""No wait is longer."""


def delay(failures: int, uid: str) -> float:
    """Seconds to wait after the given number of failures in a row (at least 1).

    The spread of up to 20 % is derived from the playground's uid and the count: a pure function needs no dice.
    """
    doubled = min(LAST, FIRST * 2.0 ** min(max(failures - 1, 0), 16))
    digest = hashlib.sha256(f"{uid}/{failures}".encode()).digest()
    return doubled * (1.0 + SPREAD * digest[0] / 255.0)
