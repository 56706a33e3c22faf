"""A multipart body that streams its file from disk.

``requests`` would read the archive into memory, and name a content type for it; existing servers expect a part
``file`` with a file name and none. The body can be iterated again, so a request that was never sent can be repeated.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playground_sdk._clock import random_token
from playground_sdk.errors import UploadError

__all__ = ["CHUNK_BYTES", "MultipartBody"]

CHUNK_BYTES = 256 * 1024


class MultipartBody:
    """Text fields, in order and repeatable, and then one file.

    ``on_sent(sent, total)`` is called after every piece, with bytes of the whole body.
    ``len()`` is the exact size in bytes, so that the request carries a ``Content-Length``.
    """

    def __init__(
        self,
        fields: Sequence[tuple[str, str]],
        file: Path,
        *,
        on_sent: Callable[[int, int], None] | None = None,
        boundary: str | None = None,
    ) -> None:
        self._boundary = boundary or random_token()
        self._file = file
        self._file_size = file.stat().st_size
        self._on_sent = on_sent
        self._head = (
            b"".join(self._field(name, value) for name, value in fields)
            + (
                f"--{self._boundary}\r\n"
                f'Content-Disposition: form-data; name="file"; filename="{_quoted(file.name)}"\r\n\r\n'
            ).encode()
        )
        self._tail = f"\r\n--{self._boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        """The header that goes with the body."""
        return f"multipart/form-data; boundary={self._boundary}"

    def __len__(self) -> int:
        return len(self._head) + self._file_size + len(self._tail)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the body in pieces of at most 256 KiB.

        Raises:
            UploadError: the file is gone, or has another size than it had.
        """
        sent, total = 0, len(self)
        for piece in self._pieces():
            yield piece
            sent += len(piece)
            if self._on_sent is not None:
                self._on_sent(sent, total)

    def _pieces(self) -> Iterator[bytes]:
        yield self._head
        left = self._file_size
        try:
            with self._file.open("rb") as stream:
                while left and (piece := stream.read(min(CHUNK_BYTES, left))):
                    left -= len(piece)
                    yield piece
                grown = stream.read(1)
        except OSError as exc:
            raise UploadError(f"{self._file} can't be read any more: {exc}") from exc
        if left or grown:
            raise UploadError(f"{self._file} changed while it was being sent; send it again when it is complete.")
        yield self._tail

    def _field(self, name: str, value: str) -> bytes:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"\r\n\r\n'
        return f"{head}{value}\r\n".encode()


def _quoted(name: str) -> str:
    """Escape a name for a header as browsers do."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
