"""The JSONPath templates of ``-o jsonpath=…``, as far as people use them.

Known: ``{.status.phase}``, ``{.items[*].metadata.name}``, ``[0]`` and ``[-1]``, ``['a.b']``,
``[?(@.type=="Ready")]``, ``{"\\n"}``, and ``{range .items[*]}…{end}``. Several values are joined with a blank; objects
and lists are printed as JSON. Braces may be left out when the template is one path.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from playground_sdk.cli.failures import UsageFailure

__all__ = ["render"]

_PART = re.compile(r"\{(?P<inside>(?:[^{}\"']|\"(?:[^\"\\]|\\.)*\"|'[^']*')*)\}|(?P<text>[^{}]+)")
_STEP = re.compile(
    r"\.(?P<name>[\w/-]+|\*)"
    r"|\[(?P<index>-?\d+|\*)\]"
    r"|\[(?P<quote>['\"])(?P<quoted>.*?)(?P=quote)\]"
    r"|\[\?\(@(?P<left>(?:\.[\w/-]+)+)\s*(?P<operator>==|!=)\s*(?P<right>\"[^\"]*\"|'[^']*'|[\w.-]+)\s*\)\]"
)


@dataclass
class _Block:
    """A stretch of a template; ``path`` is what a ``range`` goes over."""

    path: str = ""
    parts: "list[str | _Path | _Block]" = field(default_factory=list)


@dataclass(frozen=True)
class _Path:
    text: str


def render(template: str, value: object) -> str:
    """Fill a template.

    Raises:
        UsageFailure: it is none; the message says where it goes wrong.
    """
    text = template if "{" in template else "{" + (template if template[:1] in {".", "["} else f".{template}") + "}"
    return "".join(_filled(_parse(text), value))


def _parse(template: str) -> _Block:
    stack = [_Block()]
    at = 0
    for part in _PART.finditer(template):
        if part.start() != at:
            break
        at = part.end()
        if part["text"] is not None:
            stack[-1].parts.append(part["text"])
            continue
        inside = part["inside"].strip()
        if inside.startswith("range "):
            block = _Block(inside.removeprefix("range ").strip())
            stack[-1].parts.append(block)
            stack.append(block)
        elif inside == "end":
            if len(stack) == 1:
                raise UsageFailure(f"jsonpath: {{end}} without {{range}} in {template!r}")
            stack.pop()
        elif inside[:1] in {'"', "'"}:
            stack[-1].parts.append(_literal(inside))
        else:
            stack[-1].parts.append(_Path(inside))
    if at != len(template):
        raise UsageFailure(f"jsonpath: {template!r} is not understood from {template[at : at + 20]!r} on")
    if len(stack) != 1:
        raise UsageFailure(f"jsonpath: a {{range}} has no {{end}} in {template!r}")
    return stack[0]


def _literal(inside: str) -> str:
    try:
        return str(json.loads(f'"{inside[1:-1]}"'))
    except ValueError:
        return inside[1:-1]


def _filled(block: _Block, value: object) -> Iterator[str]:
    for part in block.parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, _Path):
            yield " ".join(_text(found) for found in _values(part.text, value))
        else:
            for item in _values(part.path, value):
                yield from _filled(part, item)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _values(path: str, value: object) -> list[Any]:
    """What a path finds, in order; nothing where there is nothing."""
    rest = path.removeprefix("$").removeprefix("@")
    found: list[Any] = [value]
    at = 0
    while at < len(rest):
        if rest[at:] == ".":
            break
        step = _STEP.match(rest, at)
        if step is None:
            raise UsageFailure(f"jsonpath: {path!r} is not understood from {rest[at:]!r} on")
        at = step.end()
        found = [inner for outer in found for inner in _step(step, outer)]
    return found


def _step(step: re.Match[str], value: Any) -> Sequence[Any]:
    name = step["quoted"] if step["quote"] else step["name"]
    if name == "*" or step["index"] == "*":
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if name is not None:
        return [value[name]] if isinstance(value, dict) and name in value else []
    if not isinstance(value, list):
        return []
    if step["index"] is not None:
        index = int(step["index"])
        return value[index : index + 1 or None]
    right = step["right"].strip("\"'")
    wanted = step["operator"] == "=="
    return [item for item in value if ([_text(one) for one in _values(step["left"], item)] == [right]) == wanted]
