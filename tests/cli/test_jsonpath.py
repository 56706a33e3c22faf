"""The JSONPath templates."""

from typing import Any

import pytest

from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.jsonpath import render

ITEM: dict[str, Any] = {
    "metadata": {"name": "hello", "labels": {"a.b": "c", "team": "vision"}},
    "status": {"phase": "running", "restarts": 0, "conditions": [{"type": "A", "n": 1}, {"type": "Ready", "n": 2}]},
}
LIST = {"items": [ITEM, {"metadata": {"name": "other"}, "status": {"phase": "failed"}}]}


@pytest.mark.parametrize(
    ("template", "value", "text"),
    [
        ("{.status.phase}", ITEM, "running"),
        (".status.phase", ITEM, "running"),
        ("status.phase", ITEM, "running"),
        ("{$.status.restarts}", ITEM, "0"),
        ("{.items[*].metadata.name}", LIST, "hello other"),
        ("{.items[0].metadata.name}-{.items[-1].metadata.name}", LIST, "hello-other"),
        ("{.items[5].metadata.name}", LIST, ""),
        ("{.metadata.labels['a.b']}", ITEM, "c"),
        ('{.status.conditions[?(@.type=="Ready")].n}', ITEM, "2"),
        ("{.status.conditions[?(@.type!='Ready')].n}", ITEM, "1"),
        ("{.metadata.labels}", ITEM, '{"a.b": "c", "team": "vision"}'),
        ("{.metadata.labels.*}", ITEM, "c vision"),
        ('{range .items[*]}{.metadata.name}={.status.phase}{"\\n"}{end}', LIST, "hello=running\nother=failed\n"),
        ("name: {.metadata.name}!", ITEM, "name: hello!"),
        ("{.nothing.here[0]}", ITEM, ""),
        ("{.metadata.name.x}", ITEM, ""),
        ("{.}", 5, "5"),
    ],
)
def test_templates(template: str, value: object, text: str) -> None:
    assert render(template, value) == text


@pytest.mark.parametrize("template", ["{.a", "{range .a}", "{end}", "{.a[}", "{.a!b}", "{.a[?(x)]}"])
def test_what_is_no_template(template: str) -> None:
    with pytest.raises(UsageFailure, match="jsonpath"):
        render(template, {})
