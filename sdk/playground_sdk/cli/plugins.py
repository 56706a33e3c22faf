"""The verbs about plugins: push, releases."""

from pathlib import Path
from typing import Annotated

import typer

from playground_sdk._clock import SystemClock
from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.output import age, shown
from playground_sdk.cli.progress import ProgressView
from playground_sdk.cli.session import Session
from playground_sdk.cli.uploads import push_plugin
from playground_sdk.plugin_store import release_digest, release_name

__all__ = ["push", "releases"]


def push(
    ctx: typer.Context,
    plugin: Annotated[
        Path, typer.Argument(metavar="PATH", help="The plugin's folder, or its ZIP.", show_default=False)
    ],
) -> None:
    """Pack and upload a plugin; what the server has already is not sent again.

    Prints the release and the digest of its content: what spec.plugin.release and spec.plugin.archive take.
    """
    session = Session.of(ctx)
    if not plugin.exists():
        raise UsageFailure(f"There is no folder or file {plugin}.")
    with ProgressView(session.out) as view:
        pushed = push_plugin(session, plugin, view)
    for warning in pushed.warnings:
        session.out.note(f"warning: {warning}")
    session.out.line(pushed.release if session.out.quiet else f"{pushed.release} {pushed.outcome} {pushed.digest}")


def releases(
    ctx: typer.Context,
    *,
    output: Annotated[str | None, typer.Option("--output", "-o", metavar="json|name", help="How to print.")] = None,
) -> None:
    """List the plugin releases that the server keeps."""
    if output not in {None, "json", "name"}:
        raise UsageFailure(f"-o {output}: releases knows json, name.")
    session = Session.of(ctx)
    found = session.client.plugins.list()
    if output == "json":
        session.out.json(found)
    elif output == "name":
        for record in found:
            session.out.line(release_name(record))
    elif found:
        now = SystemClock().time()
        rows = [
            [
                release_name(record),
                release_digest(record)[:19],
                age((record.get("metadata") or {}).get("creationTimestamp"), now),
                shown((record.get("spec") or {}).get("title")),
            ]
            for record in found
        ]
        session.out.table(["RELEASE", "CONTENT", "AGE", "NAME"], rows)
    else:
        session.out.note("No releases yet; upload one with: playground push FOLDER")
