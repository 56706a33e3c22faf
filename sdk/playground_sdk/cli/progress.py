"""Shows the way of a create: a bar while the archive is sent, then a line for each stage.

On a terminal the stage under way has a spinner and the seconds so far; piped, every change is one plain line.
"""

from types import TracebackType
from typing import Self

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from playground_sdk.cli.output import Output
from playground_sdk.wait import Progress as Step

__all__ = ["ProgressView"]


class ProgressView:
    """A context manager that is called with every step."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self._stage = ""
        self._message = ""
        self._bar: Progress | None = None
        if out.notes.is_terminal and not out.quiet:
            self._bar = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TimeElapsedColumn(),
                console=out.notes,
                transient=True,
                # Results that go into a pipe must not be drawn onto the terminal that shows the progress.
                redirect_stdout=out.console.is_terminal,
            )
            self._task = self._bar.add_task("asking the server", total=None)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, step: Step) -> None:
        """Show one step."""
        if step.sent and step.stage == self._stage:
            self._show_bytes(step)
            return
        if (step.stage, step.message) == (self._stage, self._message):
            return
        self._stage, self._message = step.stage, step.message
        text = step.stage if step.message in {"", step.stage} else f"{step.stage}: {step.message}"
        if self._bar is None:
            size = f" ({step.total / 1e6:.1f} MB)" if step.total and step.stage == "uploading" else ""
            self._out.note(text + size)
            return
        self._bar.console.print(f"{step.elapsed:6.1f}s  {text}", markup=False, style="dim")
        self._bar.update(self._task, description=step.stage, total=None)
        self._show_bytes(step)

    def _show_bytes(self, step: Step) -> None:
        if self._bar is not None and step.total:
            self._bar.update(self._task, completed=step.sent, total=step.total)
