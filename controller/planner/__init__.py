"""Pure decisions: what follows from what is wanted and what was seen, at a given moment.

Admission rule: functions of values. No I/O, no clock (`now` is an argument), no randomness, no logging, no state.
"""

from controller.planner.glance import glance
from controller.planner.intent import intent
from controller.planner.next_look import goes_on, next_look
from controller.planner.planner import plan
from controller.planner.policy import Policy
from controller.planner.remedy import remedy
from controller.planner.report import report
from controller.planner.view import View

__all__ = ["Policy", "View", "glance", "goes_on", "intent", "next_look", "plan", "remedy", "report"]
