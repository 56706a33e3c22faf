"""`plan(view)`: the first situation of the table that matches, and what follows from it."""

from controller.domain.plan import Plan
from controller.planner.situations import TABLE
from controller.planner.view import View


def plan(view: View) -> Plan:
    """What one pass shall do about what it sees."""
    for recognise in TABLE:
        found = recognise(view)
        if found is not None:
            return found
    raise AssertionError("the table of situations ends in one that always matches")
