"""The loop: a queue of keys, workers that run passes, hints that wake them, a resync, and the lease.

Level-triggered: a pass looks at all that is wanted and all that is, never at what woke it. Losing every hint costs
time, never correctness.
"""
