"""Tokens: who may ask for what. The secret itself is shown once, when it is made, and kept nowhere."""

import hashlib
from enum import StrEnum

from pydantic import Field

from api.resources.value import Value

ADMIN = "admin"
"""The name that the token in the data folder (or the setting) goes by."""
NAME_PATTERN = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"


class Scope(StrEnum):
    """What a token is good for; each includes the ones before it."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    def covers(self, needed: "Scope") -> bool:
        """Whether it is enough for what needs `needed`."""
        return _RANKS[self] >= _RANKS[needed]


_RANKS = {scope: rank for rank, scope in enumerate(Scope)}


class Token(Value):
    """What is known of a token. Times are seconds since the epoch."""

    name: str = Field(pattern=NAME_PATTERN)
    scope: Scope
    created_at: float
    last_used_at: float | None = None
    """To the minute."""
    revoked_at: float | None = None


class Requester(Value):
    """Who asks for something to be recorded, and how much that may be in all. None: as much as they like."""

    name: str
    max_playgrounds: int | None = None
    max_builds: int | None = None
    """Open ones: requests that somebody waits for."""


def token_digest(secret: str) -> str:
    """What is kept of a token: 64 hex digits of SHA-256.

    A token is 256 random bits, which nobody finds by trying; a slow hash would protect what people think up, and cost
    every request its time.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
