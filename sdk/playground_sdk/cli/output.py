"""What is printed: tidy tables with colours on a terminal, the same columns as plain text when piped.

Results go to stdout; notes and progress go to stderr, and not at all with ``-q``. ``NO_COLOR`` is honoured.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

__all__ = ["Output", "age", "columns", "shown"]

_STATUS_STYLES: Mapping[str, str] = {
    "running": "green",
    "completed": "green",
    "healthy": "green",
    "ok": "green",
    "True": "green",
    "requested": "cyan",
    "building": "cyan",
    "starting": "cyan",
    "pending": "cyan",
    "unhealthy": "red",
    "failed": "red",
    "Warning": "yellow",
    "False": "yellow",
    "degraded": "yellow",
    "stopped": "dim",
    "deleting": "dim",
    "deleted": "dim",
}
_COLOURED = frozenset({"STATUS", "TYPE"})


class Output:
    """Prints one invocation's results and notes."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.console = Console(highlight=False)
        self.notes = Console(stderr=True, highlight=False)

    def line(self, text: str) -> None:
        """Print a result as it is."""
        typer.echo(text)

    def note(self, text: str) -> None:
        """Tell something beside the result."""
        if not self.quiet:
            typer.echo(text, err=True)

    def json(self, value: object) -> None:
        """Print a value as JSON, indented."""
        typer.echo(json.dumps(value, indent=2, ensure_ascii=False))

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print rows under headers; a terminal adds colours to the same columns, and wraps what is too long."""
        header, *lines = columns([headers, *rows])
        if not self.console.is_terminal:
            typer.echo("\n".join("".join(line).rstrip() for line in (header, *lines)))
            return
        self.console.print(Text("".join(header).rstrip(), style="bold"), soft_wrap=True)
        for line in lines:
            cells = zip(headers, line, strict=True)
            styled = (_styled(cell) if name in _COLOURED else Text(cell) for name, cell in cells)
            self.console.print(Text.assemble(*styled), soft_wrap=True)

    def facts(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Print ``Name: value`` lines; a value of several lines is indented below its name."""
        width = max((len(name) for name, _ in pairs), default=0) + 2
        for name, value in pairs:
            first, *more = value.splitlines() or [""]
            label = f"{name}:".ljust(width)
            if self.console.is_terminal:
                value_text = _styled(first) if name in {"Status", "Health"} else Text(first)
                self.console.print(Text.assemble((label, "bold"), value_text), soft_wrap=True)
            else:
                typer.echo(f"{label}{first}".rstrip())
            for line in more:
                typer.echo(" " * width + line)


def columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Pad cells so that they align with two blanks between; a cell's line breaks become blanks."""
    clean = [[" ".join(cell.split()) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) + 2 for column in zip(*clean, strict=True)]
    return [[cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)] for row in clean]


def age(stamp: object, now: float) -> str:
    """How long ago an ISO-8601 time was, in its largest unit: ``42s``, ``7m``, ``3h``, ``12d``; ``-`` where unknown."""
    if not isinstance(stamp, str):
        return "-"
    try:
        seconds = max(0, int(now - datetime.fromisoformat(stamp).timestamp()))
    except ValueError:
        return "-"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size * (2 if unit != "d" else 1):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _styled(cell: str) -> Text:
    """A cell, coloured where it is a known word."""
    return Text(cell, style=_STATUS_STYLES.get(cell.strip(), ""))


def shown(value: object) -> str:
    """A value for a table's cell."""
    return "-" if value is None or value == "" else str(value)
