"""The verbs about the server and this command itself."""

from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from playground_sdk.cli.failures import FAILED, UsageFailure
from playground_sdk.cli.output import shown
from playground_sdk.cli.session import Session

__all__ = ["health", "version"]

_WELL = frozenset({"ok", "healthy", "pass", "up"})


def health(
    ctx: typer.Context,
    *,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="json", help="How to print.")] = None,
) -> None:
    """Say how the server is; exit code 1 when it is not well."""
    if output not in {None, "json"}:
        raise UsageFailure(f"-o {output}: health knows json.")
    session = Session.of(ctx)
    body = session.client.health_check()
    if output == "json":
        session.out.json(body)
    else:
        facts = [("Server", session.client.base_url), ("Status", shown(body.get("status")))]
        facts += [(key.replace("_", " ").capitalize(), _told(value)) for key, value in body.items() if key != "status"]
        session.out.facts(facts)
    if str(body.get("status", "ok")).lower() not in _WELL:
        raise typer.Exit(FAILED)


def version() -> None:
    """Print the version of this command."""
    typer.echo(f"playground {installed_version('playground-sdk')}")


def _told(value: object) -> str:
    """A part of the health's body in one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {_told(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(_told, value)) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown(value)
