"""Showing what takes long: a moving line on a terminal, plain lines when the output is piped."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape

from api.clock import Clock, SystemClock

_CLOCK = SystemClock()


class Progress(Protocol):
    """Where long work tells how far it is."""

    def note(self, text: str) -> None:
        """One line that stays."""
        ...

    def stage(self, title: str) -> AbstractContextManager[Callable[[str], None]]:
        """A stretch of work; it yields a function that takes what happens meanwhile, line by line."""
        ...


class ConsoleProgress:
    """Progress for people. On a terminal the lines of a stage pass by in one line, else they are all printed."""

    def __init__(self, console: Console | None = None, clock: Clock = _CLOCK) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True)
        self._clock = clock

    def note(self, text: str) -> None:
        """One line that stays."""
        self._console.print(text, markup=False)

    @contextmanager
    def stage(self, title: str) -> Iterator[Callable[[str], None]]:
        """A stretch of work: its title, what happens meanwhile, and how long it took (or that it failed)."""
        began = self._clock.monotonic()
        try:
            if self._console.is_terminal:
                with self._console.status(escape(title)) as status:
                    yield lambda line: status.update(self._passing(title, line))
            else:
                self.note(f"{title} …")
                yield lambda line: self.note(f"    {line}")
        except BaseException:
            self.note(f"✗ {title} (after {self._clock.monotonic() - began:.1f} s)")
            raise
        self.note(f"✓ {title} ({self._clock.monotonic() - began:.1f} s)")

    def _passing(self, title: str, line: str) -> str:
        room = max(20, self._console.width - len(title) - 8)
        return f"{escape(title)} [dim]{escape(line.strip()[:room])}[/dim]"
