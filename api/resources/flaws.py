"""What is wrong with a document, in sentences that say where, what, and what may have been meant."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin

from pydantic import BaseModel, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from api.resources.documents import Document, Path, Position
from api.resources.manifest import PlaygroundManifest

_NAMES = {str: "a text", bool: "a boolean", int: "a whole number", float: "a number", list: "a list", dict: "a mapping"}
_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "list_type": "a list",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_MENDED_BY_QUOTES = (bool, int, float)
MOST_FLAWS = 100
"""That are told of one document: what was meant takes time to find out, and a small one can have many thousands."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong. `message` begins with the path, where there is one."""

    message: str
    path: Path = ()
    position: Position | None = None
    document: int = 1
    type: str = "value_error"

    def __str__(self) -> str:
        """With document, line and column, as a person reads it after a file's name."""
        where = f"line {self.position.line}, column {self.position.column}: " if self.position else ""
        return f"document {self.document}, {where}{self.message}" if self.document > 1 else f"{where}{self.message}"


def written(path: Path) -> str:
    """A path as people write it: `spec.env[0].name`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_manifest(document: Document) -> tuple[PlaygroundManifest | None, tuple[Flaw, ...]]:
    """The playground that a document asks for, or what is wrong with it, in the order in which it stands there.

    That is all of it, but for a document with more than `MOST_FLAWS`. `status` is what the controller saw: it is not
    looked at.
    """
    value = document.value
    if not isinstance(value, dict):
        return None, (_flaw(document, (), f"a mapping is expected, and not {_name(value)}", "model_type"),)
    try:
        return PlaygroundManifest.model_validate({key: part for key, part in value.items() if key != "status"}), ()
    except ValidationError as error:
        flaws = [_explained(document, details) for details in error.errors(include_url=False)[:MOST_FLAWS]]
    last = Position(10**9, 0)
    places = [flaw.position or last for flaw in flaws]
    order = sorted(range(len(flaws)), key=lambda index: (places[index].line, places[index].column, flaws[index].path))
    return None, tuple(flaws[index] for index in order)


def _flaw(document: Document, path: Path, message: str, kind: str) -> Flaw:
    text = f"{written(path)}: {message}" if path else message
    return Flaw(text, path, document.position(path), document.number, kind)


def _explained(document: Document, details: ErrorDetails) -> Flaw:
    path, kind, given = _plain(details["loc"]), details["type"], details["input"]
    context: dict[str, Any] = details.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return _flaw(document, path, _unknown(path), kind)
        case "missing":
            return _flaw(document, path, "is required, and missing", kind)
        case "literal_error":
            return _flaw(document, path, _choice(str(context["expected"]), given), kind)
        case "string_pattern_mismatch":
            return _flaw(document, path, _pattern(path, given), kind)
        case "value_error":
            return _flaw(document, path, str(context["error"]), kind)
        case _ if kind in _WANTED:
            return _flaw(document, path, _wrong_type(_WANTED[kind], given), kind)
        case _:
            message = details["msg"].removeprefix("Input should be ").removeprefix("String should ")
            return _flaw(document, path, f"must be {message}" if "Input" in details["msg"] else message, kind)


def _plain(loc: tuple[int | str, ...]) -> Path:
    """The path without pydantic's own word for "this is about a mapping's key"."""
    return tuple(step for step in loc if step != "[key]")


def _unknown(path: Path) -> str:
    *above, last = path
    parent = tuple(above)
    here = known_fields().get(_general(parent), ())
    near = difflib.get_close_matches(str(last), here, n=1, cutoff=0.6)
    lower = {name.lower().replace("_", ""): name for name in here}
    meant = near[0] if near else lower.get(str(last).lower().replace("_", ""))
    if meant is not None:
        return f"unknown, did you mean {written((*parent, meant))}?"
    elsewhere = [where for where, names in known_fields().items() if last in names]
    if elsewhere:
        return f"unknown here, did you mean {written((*elsewhere[0], last))}?"
    return f"unknown; there is {', '.join(here)}" if here else "unknown"


def _choice(expected: str, given: JsonValue) -> str:
    words = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    near = difflib.get_close_matches(str(given).lower(), [word.lower() for word in words], n=1, cutoff=0.7)
    meant = next((word for word in words if near and word.lower() == near[0]), None)
    listed = words[0] if len(words) == 1 else f"one of {', '.join(words)}"
    hint = f"; did you mean {meant}?" if meant and meant != given else ""
    return f"{listed} is expected, and not {_shown(given)}{hint}"


def _pattern(path: Path, given: JsonValue) -> str:
    match path[-1]:
        case "name" if path[0] == "metadata":
            return (
                f"{_shown(given)} is no name: lower-case letters, digits and '-' are expected, at most 63, "
                "with no '-' at the ends"
            )
        case "name":
            return f"{_shown(given)} is no variable's name: a letter or '_', then letters, digits, '_', '.' and '-'"
        case "path":
            return f"{_shown(given)} is no path: a '/', then printable ASCII without spaces"
        case _:
            return f"{_shown(given)} is not of the form that is expected"


def _wrong_type(wanted: str, given: JsonValue) -> str:
    quotes = "; put it in quotes" if wanted == "a text" and isinstance(given, _MENDED_BY_QUOTES) else ""
    plain = "; write it without quotes" if wanted == "a whole number" and _is_number(given) else ""
    return f"{wanted} is expected, and not {_name(given)} ({_shown(given)}){quotes}{plain}"


def _is_number(given: JsonValue) -> bool:
    return isinstance(given, str) and given.removeprefix("-").isdigit()


def _name(given: JsonValue) -> str:
    return "nothing" if given is None else _NAMES[type(given)]


def _shown(given: JsonValue) -> str:
    if isinstance(given, bool) or given is None:
        return {True: "true", False: "false", None: "null"}[given]
    text = repr(given) if isinstance(given, str) else str(given)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _general(path: Path) -> tuple[str, ...]:
    return tuple("[]" if isinstance(step, int) else step for step in path)


@cache
def known_fields() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Every mapping of a playground that a person writes, by its path, with the names of its fields."""
    return dict(_fields(PlaygroundManifest, ()))


def _fields(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    names = {name: field.alias or name for name, field in model.model_fields.items()}
    yield path, tuple(name for name in names.values() if (path, name) != ((), "status"))
    for name, field in model.model_fields.items():
        for part in (field.annotation, *get_args(field.annotation)):
            inside = get_args(part)
            if isinstance(part, type) and issubclass(part, BaseModel) and name != "status":
                yield from _fields(part, (*path, names[name]))
            elif get_origin(part) is list and isinstance(inside[0], type) and issubclass(inside[0], BaseModel):
                yield from _fields(inside[0], (*path, names[name], "[]"))
