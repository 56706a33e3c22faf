"""Who is asking: a token turned into a name and a scope, and how fast that one may ask.

The token in the data folder is compared in constant time. The others are looked up by the digest of what was sent: how
long that takes says something of the digest, which nobody can aim at, and nothing of the token. What was found is
believed for a moment, so that many requests are one look at the records; a revoked token lives that much longer.
"""

import hmac
from dataclasses import dataclass
from functools import lru_cache

import structlog
from starlette.requests import HTTPConnection

from api.clock import Clock
from api.resources.token import ADMIN, Requester, Scope, Token, token_digest
from api.settings import Settings
from api.store import Store, StoreError

_log = structlog.get_logger(__name__)

BELIEVED = 2.0
"""Seconds."""
_NOTED_EVERY = 60.0
_MAX_KNOWN = 10_000
BURST = 2.0
"""Seconds' worth of requests that may come at once."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `limited`: whether rate and quotas hold for it."""

    name: str
    scope: Scope
    limited: bool = True


ROOT = Principal(ADMIN, Scope.ADMIN, limited=False)


@dataclass(slots=True)
class _Known:
    principal: Principal
    until: float


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Principals:
    """Tells who asks. `identify` blocks on the records; all else is for the event loop's thread alone."""

    def __init__(self, store: Store, token: str, clock: Clock, rate: float | None) -> None:
        self._store = store
        self._token = token.encode()
        self._clock = clock
        self._rate = rate
        self._known: dict[str, _Known] = {}
        self._buckets: dict[str, _Bucket] = {}

    def known(self, secret: str) -> Principal | None:
        """Who that is, as far as it can be said without a look at the records."""
        if hmac.compare_digest(secret.encode("utf-8", "surrogateescape"), self._token):
            return ROOT
        known = self._known.get(token_digest(secret))
        return known.principal if known is not None and self._clock.monotonic() < known.until else None

    def identify(self, secret: str) -> Principal | None:
        """Who that is by the records; None for nobody, or one whose token was revoked. Raises StoreError."""
        digest = token_digest(secret)
        found = self._store.tokens.find(digest)
        if found is None:
            self._known.pop(digest, None)
            return None
        self._note_use(found)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        principal = Principal(found.name, found.scope)
        self._known[digest] = _Known(principal, self._clock.monotonic() + BELIEVED)
        return principal

    def may_ask_now(self, principal: Principal) -> bool:
        """Count a request; False when there were too many of late."""
        if self._rate is None or not principal.limited:
            return True
        now, most = self._clock.monotonic(), max(1.0, self._rate * BURST)
        bucket = self._buckets.setdefault(principal.name, _Bucket(most, now))
        bucket.left = min(most, bucket.left + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.left < 1.0:
            return False
        bucket.left -= 1.0
        return True

    def _note_use(self, token: Token) -> None:
        now = self._clock.now()
        if token.last_used_at is None or now - token.last_used_at >= _NOTED_EVERY:
            try:
                self._store.tokens.used(token.name, now=now)
            except StoreError as error:  # a full disk, say: no reason to refuse who only wants to read
                _log.warning("token use not noted", token=token.name, error=str(error))


def principal_of(connection: HTTPConnection) -> Principal:
    """Who asks, as the gate found out."""
    found = connection.scope["principal"]
    assert isinstance(found, Principal)
    return found


def requester_of(connection: HTTPConnection, settings: Settings) -> Requester:
    """Who asks, for the record, and how much they may have."""
    principal = principal_of(connection)
    if not principal.limited:
        return _requester(principal.name)
    return _requester(principal.name, settings.max_playgrounds_per_token, settings.max_builds_per_token)


@lru_cache(maxsize=1024)
def _requester(name: str, max_playgrounds: int | None = None, max_builds: int | None = None) -> Requester:
    return Requester(name=name, max_playgrounds=max_playgrounds, max_builds=max_builds)
