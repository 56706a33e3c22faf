"""A lease: who may do what only one may do at a time, and until when."""

from api.resources.value import Value

CONTROLLER_LEASE = "controller"
"""The lease whose epoch guards every write of the controller."""


class Lease(Value):
    """A lease that somebody holds. `epoch` grows by one with every new holder."""

    name: str
    holder: str
    epoch: int
    expires_at: float
    """Seconds since the epoch."""
