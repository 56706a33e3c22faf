"""YAML and JSON from strangers, as plain JSON values that remember where they stood.

One loader for all that people write: bounded in size, depth and in what aliases stand for; a key that is there twice is
an error, and so is a value that JSON does not have. Positions are for messages: line and column, counted from 1.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import JsonValue

Path = tuple[str | int, ...]
"""The way to a value: keys and list indices from the document's root."""

MAX_NUMBER = 40  # characters; longer ones cost quadratic time to turn into a number
_CONVERTED = frozenset(f"tag:yaml.org,2002:{name}" for name in ("int", "float", "timestamp"))
_TAG = "tag:yaml.org,2002:"
_MERGE = f"{_TAG}merge"
_JSON_TOKEN = re.compile(r'[ \t\r\n]*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[\[\]{},:])|(?P<word>[^\s\[\]{},:"]+))')
_ESCAPE = re.compile(r'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may be: bytes, parts (aliases counted as what they stand for), levels, documents."""

    size: int
    nodes: int = 10_000
    depth: int = 32
    documents: int = 1000


@dataclass(frozen=True, slots=True)
class Position:
    """Where something stands; both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """One document of a file: what it says, and where each value (a mapping's entry: its key) stands."""

    value: JsonValue
    number: int = 1
    """Which of the file's documents, counted from 1."""
    positions: dict[Path, Position] = field(default_factory=dict)

    def position(self, path: Path) -> Position | None:
        """Where the value at `path` stands, or else the nearest one above it."""
        for length in range(len(path), -1, -1):
            found = self.positions.get(path[:length])
            if found is not None:
                return found
        return None


class DocumentError(Exception):
    """The text is none of what it should be; `str()` is a sentence without the file's name, to be put after it."""

    def __init__(self, message: str, *, document: int = 1, position: Position | None = None) -> None:
        self.document = document
        self.position = position
        super().__init__(message)


def decode(data: bytes, limits: Limits) -> str:
    """The text of a file. Raises DocumentError: too large, or no UTF-8."""
    if len(data) > limits.size:
        raise DocumentError(f"has {len(data)} bytes; at most {limits.size} are allowed.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DocumentError("is not UTF-8 text.") from None


def load_yaml(data: bytes, limits: Limits) -> tuple[Document, ...]:
    """The documents of a YAML file that are not empty. Raises DocumentError."""
    found = []
    try:
        for number, (loader, node) in enumerate(nodes(decode(data, limits), limits), start=1):
            positions: dict[Path, Position] = {}
            value = _Converter(loader, positions, number).value(node, ())
            if value is not None:
                found.append(Document(value, number, positions))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Position(mark.line + 1, mark.column + 1) if mark else None
        raise DocumentError(f"is no valid YAML: {where_it_fails(error)}.", position=where) from None
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError) as error:
        raise DocumentError(f"is no valid YAML: {' '.join(str(error).split())[:200]}.") from None
    return tuple(found)


def nodes(text: str, limits: Limits) -> Iterator[tuple[yaml.CSafeLoader, yaml.Node]]:
    """The root node of each document, checked against the limits, with the loader that made it.

    Raises DocumentError, or PyYAML's errors.
    """
    _check_events(text, limits)
    loader = yaml.CSafeLoader(text)
    try:
        number = 0
        while loader.check_node():
            number += 1
            node = loader.get_node()
            assert node is not None, "check_node said that there is one"
            if number > limits.documents:
                raise DocumentError(f"has more than {limits.documents} documents.", document=number)
            _check_nodes(node, limits, number)
            yield loader, node
    finally:
        loader.dispose()


def where_it_fails(error: yaml.MarkedYAMLError) -> str:
    """What YAML's parser says, and where."""
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "it can't be read"
    return problem if mark is None else f"{problem} (line {mark.line + 1}, column {mark.column + 1})"


def _check_events(text: str, limits: Limits) -> None:
    """Depth and count before anything is built: composing is recursive."""
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > limits.depth:
            raise DocumentError(f"is nested more than {limits.depth} levels deep.", position=_at(event.start_mark))
        if count > limits.nodes:
            raise DocumentError(f"has more than {limits.nodes} parts.", position=_at(event.start_mark))


def _check_nodes(root: yaml.Node, limits: Limits, number: int) -> None:
    """Counts what the aliases stand for, and refuses keys that are there twice."""
    pending: list[tuple[yaml.Node, int]] = [(root, 0)]
    seen = 0
    while pending:
        node, depth = pending.pop()
        seen += 1
        if seen > limits.nodes or depth > limits.depth:
            raise DocumentError("refers to itself, or its aliases stand for too much.", document=number)
        if isinstance(node, yaml.ScalarNode) and node.tag in _CONVERTED and len(node.value) > MAX_NUMBER:
            message = f"has a number of {len(node.value)} characters; put it in quotes."
            raise DocumentError(message, document=number, position=_at(node.start_mark))
        if isinstance(node, yaml.MappingNode):
            _check_keys(node, number)
        pending.extend((child, depth + 1) for child in _children(node))


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key
            yield value


def _check_keys(node: yaml.MappingNode, number: int) -> None:
    keys: set[tuple[str, str]] = set()
    for key, _ in node.value:
        at = _at(key.start_mark)
        if not isinstance(key, yaml.ScalarNode):
            message = f"has a key that is no plain text (line {at.line})."
            raise DocumentError(message, document=number, position=at)
        identity = (key.tag, key.value)
        if identity in keys and key.tag != _MERGE:
            message = f"has the key '{key.value[:80]}' twice (line {at.line})."
            raise DocumentError(message, document=number, position=at)
        keys.add(identity)


@dataclass(frozen=True)
class _Converter:
    """Nodes to JSON values, noting where they stand. A date stays the text it was written as."""

    loader: yaml.CSafeLoader
    positions: dict[Path, Position]
    document: int

    def value(self, node: yaml.Node, path: Path) -> JsonValue:
        """The value of a node. Raises DocumentError for what JSON does not have."""
        self.positions.setdefault(path, _at(node.start_mark))
        if isinstance(node, yaml.MappingNode):
            self.loader.flatten_mapping(node)
            result: dict[str, JsonValue] = {}
            for key, child in node.value:
                self.positions[(*path, key.value)] = _at(key.start_mark)
                result[key.value] = self.value(child, (*path, key.value))
            return result
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> JsonValue:
        assert isinstance(node, yaml.ScalarNode), "the two other kinds were handled"
        tag = node.tag.removeprefix(_TAG)
        text = str(node.value)
        if tag in {"str", "timestamp"}:
            return text
        if tag == "null":
            return None
        if tag == "bool":
            return text.lower() in {"yes", "true", "on"}
        if tag == "int":
            return int(self.loader.construct_yaml_int(node))
        if tag == "float":
            number = float(self.loader.construct_yaml_float(node))
            if math.isfinite(number):
                return number
        message = f"has a value that is not a text, number, boolean, list or mapping: {text[:40]!r} ({node.tag[:40]})."
        raise DocumentError(message, document=self.document, position=_at(node.start_mark))


def _at(mark: Any) -> Position:
    """A mark of PyYAML, whose C parser has a class of its own for it."""
    return Position(mark.line + 1, mark.column + 1)


def locate_json(text: str, limits: Limits) -> dict[Path, Position]:
    """Where each value of a JSON text stands. The text has been parsed already, and its depth was looked at: each
    place costs as much as it is deep.

    Raises DocumentError for a key that is there twice in an object, and for more parts than the limit.
    """
    lines = [0, *(index + 1 for index, letter in enumerate(text) if letter == "\n")]
    positions: dict[Path, Position] = {}
    path: list[str | int] = []
    kinds: list[bool] = []  # True for an object
    wants_key = False
    for token in _JSON_TOKEN.finditer(text):
        start = token.start(token.lastgroup or 0)
        line = bisect_right(lines, start)
        at = Position(line, start - lines[line - 1] + 1)
        if len(positions) > limits.nodes:
            raise DocumentError(f"has more than {limits.nodes} parts.", position=at)
        mark = token["mark"]
        if mark in ("}", "]"):
            kinds.pop()
            path.pop()
            wants_key = False
        elif mark == ",":
            wants_key = kinds[-1]
            last = path[-1]
            if isinstance(last, int):
                path[-1] = last + 1
        elif wants_key and token["text"] is not None:
            path[-1] = _unescaped(token["text"][1:-1])
            if tuple(path) in positions:
                raise DocumentError(f"has the key '{str(path[-1])[:80]}' twice (line {at.line}).", position=at)
            positions[tuple(path)] = at
            wants_key = False
        elif mark != ":":
            positions.setdefault(tuple(path), at)
            if mark is not None:
                kinds.append(mark == "{")
                path.append("" if mark == "{" else 0)
                wants_key = mark == "{"
    return positions


def _unescaped(text: str) -> str:
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]), text)
    # Pairs of halves, as JSON writes characters beyond the first 65,536.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
