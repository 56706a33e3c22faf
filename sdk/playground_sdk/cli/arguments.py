"""The arguments that several verbs share."""

from typing import Any

import typer

from playground_sdk.cli.failures import UsageFailure

__all__ = ["PLAYGROUND", "PLAYGROUNDS", "SOME_PLAYGROUNDS"]


def _named(value: Any) -> Any:
    """Hand names through.

    Raises:
        UsageFailure: one is empty, as an unset shell variable makes it.
    """
    names = [value] if isinstance(value, str) else value or []
    if any(not name.strip(" .") for name in names):
        raise UsageFailure("A playground's name is empty; is a shell variable unset?")
    return value


PLAYGROUND = typer.Argument(
    metavar="PLAYGROUND",
    help="Its name, its number, or its container's id (12 digits at least).",
    show_default=False,
    callback=_named,
)
PLAYGROUNDS = typer.Argument(
    metavar="PLAYGROUND...",
    help="Names, numbers or container ids (12 digits at least).",
    show_default=False,
    callback=_named,
)
SOME_PLAYGROUNDS = typer.Argument(
    metavar="[PLAYGROUND]...",
    help="Names, numbers or container ids (12 digits at least).",
    show_default=False,
    callback=_named,
)
