"""How resources are printed: as a table, as names, as JSON, YAML, or whatever a JSONPath picks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from playground_sdk.cli.failures import UsageFailure
from playground_sdk.cli.jsonpath import render
from playground_sdk.cli.output import Output, age, shown
from playground_sdk.objects import Playground
from playground_sdk.readiness import find_condition, waiting_for

__all__ = ["FORMATS", "check_format", "headers", "print_objects", "row"]

FORMATS = ("wide", "json", "yaml", "name", "jsonpath=…")
_JSONPATH = "jsonpath="

_Column = tuple[str, Callable[[Playground, float], str]]
_NARROW: tuple[_Column, ...] = (
    ("NAME", lambda item, _: item["metadata"]["name"]),
    ("STATUS", lambda item, _: item["status"]["phase"]),
    ("READY", lambda item, _: find_condition(item, "Ready")),
    ("RELEASE", lambda item, _: shown(_runs(item))),
    ("MODEL", lambda item, _: shown(item["spec"].get("model"))),
    ("AGE", lambda item, now: age(item["metadata"].get("creationTimestamp"), now)),
    ("URL", lambda item, _: shown(item["status"].get("endpoint"))),
)
_WIDE: tuple[_Column, ...] = (
    *_NARROW,
    ("CONTAINER", lambda item, _: shown((item["status"].get("containerId") or "")[:12])),
    ("IMAGE", lambda item, _: shown(item["status"].get("image"))),
    ("PORT", lambda item, _: shown(item["status"].get("hostPort"))),
    ("RESTARTS", lambda item, _: shown(item["status"].get("restarts"))),
    ("LABELS", lambda item, _: shown(_labels(item))),
    ("MESSAGE", lambda item, _: "-" if find_condition(item, "Ready") == "True" else waiting_for(item)),
)


def check_format(output: str | None, known: Sequence[str] = FORMATS) -> None:
    """Refuse a format that is not known, before anything is asked of the server.

    Raises:
        UsageFailure: it is not known, or its JSONPath is none.
    """
    if output is None or output in known:
        return
    if output.startswith(_JSONPATH) and FORMATS[-1] in known:
        render(output.removeprefix(_JSONPATH), {})
        return
    raise UsageFailure(f"-o {output}: there is {', '.join(known)}.")


def headers(output: str | None) -> list[str]:
    """The table's headers."""
    return [header for header, _ in _columns(output)]


def row(item: Playground, now: float, output: str | None) -> list[str]:
    """One playground as a row of the table; ``now`` in seconds since the epoch."""
    return [str(show(item, now)) for _, show in _columns(output)]


def print_objects(out: Output, items: Sequence[Playground], output: str | None, *, now: float, one: bool) -> None:
    """Print resources in a format; ``one`` says that one was asked for by name, which then is not put into a list."""
    value: object = items[0] if one else {"apiVersion": "playground/v1", "kind": "PlaygroundList", "items": [*items]}
    if output == "json":
        out.json(value)
    elif output == "yaml":
        from playground_sdk.cli.yaml_text import as_yaml  # noqa: PLC0415 (a table, the usual answer, needs no PyYAML)

        out.line(as_yaml(value).rstrip("\n"))
    elif output == "name":
        for item in items:
            out.line(f"playground/{item['metadata']['name']}")
    elif output is not None and output.startswith(_JSONPATH):
        out.line(render(output.removeprefix(_JSONPATH), value))
    else:
        out.table(headers(output), [row(item, now, output) for item in items])


def _columns(output: str | None) -> tuple[_Column, ...]:
    return _WIDE if output == "wide" else _NARROW


def _runs(item: Playground) -> Any:
    """The release, else the image, else the content's digest, shortened."""
    plugin = item["spec"].get("plugin") or {}
    return plugin.get("release") or plugin.get("image") or str(plugin.get("archive") or "")[:19]


def _labels(item: Playground) -> str:
    labels: Mapping[str, str] = item["metadata"].get("labels") or {}
    return ",".join(f"{name}={value}" if value else name for name, value in labels.items())
