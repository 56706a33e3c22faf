"""The result of a verb for each of several playgrounds: a line each, and one exit code for all."""

from collections.abc import Mapping

import typer

from playground_sdk.cli.failures import explain
from playground_sdk.cli.output import Output
from playground_sdk.cli.progress import ProgressView
from playground_sdk.cli.session import Session
from playground_sdk.errors import PlaygroundError, StartFailedError

__all__ = ["Results"]

_LOG_LINES = 10


class Results:
    """Prints ``playground/NAME word`` lines to stdout and failures to stderr; the first failure is the exit code's."""

    def __init__(self, out: Output) -> None:
        self._out = out
        self.exit_code = 0

    def tell(self, name: str, word: str) -> None:
        """Print what became of one; with ``-q`` its name only."""
        self._out.line(name if self._out.quiet else f"playground/{name} {word}")

    def fail(self, name: str, exc: PlaygroundError) -> None:
        """Print why it did not become so."""
        failure = explain(exc)
        assert failure is not None
        typer.echo(f"playground/{name}: {failure.text}", err=True)
        lines = exc.container.get("last_log_lines") or [] if isinstance(exc, StartFailedError) else []
        for line in lines[-_LOG_LINES:]:
            typer.echo(f"  | {line}", err=True)
        self.exit_code = self.exit_code or failure.exit_code

    def await_ready(self, session: Session, names: Mapping[str, str], timeout: float) -> None:
        """Wait until each is ready, all at once, and tell each as soon as it is decided."""
        if not names:
            return
        with ProgressView(self._out) as view:
            for awaited in session.client.playgrounds.wait_for(names, timeout=timeout, on_progress=view):
                if awaited.error is not None:
                    self.fail(awaited.name, awaited.error)
                elif awaited.playground is not None:
                    self.tell(awaited.name, f"ready {awaited.playground['status'].get('endpoint') or ''}".rstrip())

    def await_gone(self, session: Session, names: Mapping[str, str], timeout: float, word: str) -> None:
        """Wait until each is gone, and tell it."""
        if not names:
            return
        with ProgressView(self._out) as view:
            waiting = session.client.playgrounds.wait_for(names, "delete", timeout=timeout, on_progress=view)
            for awaited in waiting:
                if awaited.error is not None:
                    self.fail(awaited.name, awaited.error)
                else:
                    self.tell(awaited.name, word)

    def finish(self) -> None:
        """Exit with the first failure's code, if there was one."""
        if self.exit_code:
            raise typer.Exit(self.exit_code)
