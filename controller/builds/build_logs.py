"""The logs of image builds on disk: one file a playground, the last build's, capped in size."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.domain.garbage import KeptFile

MAX_BYTES = 4 * 1024 * 1024
MAX_LINE = 4000


class BuildLogs:
    """Files under `<data_dir>/logs/builds`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def write(self, uid: str) -> Iterator[Callable[[str], None]]:
        """Begin the playground's log anew; gives a function that takes a line. Lines over the cap are dropped."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path(uid).unlink(missing_ok=True)  # a build that is being ended may still write to the old one
        with self._path(uid).open("w", encoding="utf-8", errors="replace", buffering=1) as file:
            written = 0

            def write_line(line: str) -> None:
                nonlocal written
                text = line[:MAX_LINE] + "\n"
                written += len(text)
                if written <= MAX_BYTES:
                    file.write(text)

            yield write_line

    def tail(self, uid: str, lines: int) -> tuple[str, ...] | None:
        """The last lines of the playground's last build; None when there was none."""
        try:
            text = self._path(uid).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return None
        return tuple(text.splitlines()[-lines:]) if lines > 0 else ()

    def list(self) -> tuple[KeptFile, ...]:
        """All logs that are kept."""
        return tuple(KeptFile(file.stem, file.stat().st_mtime) for file in sorted(self._folder.glob("*.log")))

    def remove(self, uid: str) -> None:
        """Drop the playground's log."""
        self._path(uid).unlink(missing_ok=True)

    def _path(self, uid: str) -> Path:
        if not uid.isalnum():
            raise ValueError(f"{uid!r} is no playground's uid")
        return self._folder / f"{uid}.log"
