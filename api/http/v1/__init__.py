"""The resource API under `/v1`: playgrounds as people declare them, their events, logs and releases.

The same records as the Agent contract's, in another form. Every route stands in one table (`table.py`), from which the
routes, their query checks and `openapi.json` are made.
"""
