"""Tables and headings name all there is, and nothing else."""

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from starlette.routing import Route, WebSocketRoute

from api.http.app import ROUTES
from api.http.v1.table import ROUTES as V1_ROUTES
from api.resources.conditions import ConditionType, Reason
from api.resources.phase import Phase
from api.settings import Settings
from controller.baseimage.command import base_image
from controller.domain.actions import Action
from controller.domain.plan import Situation
from controller.planner.situations import TABLE
from playground_sdk.cli import failures
from tests.docs.generate import situation_name, variables
from tests.docs.pages import DOCS, ROOT, table, text, tracked, words_in_code

GUIDE = DOCS / "guide.md"
ARCHITECTURE = DOCS / "architecture.md"
OPERATING = DOCS / "operating.md"
LEVELS = frozenset({"debug", "info", "warning", "error", "exception"})
LOGGERS = frozenset({"log", "_log", "bound"})
BOUND_METHODS = frozenset({"line", "write"})


def names(page: Path, header: str) -> list[str]:
    """The words in backticks of a table's first column."""
    return [name for row in table(page, header) for name in re.findall(r"`([^`]+)`", row[0])]


def test_every_setting_has_its_row() -> None:
    rows = table(DOCS / "configuration.md", "setting")
    assert [row[0].strip("`") for row in rows] == list(Settings.model_fields)
    for row, (name, field) in zip(rows, Settings.model_fields.items(), strict=True):
        assert re.findall(r"`([^`]+)`", row[1]) == variables(name, field)


def test_no_other_variable_is_documented_as_a_setting() -> None:
    rows = table(DOCS / "configuration.md", "setting")
    documented = {variable for row in rows for variable in re.findall(r"`([^`]+)`", row[1])}
    known = {variable for name, field in Settings.model_fields.items() for variable in variables(name, field)}
    assert documented == known


def test_every_option_of_the_base_image_has_its_row() -> None:
    documented = [
        flag for row in table(DOCS / "configuration.md", "flag") for flag in re.findall(r"`(--[a-z-]+)`", row[0])
    ]
    assert documented == [f"--{name.replace('_', '-')}" for name in inspect.signature(base_image).parameters]


def test_every_exit_code_has_its_row() -> None:
    codes = {0, failures.FAILED, failures.USAGE, failures.NOT_FOUND, failures.CONFLICT, failures.NOT_ALLOWED}
    codes |= {failures.TIMED_OUT, failures.INTERRUPTED}
    assert {int(row[0]) for row in table(DOCS / "cli.md", "code")} == codes


def test_every_route_has_its_heading_and_no_other() -> None:
    headings = re.findall(r"^### `([A-Z]+) (/\S*)`$", text(DOCS / "http-api.md"), re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == set(_routes())


def _routes() -> Iterator[tuple[str, str]]:
    for route in ROUTES:
        if route in V1_ROUTES:
            continue  # docs/resource-api.md, generated
        assert isinstance(route, Route | WebSocketRoute)
        path = route.path.replace(":path}", "}").rstrip("/") + "/"
        methods = (route.methods or set()) - {"HEAD"} if isinstance(route, Route) else {"WEBSOCKET"}
        yield from ((method, path) for method in methods)


def test_every_status_condition_and_reason_is_explained() -> None:
    assert names(GUIDE, "status") == [phase.value for phase in Phase]
    assert names(GUIDE, "condition") == [type_.value for type_ in ConditionType]
    assert names(GUIDE, "reason") == sorted(reason.value for reason in Reason)


def test_a_reason_says_where_it_stands() -> None:
    known = {type_.value for type_ in ConditionType} | {"event", ""}
    for row in table(GUIDE, "reason"):
        assert set(row[1].split(", ")) <= known, row


def test_every_situation_is_in_the_table_but_the_orphan() -> None:
    assert names(ARCHITECTURE, "situation") == [situation_name(function) for function in TABLE]
    assert {situation_name(function) for function in TABLE} == {item.value for item in Situation} - {"Orphaned"}


def test_layers_and_walls_are_those_of_the_contracts() -> None:
    contracts = tomllib.loads(text(ROOT / "pyproject.toml"))["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    rows = [re.findall(r"`([^`]+)`", row[0]) for row in table(ARCHITECTURE, "layer")]
    assert rows == [layer.split(" | ") for layer in layers]
    assert [row[0] for row in table(ARCHITECTURE, "contract")] == [contract["name"] for contract in contracts]


def test_every_package_and_every_folder_of_tests_is_named() -> None:
    tests = {f"tests/{file.relative_to(ROOT).parts[1]}" for file in tracked("tests/*/*.py")}
    packages = {str(file.parent.relative_to(ROOT)) for file in tracked("api/*/__init__.py", "controller/*/__init__.py")}
    inner = {
        "api/store/migrations",
        "api/store/migrations/versions",
        "api/http/routes",
        "controller/planner/situations",
    }
    said = text(ARCHITECTURE)
    assert [name for name in sorted(tests) if f"`{name}`" not in said] == []
    assert [name for name in sorted(packages - inner) if f"**{name}**" not in said] == []


def test_every_log_line_is_explained() -> None:
    said = {
        event for folder in ("api", "controller") for file in (ROOT / folder).rglob("*.py") for event in _events(file)
    }
    assert set(names(OPERATING, "event")) == said


def test_every_metric_is_explained() -> None:
    sources = (ROOT / "api" / "metrics.py", ROOT / "controller" / "metrics.py")
    made = {
        name for file in sources for name in re.findall(r'"((?:playground|workqueue|controller)_[a-z_]+)"', text(file))
    }
    assert {name.removesuffix("_total") for name in names(OPERATING, "metric")} == made


def test_every_action_is_named() -> None:
    assert {action.__name__ for action in get_args(Action)} <= set(words_in_code(OPERATING))


def _events(file: Path) -> Iterator[str]:
    """The first arguments of a module's calls to its logger."""
    if file.name == "launcher.py":
        return
    for node in ast.walk(ast.parse(text(file))):
        if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
            continue
        if _is_logger(node.func) and isinstance(node.args[0].value, str):
            yield node.args[0].value


def _is_logger(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id in BOUND_METHODS
    if not isinstance(function, ast.Attribute) or function.attr not in LEVELS:
        return False
    owner = function.value
    if isinstance(owner, ast.Call):
        return isinstance(owner.func, ast.Attribute) and owner.func.attr == "get_logger"
    return isinstance(owner, ast.Name) and owner.id in LOGGERS
