"""What was seen and what shall be done, as frozen values: observed snapshot, actions, plan, outcome.

Admission rule: no I/O, no clock, no randomness, no logging.
"""
