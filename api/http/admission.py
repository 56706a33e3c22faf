"""What has let a connection in, asked again while its reply goes on: a stream ends with its token, not hours later."""

import anyio.to_thread
from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from api.http.principals import Principal, Principals
from api.store import StoreError

LOOK_EVERY = 2.0
"""Seconds after which a stream asks at the latest, also when it has nothing to say."""


class Admission:
    """One connection's token. `refusal` is cheap: all who have the same token share one look at the records."""

    def __init__(self, principals: Principals, threads: CapacityLimiter, secret: str, principal: Principal) -> None:
        self._principals = principals
        self._threads = threads
        self._secret = secret
        self._name = principal.name

    async def refusal(self) -> str | None:
        """Why the connection has to end, in a sentence; None while it may go on.

        While the records of tokens can't be read nobody is sent away: nothing is known then.
        """
        if self._principals.known(self._secret) is not None:
            return None
        try:
            if await anyio.to_thread.run_sync(self._look, limiter=self._threads) is not None:
                return None
        except StoreError:
            return None
        return f"The token {self._name!r} was revoked, and what was open with it ends."

    def _look(self) -> Principal | None:
        """In a thread: another stream may have looked while this one waited for its turn."""
        return self._principals.known(self._secret) or self._principals.identify(self._secret)


def admission_of(connection: HTTPConnection) -> Admission:
    """What let this connection in, as the gate noted it."""
    found = connection.scope["admission"]
    assert isinstance(found, Admission)
    return found
