"""The verb ``diff``: what an apply would change, as a unified diff of YAML."""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from playground_sdk.cli.failures import FAILED, explain
from playground_sdk.cli.manifest_files import FILES, RECURSIVE, checked_documents
from playground_sdk.cli.output import Output
from playground_sdk.cli.preview import Previews
from playground_sdk.cli.session import Session
from playground_sdk.cli.yaml_text import as_yaml
from playground_sdk.declarative import Difference
from playground_sdk.errors import PlaygroundError
from playground_sdk.manifests.documents import ManifestError

__all__ = ["DIFF_FAILED", "diff", "unified"]

DIFF_FAILED = 2
"""1 means that something differs, so a failure that would be 1 elsewhere is this."""
_WRITTEN = ("name", "labels", "annotations")
_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def diff(
    ctx: typer.Context,
    filename: Annotated[list[str], FILES],
    *,
    recursive: Annotated[bool, RECURSIVE] = False,
) -> None:
    """Show what apply would change. Exit code 0: nothing, 1: something, more: it could not be told.

    The server fills in and checks the manifests, as a dry run; nothing is changed and nothing is uploaded.
    """
    try:
        differs = _diff(ctx, filename, recursive=recursive)
    except (PlaygroundError, ManifestError) as exc:
        failure = explain(exc)
        assert failure is not None
        typer.echo(failure.text, err=True)
        raise typer.Exit(max(failure.exit_code, DIFF_FAILED)) from exc
    raise typer.Exit(FAILED if differs else 0)


def _diff(ctx: typer.Context, filename: list[str], *, recursive: bool) -> bool:
    documents = checked_documents(filename, recursive=recursive)
    session = Session.of(ctx)
    previews = Previews(session)
    differs = False
    for document in documents:
        lines = unified(previews.of(document))
        differs = differs or bool(lines)
        _print(session.out, lines)
    return differs


def unified(difference: Difference) -> list[str]:
    """The lines of the diff; none where nothing would change."""
    before = "" if difference.before is None else as_yaml(_wanted(difference.before))
    after = as_yaml(_wanted(difference.applied.playground))
    name = f"playground/{difference.applied.name}"
    return list(
        difflib.unified_diff(before.splitlines(), after.splitlines(), f"{name} (now)", f"{name} (applied)", lineterm="")
    )


def _wanted(playground: Mapping[str, Any]) -> dict[str, Any]:
    """What people write: without status, and without what the server counts."""
    metadata = {key: value for key, value in playground["metadata"].items() if key in _WRITTEN}
    head = {key: playground.get(key) for key in ("apiVersion", "kind")}
    return {**head, "metadata": metadata, "spec": playground["spec"]}


def _print(out: Output, lines: list[str]) -> None:
    for line in lines:
        if not out.console.is_terminal:
            out.line(line)
            continue
        style = "bold" if line.startswith(("+++", "---")) else _STYLES.get(line[:1], "")
        out.console.print(Text(line, style=style), soft_wrap=True)
