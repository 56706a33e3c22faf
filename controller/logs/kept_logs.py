"""Logs of containers that are gone: files, capped in size, number and age.

`<folder>/<uid>/<when it was kept, ns>-<container>.log`; each line begins with its time. Nothing here may stop what is
done to a container: what cannot be kept is told in the controller's log.
"""

import shutil
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from api.clock import Clock
from api.resources.log_position import LogPosition, parse_since
from controller.engine.errors import EngineError
from controller.logs.lines import ContainerLogs, LogLine, Span

log = structlog.get_logger()

PRUNE_PAUSE = 30.0
"""Seconds. The collector prunes as well."""


@dataclass(frozen=True, slots=True)
class Caps:
    """How much is kept. Bytes, seconds."""

    lines: int = 10_000
    file_bytes: int = 4 * 1024 * 1024
    files_per_playground: int = 5
    total_bytes: int = 256 * 1024 * 1024
    age: float = 7 * 86_400.0


@dataclass(frozen=True, slots=True)
class KeptLogs:
    """The files in `folder`, made when first needed. Safe to share between threads."""

    folder: Path
    containers: ContainerLogs
    clock: Clock
    caps: Caps = Caps()
    _files_lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    """Who prunes takes no folder away from who is about to write into it."""
    _next_prune: list[float] = field(default_factory=lambda: [0.0], repr=False, compare=False)
    """When files are looked through again: not for each that is kept, as it takes as long as there are files."""

    def keep(self, uid: str, container: str) -> None:
        """Keep the end of the container's log. A container that is gone already has none."""
        try:
            self._keep(uid, container)
            if self.clock.monotonic() >= self._next_prune[0]:
                self.prune()
        except (EngineError, OSError) as error:
            log.warning("log not kept", uid=uid, container=container, error=str(error))

    def newest(self, uid: str) -> Path | None:
        """The last log that was kept of the playground."""
        return max(self._files(uid), default=None)

    def read(self, path: Path, span: Span) -> Iterator[LogLine]:
        """The lines of a kept log."""
        kept: deque[LogLine] = deque(maxlen=span.tail)
        with path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                moment, _, rest = text.rstrip("\n").partition(" ")
                at = parse_since(moment, 0.0).nanoseconds
                if at > span.after:
                    kept.append(LogLine(at, rest))
        yield from kept

    def prune(self) -> int:
        """Forget what is too old or too much; how many files went."""
        with self._files_lock:
            self._next_prune[0] = self.clock.monotonic() + PRUNE_PAUSE
            return self._prune()

    def _prune(self) -> int:
        found = sorted((path for path in self.folder.glob("*/*.log")), key=lambda path: path.name, reverse=True)
        oldest, total, gone = self.clock.now() - self.caps.age, 0, 0
        for path in found:
            status = path.stat()
            total += status.st_size
            if status.st_mtime < oldest or total > self.caps.total_bytes:
                path.unlink(missing_ok=True)
                gone += 1
        for folder in self.folder.glob("*"):
            if folder.is_dir() and not any(folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)
        return gone

    def _keep(self, uid: str, container: str) -> None:
        lines: deque[str] = deque()
        size = 0
        for line in self.containers.lines(container, Span(tail=self.caps.lines)):
            if line is None:
                continue
            text = f"{LogPosition(line.at)} {line.text}\n"
            lines.append(text)
            size += len(text.encode())
            while size > self.caps.file_bytes:
                size -= len(lines.popleft().encode())
        if lines:
            with self._files_lock:
                self._write(uid, container, lines)

    def _write(self, uid: str, container: str, lines: deque[str]) -> None:
        folder = self._folder(uid)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"{round(self.clock.now() * 10**9):020d}-{container[:12]}.log"
        temporary = path.with_suffix(".tmp")
        temporary.write_text("".join(lines), encoding="utf-8", errors="replace")
        temporary.replace(path)
        for old in sorted(self._files(uid))[: -self.caps.files_per_playground]:
            old.unlink(missing_ok=True)

    def _files(self, uid: str) -> list[Path]:
        return list(self._folder(uid).glob("*.log"))

    def _folder(self, uid: str) -> Path:
        if not uid.isalnum():
            raise ValueError(f"{uid!r} is no playground's uid")
        return self.folder / uid
