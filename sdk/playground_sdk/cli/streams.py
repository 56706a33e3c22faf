"""The verbs that can go on for ever: logs, events."""

import json
from typing import Annotated

import typer

from playground_sdk._clock import SystemClock
from playground_sdk.cli.arguments import PLAYGROUND
from playground_sdk.cli.describe import event_rows
from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.session import Session

__all__ = ["events", "logs"]

_TAIL = 100


def logs(
    ctx: typer.Context,
    playground: Annotated[str, PLAYGROUND],
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what is printed from now on.")] = False,
    tail: Annotated[
        int | None,
        typer.Option(
            "--tail", metavar="LINES", min=1, help="Only so many of the last; 100 where no other option narrows it."
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="DURATION|TIME", help="Only newer ones: 10m, 1h30m.")] = None,
    previous: Annotated[bool, typer.Option("--previous", help="Of the container before this one.")] = False,
    build: Annotated[bool, typer.Option("--build", help="Of the image's build.")] = False,
) -> None:
    """Print what a playground's app has printed, live with -f; or its build, or its container before.

    Logs of containers and builds that are gone are kept by the server for a while.
    """
    if previous and build:
        raise UsageFailure("Whose lines: --previous or --build? Give one of them.")
    session = Session.of(ctx)
    if tail is None and not (follow or since or previous or build):
        tail = _TAIL
    name = session.name_of(playground)
    lines = session.client.playgrounds.logs(name, follow=follow, tail=tail, since=since, previous=previous, build=build)
    for line in lines:
        typer.echo(line)


def events(
    ctx: typer.Context,
    playground: Annotated[
        str | None, typer.Argument(metavar="[PLAYGROUND]", help="Of which one; of all without.", show_default=False)
    ] = None,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on with every event, until interrupted.")] = False,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="json", help="How to print.")] = None,
) -> None:
    """Show what has happened to a playground, or to all of them."""
    if output not in {None, "json"}:
        raise UsageFailure(f"-o {output}: events knows json.")
    session = Session.of(ctx)
    name = None if playground is None else session.name_of(playground)
    if watch:
        for event in session.client.playgrounds.watch_events(name):
            if output == "json":
                session.out.line(json.dumps(event, ensure_ascii=False))
                continue
            _, rows = event_rows([event], SystemClock().time(), named=True)
            stamp = str(event.get("lastTimestamp") or "")
            session.out.line("  ".join([stamp, *(cell for cell in rows[0][1:] if cell != "-")]))
        return
    found = session.client.playgrounds.events(name)
    if output == "json":
        session.out.json(found)
    elif found:
        session.out.table(*event_rows(found, SystemClock().time(), named=name is None))
    else:
        session.out.note("Nothing has happened yet.")
