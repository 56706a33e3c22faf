"""The calls on ``/v1/pluginreleases``: the plugins a server keeps, by release and by content."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from playground_sdk._base import ClientBase, as_object, segment
from playground_sdk._clock import Clock
from playground_sdk.http import Transport
from playground_sdk.multipart import MultipartBody
from playground_sdk.objects import ReleaseRecord

__all__ = ["PluginStore", "Pushed", "release_digest", "release_name"]

_ROOT = "v1/pluginreleases"
_PAGE = 500
_CREATED = 201


@dataclass(frozen=True, slots=True)
class Pushed:
    """A content that the server has: what it is called, its digest, and whether it had to be sent."""

    release: str
    digest: str
    outcome: Literal["created", "configured", "unchanged"]
    warnings: tuple[str, ...] = ()


class PluginStore(ClientBase):
    """A server's plugins; :attr:`playground_sdk.AgentClient.plugins` is one."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    def list(self) -> list[ReleaseRecord]:
        """All releases."""
        params: dict[str, Any] = {"limit": _PAGE}
        items: list[ReleaseRecord] = []
        while True:
            page = as_object(self._transport.request("GET", _ROOT, params=params), "The list of releases")
            items.extend(page.get("items") or [])
            if not (following := (page.get("metadata") or {}).get("continue")):
                return items
            params["continue"] = following

    def get(self, release: str) -> ReleaseRecord:
        """One release, by ``code@version``; raises NotFoundError."""
        return cast("ReleaseRecord", self._object("GET", f"{_ROOT}/{segment(release, 'A release')}"))

    def delete(self, release: str) -> None:
        """Forget a release; raises ConflictError while a playground uses it."""
        self._transport.request("DELETE", f"{_ROOT}/{segment(release, 'A release')}")

    def find(self, digest: str) -> ReleaseRecord | None:
        """A release that stands for this content now; None where there is none."""
        return next((item for item in self.list() if release_digest(item) == digest), None)

    def push(self, archive: Path, *, on_sent: Callable[[int, int], None] | None = None) -> Pushed:
        """Send a plugin's ZIP archive, streamed from disk; ``on_sent(bytes, of bytes)`` after every piece.

        Raises:
            ValidationError: the server refuses the archive; it says why.
            OSError: there is no such file.
        """
        reply = self._transport.exchange("POST", _ROOT, body=MultipartBody([], archive, on_sent=on_sent))
        record = cast("ReleaseRecord", as_object(reply.value, f"POST {_ROOT}"))
        outcome: Literal["created", "configured"] = "created" if reply.status == _CREATED else "configured"
        warnings = tuple(str(warning) for warning in record.get("warnings") or ())
        return Pushed(release_name(record), release_digest(record), outcome, warnings)


def release_name(record: ReleaseRecord) -> str:
    """``code@version`` of a release."""
    return str((record.get("metadata") or {}).get("name") or "")


def release_digest(record: ReleaseRecord) -> str:
    """The digest of the content that a release stands for now."""
    return str((record.get("spec") or {}).get("archive") or "")
