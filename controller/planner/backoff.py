"""How long to wait after a failure: 1 s, then four times as long each time, to 5 min; spread, so that many don't meet.

Four times, so that no minute has more than three attempts once one has failed: each costs four calls of the engine (a
start, a look at it, a look at its end, the log), and a failure that lasts shall not cost more than twelve a minute.
"""

import hashlib

FIRST = 1.0
FACTOR = 4.0
LAST = 300.0
SPREAD = 0.2
LONGEST = LAST * (1.0 + SPREAD)
"""No wait is longer."""


def delay(failures: int, uid: str) -> float:
    """Seconds to wait after the given number of failures in a row (at least 1).

    The spread of up to 20 % is derived from the playground's uid and the count: a pure function needs no dice.
    """
    grown = min(LAST, FIRST * FACTOR ** min(max(failures - 1, 0), 8))
    digest = hashlib.sha256(f"{uid}/{failures}".encode()).digest()
    return grown * (1.0 + SPREAD * digest[0] / 255.0)
