"""The engine: an interface that speaks of playgrounds, and Docker behind it. The only code that imports docker.

Admission rule: one method is one thing asked of the engine; no decisions. Errors are translated here, once.
"""
