"""A small validator for the JSON Schemas of the kinds, with messages for people; and the schemas themselves.

It knows the keywords that these schemas use (a test holds that against the files) and says what was meant where it
can: ``spec.resource: unknown, did you mean spec.resources?``. A general validator would be a dependency more, and
would answer ``Additional properties are not allowed``.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.resources import files
from typing import Any, cast

__all__ = ["KEYWORDS", "Node", "Schema", "Steps", "Violation", "closest", "load_schema", "schema_names"]

KEYWORDS = frozenset(
    {
        *("$ref", "type", "enum", "const", "anyOf", "oneOf", "allOf", "properties", "required", "propertyNames"),
        *("additionalProperties", "patternProperties", "items", "minItems", "maxItems", "uniqueItems"),
        *("minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
        *("minProperties", "maxProperties"),
    }
)
"""The keywords that are checked; ``not``, ``if`` and the like are not known."""

Node = Mapping[str, Any]
Steps = tuple[str | int, ...]
_WORDS = {
    "object": "a mapping of fields",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong: the path in the value, and a sentence that says what is wanted."""

    path: Steps
    message: str


class Schema:
    """One JSON Schema, with ``$ref`` to its own ``$defs``."""

    def __init__(self, root: Node) -> None:
        self.root = root

    def violations(self, value: object) -> list[Violation]:
        """Check a value as JSON has it; what is wrong, in the order of the value."""
        return list(self._check(value, self.root, ()))

    def resolve(self, node: Node) -> Node:
        """Follow ``$ref``; what stands beside it (a description, say) wins over what it refers to."""
        while "$ref" in node:
            target: Any = self.root
            for step in str(node["$ref"]).removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            node = {**target, **{key: kept for key, kept in node.items() if key != "$ref"}}
        return node

    def branches(self, node: Node) -> list[Node]:
        """What a node may be: itself, or its alternatives, those of alternatives written out."""
        node = self.resolve(node)
        for keyword in ("anyOf", "oneOf"):
            if keyword in node and "properties" not in node:
                return [branch for inner in node[keyword] for branch in self.branches(inner)]
        if len(node.get("allOf") or ()) == 1:
            return self.branches({**node["allOf"][0], **{key: kept for key, kept in node.items() if key != "allOf"}})
        return [node]

    def object_of(self, node: Node) -> Node | None:
        """The alternative that is an object with named fields, if there is one."""
        return next((branch for branch in self.branches(node) if "properties" in branch), None)

    def _check(self, value: object, node: Node, path: Steps) -> Iterator[Violation]:
        node = self.resolve(node)
        for inner in node.get("allOf") or ():
            yield from self._check(value, inner, path)
        for keyword in ("anyOf", "oneOf"):
            if keyword in node:
                yield from self._choose(value, node, keyword, path)
        wanted = node.get("type")
        if wanted is not None and not _is_any(value, wanted):
            quotes = " Put it in quotes." if wanted == "string" and isinstance(value, bool | int | float) else ""
            yield Violation(path, f"{_named(wanted)} is expected, not {_shown(value)}.{quotes}")
            return
        if "const" in node and not _same(value, node["const"]):
            yield Violation(path, f"it must be {node['const']!r}, not {_shown(value)}.")
        if "enum" in node and not any(_same(value, one) for one in node["enum"]):
            yield Violation(
                path, f"one of {_list(node['enum'])} is expected, not {_shown(value)}.{_meant(value, node)}"
            )
        if isinstance(value, str):
            yield from _check_text(value, node, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield from _check_number(value, node, path)
        elif isinstance(value, list):
            yield from self._check_list(value, node, path)
        elif isinstance(value, Mapping):
            yield from self._check_object(value, node, path)

    def _choose(self, value: object, node: Node, keyword: str, path: Steps) -> Iterator[Violation]:
        """Check alternatives; where none fits, tell what is wrong with the one that was most likely meant."""
        found = [(branch, list(self._check(value, branch, path))) for branch in node[keyword]]
        fits = [branch for branch, wrong in found if not wrong]
        if len(fits) == 1 or (fits and keyword == "anyOf"):
            return
        if fits:
            yield Violation(path, f"exactly one of {self._choices(fits)} is expected.")
            return
        close = [(branch, wrong) for branch, wrong in found if all(one.path != path for one in wrong)]
        same_type = [pair for pair in found if _is_any(value, self.resolve(pair[0]).get("type", "object"))]
        if len(close or same_type) == 1:
            yield from (close or same_type)[0][1]
        elif "properties" in node or all(set(branch) <= {"required", "not"} for branch, _ in found):
            yield Violation(path, f"exactly one of {self._choices([branch for branch, _ in found])} is expected.")
        else:
            likely = close or same_type or found
            said = dict.fromkeys(one.message for _, wrong in likely for one in wrong if one.path == path)
            if said:
                yield Violation(path, " Or: ".join(said))
            else:
                yield from min((wrong for _, wrong in likely), key=len)

    def _choices(self, branches: Sequence[Node]) -> str:
        """Name alternatives by the fields they require."""
        names = [" and ".join(self.resolve(branch).get("required") or ["another"]) for branch in branches]
        return _list(list(dict.fromkeys(names)))

    def _check_list(self, value: list[object], node: Node, path: Steps) -> Iterator[Violation]:
        if len(value) > node.get("maxItems", len(value)):
            yield Violation(path, f"at most {node['maxItems']} entries are allowed, and there are {len(value)}.")
        if len(value) < node.get("minItems", 0):
            yield Violation(path, f"at least {node['minItems']} entries are expected.")
        if node.get("uniqueItems") and any(item in value[:index] for index, item in enumerate(value)):
            yield Violation(path, "an entry is there twice.")
        for index, item in enumerate(value):
            yield from self._check(item, node.get("items") or {}, (*path, index))

    def _check_object(self, value: Mapping[str, object], node: Node, path: Steps) -> Iterator[Violation]:
        known: Mapping[str, Node] = node.get("properties") or {}
        for name in node.get("required") or ():
            if name not in value:
                yield Violation(path, f"{name} is missing.")
        if len(value) > node.get("maxProperties", len(value)):
            yield Violation(path, f"at most {node['maxProperties']} entries are allowed, and there are {len(value)}.")
        if len(value) < node.get("minProperties", 0):
            yield Violation(path, f"at least {node['minProperties']} entries are expected.")
        patterns: Mapping[str, Node] = node.get("patternProperties") or {}
        others = node.get("additionalProperties", True)
        for name, inner in value.items():
            place = (*path, name)
            if "propertyNames" in node:
                for wrong in self._check(name, node["propertyNames"], place):
                    yield Violation(place, f"as a name: {wrong.message}")
            matching = [branch for pattern, branch in patterns.items() if re.search(pattern, name)]
            if name in known:
                matching.append(known[name])
            elif not matching and others is False:
                yield Violation(place, _unknown(name, known, path))
            elif not matching and isinstance(others, Mapping):
                matching.append(others)
            for branch in matching:
                yield from self._check(inner, branch, place)


def schema_names() -> list[str]:
    """Name the schemas that are shipped."""
    found = (entry.name for entry in files("playground_sdk").joinpath("schemas").iterdir())
    return sorted(name.removesuffix(".json") for name in found if name.endswith(".json"))


def load_schema(name: str) -> Schema:
    """Load one of the shipped schemas.

    Raises:
        FileNotFoundError: none has that name.
    """
    text = files("playground_sdk").joinpath("schemas", f"{name}.json").read_text(encoding="utf-8")
    return Schema(cast("Node", json.loads(text)))


def closest(word: str, known: Iterable[str]) -> str | None:
    """Which of the known words was most likely meant: the same in another case or spelling, else a similar one."""
    folded = {_folded(name): name for name in known}
    if _folded(word) in folded:
        return folded[_folded(word)]
    close = get_close_matches(_folded(word), folded, 1, 0.6)
    return folded[close[0]] if close else None


def _folded(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "")


def _check_text(value: str, node: Node, path: Steps) -> Iterator[Violation]:
    if len(value) > node.get("maxLength", len(value)):
        yield Violation(path, f"at most {node['maxLength']} characters are allowed, and it has {len(value)}.")
    elif len(value) < node.get("minLength", 0):
        least = node["minLength"]
        say = "it must not be empty." if least == 1 else f"at least {least} characters are expected."
        yield Violation(path, say)
    elif "pattern" in node and not re.search(_ecma(node["pattern"]), value):
        yield Violation(path, f"{_shown(value)} is not of the form that is expected: {_form(node)}")


def _check_number(value: float, node: Node, path: Steps) -> Iterator[Violation]:
    if not math.isfinite(value):
        yield Violation(path, "it is no number that JSON has.")
    elif value < node.get("minimum", value):
        yield Violation(path, f"at least {node['minimum']} is expected, not {value}.")
    elif value > node.get("maximum", value):
        yield Violation(path, f"at most {node['maximum']} is allowed, not {value}.")
    elif "exclusiveMinimum" in node and value <= node["exclusiveMinimum"]:
        yield Violation(path, f"more than {node['exclusiveMinimum']} is expected, not {value}.")
    elif "exclusiveMaximum" in node and value >= node["exclusiveMaximum"]:
        yield Violation(path, f"less than {node['exclusiveMaximum']} is allowed, not {value}.")


def _ecma(pattern: str) -> str:
    """JSON Schema's ``$`` is the end of the text; Python's matches before a final line break too."""
    return pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern


def _form(node: Node) -> str:
    """How a text should look: the schema's own words, its examples, or in the end its pattern."""
    if node.get("examples"):
        return f"such as {_list(node['examples'])}."
    if node.get("description"):
        return " ".join(str(node["description"]).split())
    return str(node["pattern"])


def _unknown(name: str, known: Mapping[str, Node], path: Steps) -> str:
    """Say that a field is unknown, and which was meant."""
    before = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path).lstrip(".")
    if meant := closest(name, known):
        return f"unknown, did you mean {before}.{meant}?" if before else f"unknown, did you mean {meant}?"
    return f"unknown; known here: {', '.join(known) or 'nothing'}."


def _meant(value: object, node: Node) -> str:
    meant = closest(str(value), [str(word) for word in node["enum"]])
    return f" Did you mean {meant}?" if meant else ""


def _is_any(value: object, wanted: str | Sequence[str]) -> bool:
    return any(_is(value, kind) for kind in ([wanted] if isinstance(wanted, str) else wanted))


def _is(value: object, kind: str) -> bool:
    match kind:
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "string":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return not isinstance(value, bool) and (
                isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            )
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
    return value is None


def _same(value: object, other: object) -> bool:
    """Equality as JSON has it: true is not 1."""
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _named(wanted: str | Sequence[str]) -> str:
    return " or ".join(_WORDS.get(kind, kind) for kind in ([wanted] if isinstance(wanted, str) else wanted))


def _shown(value: object) -> str:
    """A value in a message: short, and recognisable by its type."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return f"the text {text[:60]}" if isinstance(value, str) else text[:60]


def _list(words: Sequence[object]) -> str:
    shown = [str(word) for word in words]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"
