"""The verb ``wait``."""

from typing import Annotated

import typer

from playground_sdk.cli.arguments import PLAYGROUNDS
from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.results import Results
from playground_sdk.cli.session import Session
from playground_sdk.errors import NotFoundError

__all__ = ["wait"]

_READY, _DELETE = "condition=Ready", "delete"


def wait(
    ctx: typer.Context,
    playgrounds: Annotated[list[str], PLAYGROUNDS],
    *,
    what: Annotated[
        str, typer.Option("--for", metavar=f"{_READY}|{_DELETE}", help="What to wait for.", show_default=False)
    ] = _READY,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="How long to wait, for all.")] = 300,
) -> None:
    """Wait until playgrounds are ready or gone; one that fails ends its wait at once, with the reason.

    Exit code 124 when the time is over; then it is told what was missing.
    """
    if what.lower() not in {_READY.lower(), f"{_READY}=true".lower(), _DELETE}:
        raise UsageFailure(f"--for={what}: there is --for={_READY} and --for={_DELETE}.")
    session = Session.of(ctx)
    results = Results(session.out)
    gone = what.lower() == _DELETE
    names: dict[str, str] = {}
    for lookup in dict.fromkeys(playgrounds):
        try:
            metadata = session.playground(lookup)["metadata"]
            names[metadata["name"]] = metadata["uid"]
        except NotFoundError as exc:
            if gone:
                results.tell(lookup, "deleted")
            else:
                results.fail(lookup, exc)
    if gone:
        results.await_gone(session, names, timeout, "deleted")
    else:
        results.await_ready(session, names, timeout)
    results.finish()
