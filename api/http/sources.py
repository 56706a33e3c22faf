"""Where releases that nobody uploaded come from: a folder of the operator's, or an HTTPS address made from the name.

    release_folder    <folder>/<code>/<version>.zip, or <folder>/<code>-<version>.zip
    release_url       https://host/path/{code}/{version}.zip, with the SHA-256 of the file in the header or beside it

What is fetched is checked as an upload is. From the network come only hosts that the operator names, over TLS, without
redirects, from public addresses (unless private ones are allowed), within a size and a time. The address that was
checked is the one that is spoken to: a name that answers differently a moment later changes nothing. Calls block.
"""

import hashlib
import hmac
import http.client
import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from api.archives.files import ArchiveWriter
from api.clock import Clock
from api.settings import Settings

_PIECE = 256 * 1024
_CHECKSUM = re.compile(r"[0-9a-fA-F]{64}")
_CHECKSUM_BYTES = 1024
_CONNECT = 3.0


class SourceError(Exception):
    """A source has the release and it cannot be taken from there; the text says why, without the address."""


@dataclass(frozen=True, slots=True)
class ReleaseSources:
    """The configured sources, tried in this order: folder, address."""

    settings: Settings
    clock: Clock

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return self.settings.release_folder is not None or self.settings.release_url is not None

    def fetch(self, code: str, version: str, into: ArchiveWriter) -> bool:
        """Write the release's archive; False when no source has it. Raises SourceError, ArchiveError."""
        if not _is_name(code) or not _is_name(version):
            return False
        return self._from_folder(code, version, into) or self._from_address(code, version, into)

    def _from_folder(self, code: str, version: str, into: ArchiveWriter) -> bool:
        folder = self.settings.release_folder
        if folder is None:
            return False
        for path in (folder / code / f"{version}.zip", folder / f"{code}-{version}.zip"):
            if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
                with path.open("rb") as file:
                    while piece := file.read(_PIECE):
                        into.write(piece)
                return True
        return False

    def _from_address(self, code: str, version: str, into: ArchiveWriter) -> bool:
        template = self.settings.release_url
        if template is None:
            return False
        url = template.format(code=quote(code, safe=""), version=quote(version, safe=""))
        ends_at = self.clock.monotonic() + self.settings.release_timeout
        expected = self._checksum(f"{url}.sha256", ends_at)
        if expected is None:
            return False
        digest = hashlib.sha256()
        with _Download(url, self.settings, self.clock, ends_at) as download:
            if download.status != 200:
                raise SourceError(f"The source of releases answered {download.status} for {code}@{version}.")
            for piece in download.pieces():
                digest.update(piece)
                into.write(piece)
        if not hmac.compare_digest(digest.hexdigest(), expected):
            raise SourceError(f"What the source of releases has as {code}@{version} does not have the SHA-256 it says.")
        return True

    def _checksum(self, url: str, ends_at: float) -> str | None:
        """The SHA-256 that lies beside the archive; None when there is nothing of the kind: no such release."""
        with _Download(url, self.settings, self.clock, ends_at) as download:
            if download.status == 404:
                return None
            if download.status != 200:
                raise SourceError(f"The source of releases answered {download.status} for a checksum.")
            text = b""
            for piece in download.pieces():
                text += piece
                if len(text) > _CHECKSUM_BYTES:
                    raise SourceError("The source of releases has something else than a checksum in the .sha256 file.")
        found = _CHECKSUM.match(text.decode("ascii", "replace").strip())
        if found is None:
            raise SourceError("The source of releases has something else than a checksum in the .sha256 file.")
        return found[0].lower()


class _Download:
    """One GET to an address that was looked at first. A context manager."""

    def __init__(self, url: str, settings: Settings, clock: Clock, ends_at: float) -> None:
        self._settings, self._clock, self._ends_at = settings, clock, ends_at
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        if parts.scheme != "https" or host not in settings.release_hosts:
            raise SourceError(f"The setting release_url leads to {host!r} over {parts.scheme}: see release_hosts.")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise SourceError(f"The host {host} of the source of releases has no address: {error}.") from error
        address = str(found[0][4][0])
        if not settings.release_private_addresses and not ipaddress.ip_address(address).is_global:
            raise SourceError(f"The host {host} of the source of releases has the private address {address}.")
        context = ssl.create_default_context(cafile=settings.release_ca_file)
        try:
            plain = socket.create_connection((address, port), min(_CONNECT, self._left()))
            self._connection = http.client.HTTPSConnection(host, port)
            self._socket = context.wrap_socket(plain, server_hostname=host)
            self._connection.sock = self._socket
            self._connection.request("GET", f"{parts.path}?{parts.query}".rstrip("?"), headers={"Accept": "*/*"})
            self._response = self._connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise SourceError(f"The source of releases at {host} could not be asked: {error}.") from error
        self.status = self._response.status

    def __enter__(self) -> "_Download":
        return self

    def __exit__(self, *_: object) -> None:
        self._response.close()
        self._connection.close()

    def pieces(self) -> Iterator[bytes]:
        """The body, piece by piece. Raises SourceError when it breaks off or takes too long."""
        while piece := self._read():
            yield piece

    def _read(self) -> bytes:
        """The next piece; empty at the end."""
        try:
            self._socket.settimeout(self._left())
            return self._response.read1(_PIECE)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SourceError(f"The source of releases broke off: {error}.") from error

    def _left(self) -> float:
        left = self._ends_at - self._clock.monotonic()
        if left <= 0:
            raise SourceError(f"The source of releases took longer than {self._settings.release_timeout:g} s.")
        return left


def _is_name(part: str) -> bool:
    """Whether a code or a version can be a file's name: no folder above, nothing hidden."""
    return bool(re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}", part)) and ".." not in part
