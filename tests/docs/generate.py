"""Writes the parts of the documentation that follow from the code: `python -m tests.docs.generate`.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`. The tests expect there what is written here.
"""

import ast
import inspect
import itertools
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import typer
from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from typer.main import get_command
from typer.testing import CliRunner

from api import settings
from api.settings import Settings
from bench import report, result
from controller import cli as server_cli
from controller.planner.situations import TABLE
from playground_sdk.cli.app import app as client_app
from tests.docs.pages import DOCS, text

NOTHING = "\u2013"
MEBIBYTE = settings.MEBIBYTE
_PART = re.compile(r"(<!-- generated: (?P<name>[a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def settings_table() -> str:
    """One row for each setting."""
    meanings = dict(_meanings())
    rows = [
        f"| `{name}` | {', '.join(f'`{variable}`' for variable in variables(name, field))} "
        f"| {', '.join(f'`{flag}`' for flag in flags(name)) or NOTHING} | {default(name, field)} | {meanings[name]} |"
        for name, field in Settings.model_fields.items()
    ]
    head = ["| setting | environment | flag | default | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows])


def variables(name: str, field: FieldInfo) -> list[str]:
    """The environment variables that set it, the strongest first."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [str(choice) for choice in alias.choices]
    return [f"PLAYGROUND_{name.upper()}"]


def flags(name: str) -> list[str]:
    """The flag of `playground-server run`, where there is one."""
    return [f"--{name.replace('_', '-')}"] if name in inspect.signature(server_cli.run).parameters else []


def default(name: str, field: FieldInfo) -> str:
    """The default as a person writes it."""
    value = field.default
    if name == "data_dir":
        return "`~/.local/share/playground` (below `$XDG_DATA_HOME` where that is set)"
    if isinstance(value, range):
        return f"`{value.start}-{value.stop - 1}`"
    if value is None or value in ("", frozenset()):
        return NOTHING
    if isinstance(value, frozenset):
        return f"`{','.join(sorted(value))}`"
    is_size = name == "memory" or name.endswith("_bytes")
    return f"`{value}` ({value // MEBIBYTE} MiB)" if is_size else f"`{value}`"


def client_help() -> str:
    """The help of `playground`, of each verb and of what a verb has below it."""
    return _help(client_app, "playground")


def server_help() -> str:
    """The help of `playground-server` and of each of its commands."""
    return _help(server_cli.app, "playground-server")


def situations_table() -> str:
    """One row for each situation, in the order in which they are tried."""
    rows = [f"| `{situation_name(function)}` | {inspect.getdoc(function)} |" for function in TABLE]
    return "\n".join(["| situation | meaning |", "|---|---|", *rows])


def situation_name(function: Callable[..., object]) -> str:
    """The situation that a function of the table stands for."""
    return "".join(word.capitalize() for word in function.__name__.split("_"))


def _measured() -> list[result.Result]:
    return result.load(DOCS / "performance" / "results.json")


PARTS: dict[str, Callable[[], str]] = {
    "settings": settings_table,
    "situations": situations_table,
    "client-help": client_help,
    "server-help": server_help,
    "marks": report.marks,
    "claims": lambda: report.claims(_measured()),
    "measured": lambda: report.pages(_measured()),
}


def generated(page: str) -> str:
    """The page's text with each generated part made anew."""
    return _PART.sub(lambda match: f"{match[1]}\n{PARTS[match['name']]()}\n\n{match[4]}", page)


def _help(app: typer.Typer, program: str) -> str:
    return "\n\n".join(_block(app, program, path) for path in paths_of(get_command(app), []))


def paths_of(command: object, path: list[str]) -> Iterator[list[str]]:
    """The words that lead to a command and to all below it."""
    yield path
    below = getattr(command, "commands", {})
    for name in below:
        yield from paths_of(below[name], [*path, name])


def _block(app: typer.Typer, program: str, arguments: list[str]) -> str:
    mode = app.rich_markup_mode
    app.rich_markup_mode = None  # the same words without the frames, which depend on the terminal
    try:
        shown = CliRunner().invoke(
            app, [*arguments, "--help"], prog_name=program, env={"TERM": "dumb", "NO_COLOR": "1"}
        )
    finally:
        app.rich_markup_mode = mode
    assert shown.exit_code == 0, shown.output
    lines = [line.rstrip() for line in shown.stdout.strip().splitlines()]
    title = " ".join([program, *arguments])
    return "\n".join([f"### {title}", "", "```text", *lines, "```"])


def _meanings() -> Iterator[tuple[str, str]]:
    """(setting, the text below it) from the class's source."""
    tree = ast.parse(Path(settings.__file__).read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Settings")
    for field, said in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(said, ast.Expr):
            yield field.target.id, " ".join(str(ast.literal_eval(said.value)).split())


def main() -> int:
    """Rewrites the pages that differ, and names them."""
    for page in sorted(DOCS.rglob("*.md")):
        before = text(page)
        after = generated(before)
        if after != before:
            page.write_text(after, encoding="utf-8")
            sys.stdout.write(f"written: {page.relative_to(DOCS.parent)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
