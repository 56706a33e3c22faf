"""The verbs that change what is wanted: stop, start, restart, delete. Each takes several playgrounds.

One that can't be changed is reported and the others go on; the exit code is the first failure's.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from playground_sdk.cli.arguments import PLAYGROUNDS, SOME_PLAYGROUNDS
from playground_sdk.cli.failures import UsageFailure, explain
from playground_sdk.cli.manifest_files import FILES, RECURSIVE
from playground_sdk.cli.progress import ProgressView
from playground_sdk.cli.session import Session
from playground_sdk.errors import ApiError, StartFailedError, WaitTimeoutError
from playground_sdk.manifests.check import KINDS
from playground_sdk.manifests.sources import read_sources

__all__ = ["delete", "restart", "start", "stop"]

_WAIT = typer.Option("--wait", help="Wait until it is so.")
_TIMEOUT = typer.Option(metavar="SECONDS", min=0, help="How long to wait, for each.")


def stop(
    ctx: typer.Context,
    playgrounds: Annotated[list[str], PLAYGROUNDS],
    *,
    wait: Annotated[bool, _WAIT] = False,
    timeout: Annotated[float, _TIMEOUT] = 60,
) -> None:
    """Stop playgrounds; they keep their port and their record."""
    session = Session.of(ctx)
    asked = _Batch(session)
    asked.ask(playgrounds, lambda name: session.client.update_container(name, status="stopped"))
    asked.finish("stopping", "stopped", timeout if wait else None)


def start(
    ctx: typer.Context,
    playgrounds: Annotated[list[str], PLAYGROUNDS],
    *,
    wait: Annotated[bool, _WAIT] = False,
    timeout: Annotated[float, _TIMEOUT] = 300,
) -> None:
    """Start stopped playgrounds again."""
    session = Session.of(ctx)
    asked = _Batch(session)
    asked.ask(playgrounds, lambda name: session.client.update_container(name, status="running"))
    asked.finish("starting", "running", timeout if wait else None)


def restart(ctx: typer.Context, playgrounds: Annotated[list[str], PLAYGROUNDS]) -> None:
    """Restart playgrounds in place."""
    session = Session.of(ctx)
    asked = _Batch(session)
    asked.ask(playgrounds, session.client.restart_container)
    asked.finish("restarting", "running", None)


def delete(
    ctx: typer.Context,
    playgrounds: Annotated[list[str] | None, SOME_PLAYGROUNDS] = None,
    *,
    filename: Annotated[list[str] | None, FILES] = None,
    recursive: Annotated[bool, RECURSIVE] = False,
    wait: Annotated[bool, _WAIT] = False,
    timeout: Annotated[float, _TIMEOUT] = 60,
) -> None:
    """Delete playgrounds, by name or as manifests name them; their containers and port reservations go with them."""
    names = list(playgrounds or [])
    if bool(names) == bool(filename):
        raise UsageFailure("Delete what? Give names, or manifests with -f.")
    session = Session.of(ctx)
    asked = _Batch(session)
    change: Callable[[str], object] = session.client.delete_container
    if filename:
        # What runs need not be what the files say today: they are read for the names only.
        documents = read_sources(filename, recursive=recursive, stdin=sys.stdin.buffer.read)
        names = [document.name for document in documents if document.value.get("kind") in KINDS and document.name]
        change = session.client.playgrounds.delete
    asked.ask(names, change)
    asked.finish("deleting", "deleted", timeout if wait else None)


class _Batch:
    """Several playgrounds asked for one change: first all are asked, then each is waited for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._asked: list[str] = []
        self._exit_code = 0

    def ask(self, playgrounds: Sequence[str], change: Callable[[str], object]) -> None:
        """Ask for the change of each, named twice only once."""
        for name in dict.fromkeys(playgrounds):
            if self._tried(change, name):
                self._asked.append(name)

    def finish(self, asked_word: str, status: str, timeout: float | None) -> None:
        """Print a line for each (after waiting for its status, with a time-out), and exit if one has failed."""
        for name in self._asked:
            if timeout is None:
                self._print(name, asked_word)
            else:
                self._await(name, status, timeout)
        if self._exit_code:
            raise typer.Exit(self._exit_code)

    def _await(self, name: str, status: str, timeout: float) -> None:
        with ProgressView(self._session.out) as view:
            reached = self._tried(
                lambda waited: self._session.client.wait_for_status(waited, status, timeout=timeout, on_progress=view),
                name,
            )
        if reached:
            self._print(name, status)

    def _print(self, name: str, word: str) -> None:
        self._session.out.line(name if self._session.out.quiet else f"playground/{name} {word}")

    def _tried(self, change: Callable[[str], object], name: str) -> bool:
        """Whether it went well; a failure of this one is printed, one of the connection ends the whole command."""
        try:
            change(name)
        except (ApiError, StartFailedError, WaitTimeoutError) as exc:
            failure = explain(exc)
            assert failure is not None
            typer.echo(f"playground/{name}: {failure.text}", err=True)
            self._exit_code = self._exit_code or failure.exit_code
            return False
        return True
