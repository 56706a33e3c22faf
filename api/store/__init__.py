"""The records: the only code that speaks SQL.

It hands out the values of `api.resources`, never rows. Admission rule: tables, transactions, and queries; no decisions
about what a playground needs.
"""

from api.resources.lease import CONTROLLER_LEASE
from api.store.errors import (
    Conflict,
    IdentityTaken,
    NameTaken,
    NoFreePort,
    NoSuchPlayground,
    PortHeld,
    PreconditionFailed,
    QuotaExceeded,
    ReleaseInUse,
    SchemaMismatch,
    StaleClaim,
    StoreError,
    StoreUnavailable,
    TokenExists,
    ValueRefused,
    VersionTooOld,
)
from api.store.store import Store

__all__ = [
    "CONTROLLER_LEASE",
    "Conflict",
    "IdentityTaken",
    "NameTaken",
    "NoFreePort",
    "NoSuchPlayground",
    "PortHeld",
    "PreconditionFailed",
    "QuotaExceeded",
    "ReleaseInUse",
    "SchemaMismatch",
    "StaleClaim",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "TokenExists",
    "ValueRefused",
    "VersionTooOld",
]
