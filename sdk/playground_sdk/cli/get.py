"""The verb ``get``: a table of playgrounds, or one of them as it is.

``get NAME`` alone shows one playground in lines, with its conditions, and takes a number or a container's id as well.
Any format (``-o``), several names, a selector or none at all speak of the resources, as they are applied: a table, or
the manifest with its status. Both are the same records.
"""

import json
from collections.abc import Sequence
from typing import Annotated

import typer

from playground_sdk._clock import SystemClock
from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.output import Output
from playground_sdk.cli.read import show_playground
from playground_sdk.cli.resources import check_format, headers, print_objects, row
from playground_sdk.cli.session import Session
from playground_sdk.objects import Playground
from playground_sdk.watching import Change

__all__ = ["get"]

_GAP = 2


def get(
    ctx: typer.Context,
    playgrounds: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLAYGROUND]...", help="Names, numbers or container ids; all without.", show_default=False
        ),
    ] = None,
    *,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="wide|json|yaml|name|jsonpath=…", help="How to print.")
    ] = None,
    selector: Annotated[
        str, typer.Option("--selector", "-l", metavar="LABELS", help="Only with these labels: team=vision,tier!=gold.")
    ] = "",
    field_selector: Annotated[
        str, typer.Option("--field-selector", metavar="FIELDS", help="Only with these fields: status.phase=failed.")
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Go on with every change, until interrupted.")] = False,
) -> None:
    """Show playgrounds: a table of many, one with its conditions, or manifests with -o.

    One name alone is shown in lines. With -o json, yaml or jsonpath it is the manifest with its status, which
    can be edited and applied again.
    """
    check_format(output)
    names = list(dict.fromkeys(playgrounds or []))
    if names and (selector or field_selector):
        raise UsageFailure("Give names or a selector, not both.")
    if any(not name.strip(" .") for name in names):
        raise UsageFailure("A playground's name is empty; is a shell variable unset?")
    session = Session.of(ctx)
    if len(names) == 1 and output is None and not watch:
        show_playground(session, names[0])
        return
    if watch:
        _follow(session, names, output, selector, field_selector)
        return
    resources = session.client.playgrounds
    if names:
        items = [session.playground(name) for name in names]
    else:
        items = resources.list(labels=selector, fields=field_selector)
    if not items and output in {None, "wide"}:
        session.out.note("No playgrounds match." if selector or field_selector else _NONE_YET)
        return
    print_objects(session.out, items, output, now=SystemClock().time(), one=len(names) == 1)


_NONE_YET = "No playgrounds yet; begin with: playground init my-plugin"


def _follow(session: Session, names: Sequence[str], output: str | None, labels: str, fields: str) -> None:
    """Print everything that matches, and then every change of it."""
    wanted = {session.playground(name)["metadata"]["name"] for name in names}
    printer = _Rows(session.out, output)
    for change in session.client.playgrounds.watch(labels=labels, fields=fields):
        if not wanted or change.playground["metadata"]["name"] in wanted:
            printer.show(change)


class _Rows:
    """Prints changes one below the other; the columns are as wide as what came so far."""

    def __init__(self, out: Output, output: str | None) -> None:
        self._out = out
        self._output = output
        self._widths: list[int] = []

    def show(self, change: Change) -> None:
        """Print one change, whole and at once."""
        item: Playground = change.playground
        if self._output == "json":
            self._out.line(json.dumps({"type": change.type, "object": item}, ensure_ascii=False))
        elif self._output not in {None, "wide"}:
            print_objects(self._out, [item], self._output, now=SystemClock().time(), one=True)
        else:
            if not self._widths:
                self._widths = [len(header) for header in headers(self._output)]
                self._print(headers(self._output))
            cells = row(item, SystemClock().time(), self._output)
            if change.type == "DELETED":
                cells[1] = "deleted"
            self._print(cells)

    def _print(self, cells: list[str]) -> None:
        self._widths = [max(width, len(cell)) for width, cell in zip(self._widths, cells, strict=True)]
        padded = (cell.ljust(width + _GAP) for cell, width in zip(cells, self._widths, strict=True))
        self._out.line("".join(padded).rstrip())
