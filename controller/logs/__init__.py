"""What containers and builds printed: live from the engine, and of those that are gone, from disk for a while.

Admission rule: reading, keeping and forgetting logs; no decisions about playgrounds.
"""
