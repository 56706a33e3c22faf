"""Every file has its place, its size and its docstring, and holds nothing of the machine it was written on."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, text, tracked

MODULE_LINES = 400
FUNCTION_LINES = 60
TEST_FUNCTION_LINES = 120
TOP_FOLDERS = frozenset(
    {".ci", "api", "bench", "controller", "docs", "manifests", "requirements", "scripts", "sdk", "tests"}
)
TOP_FILES = frozenset({".gitignore", "CONTRIBUTING.md", "MANIFEST.in", "Makefile", "README.md", "pyproject.toml"})
SUFFIXES = frozenset(
    {"", ".c", ".in", ".json", ".lock", ".mako", ".md", ".py", ".service", ".sh", ".svg", ".toml", ".txt", ".typed"}
    | {".yaml", ".yml"}
)
LEFT_OPEN = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
# Spelled in pieces, so that this file is no exception to what it says.
MACHINE_PATHS = re.compile(r"(?<![\w./-])/(ro" r"ot|wo" r"rk|ho" r"me)/\w")
REGISTRIES = re.compile(
    r"pypi\."
    r"org|files\.python"
    r"hosted|registry-1\.docker|docker\."
    r"io/|ghcr\."
    r"io|quay\."
    r"io|gcr\."
    r"io"
    r"|deb\.debian"
    r"\.org|archive\.ubuntu"
    r"\.com"
)
MIGRATIONS = "api/store/migrations/versions/"
SLEEPS_ALLOWED = frozenset({"api/clock.py", "sdk/playground_sdk/_clock.py"})


def name(file: Path) -> str:
    """The file's path below the root."""
    return str(file.relative_to(ROOT))


def test_every_file_has_its_place() -> None:
    lost = []
    for file in tracked():
        parts = file.relative_to(ROOT).parts
        if parts[0] not in (TOP_FOLDERS if len(parts) > 1 else TOP_FILES) or file.suffix not in SUFFIXES:
            lost.append(name(file))
    assert lost == [], "where do these belong?"


@pytest.mark.parametrize("pattern", [LEFT_OPEN, MACHINE_PATHS, REGISTRIES], ids=["left open", "paths", "registries"])
def test_nothing_is_left_open_and_nothing_is_of_one_machine(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name(file)}:{number}: {match.group()}"
        for file in tracked()
        for number, line in enumerate(text(file).splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert not found, "\n".join(found)


def test_modules_are_short_and_say_what_they_are() -> None:
    wrong = []
    for file in tracked("*.py"):
        lines = len(text(file).splitlines())
        if lines > MODULE_LINES:
            wrong.append(f"{name(file)} has {lines} lines: split it by what changes together")
        if not ast.get_docstring(ast.parse(text(file))):
            wrong.append(f"{name(file)} has no docstring")
    assert not wrong, "\n".join(wrong)


def test_functions_are_short_and_public_ones_say_what_they_do() -> None:
    wrong = []
    for file in tracked("*.py"):
        if name(file).startswith(MIGRATIONS):
            continue  # as Alembic has them: what the file is for is said at its top
        in_tests = file.relative_to(ROOT).parts[0] == "tests"
        limit = TEST_FUNCTION_LINES if in_tests else FUNCTION_LINES
        for function, public in _functions(ast.parse(text(file))):
            where = f"{name(file)}:{function.lineno} {function.name}"
            lines = (function.end_lineno or function.lineno) - function.lineno + 1
            if lines > limit:
                wrong.append(f"{where} has {lines} lines; {limit} are the limit")
            if public and not in_tests and not ast.get_docstring(function):
                wrong.append(f"{where} has no docstring")
    assert not wrong, "\n".join(wrong)


def test_nobody_sleeps_outside_the_clocks() -> None:
    sleepers = [
        f"{name(file)}:{node.lineno}"
        for file in tracked("*.py")
        if name(file) not in SLEEPS_ALLOWED and not name(file).startswith("tests/")
        for node in ast.walk(ast.parse(text(file)))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}
    ]
    assert sleepers == [], "wait for an event, or take a clock"


def _functions(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, bool]]:
    """(function, whether it is public): of the module and its classes; functions inside functions are not public."""
    pending: list[tuple[ast.AST, bool]] = [(tree, True)]
    while pending:
        node, public = pending.pop()
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                overload = any(ast.unparse(decorator) == "overload" for decorator in child.decorator_list)
                yield child, public and not child.name.startswith("_") and not overload
                pending.append((child, False))
            elif isinstance(child, ast.ClassDef):
                pending.append((child, public and not child.name.startswith("_")))
            else:
                pending.append((child, public))
