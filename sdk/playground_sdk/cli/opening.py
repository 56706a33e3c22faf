"""The verb ``open``."""

import webbrowser
from typing import Annotated

import typer

from playground_sdk.cli.arguments import PLAYGROUND
from playground_sdk.cli.failures import FAILED
from playground_sdk.cli.session import Session
from playground_sdk.readiness import waiting_for

__all__ = ["open_page"]


def open_page(
    ctx: typer.Context,
    playground: Annotated[str, PLAYGROUND],
    *,
    only_print: Annotated[bool, typer.Option("--print", help="Only print the URL, and open no browser.")] = False,
) -> None:
    """Open a playground's page in the browser, and print its URL."""
    session = Session.of(ctx)
    item = session.playground(playground)
    endpoint = item["status"].get("endpoint")
    name = item["metadata"]["name"]
    if not endpoint:
        typer.echo(f"Error: {name} has no page now: {waiting_for(item)}\nWait with: playground wait {name}", err=True)
        raise typer.Exit(FAILED)
    session.out.line(endpoint)
    if not only_print and session.out.console.is_terminal and not webbrowser.open(endpoint):
        session.out.note("No browser was found; open the URL yourself.")
