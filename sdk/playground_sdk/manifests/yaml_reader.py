"""YAML from people: several documents with their lines, bounded in size, depth and in what aliases stand for.

Scalars are read as the server reads them (YAML 1.1: an unquoted ``yes`` is true), and dates are texts. Duplicate keys,
tags of other languages, NaN and infinity are refused, because JSON has no place for them.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from playground_sdk.manifests.documents import Document, ManifestError, Problem, Steps

__all__ = ["MAX_DOCUMENT_BYTES", "MAX_FILE_BYTES", "read_documents"]

MAX_FILE_BYTES = 16 * 1024 * 1024
MAX_DOCUMENT_BYTES = 256 * 1024
_MAX_DEPTH = 32
_MAX_NODES = 10_000  # of one document, with its aliases written out
_MAX_DIGITS = 40  # longer numbers cost quadratic time to convert
_PREFIX = "tag:yaml.org,2002:"
_MERGE = f"{_PREFIX}merge"
_TEXTS = frozenset({"str", "timestamp", "value", "merge"})


def read_documents(data: bytes, file: str, folder: Path) -> list[Document]:
    """Read all documents of one file; empty ones are left out, but counted.

    ``file`` is its name for messages, ``folder`` what relative paths in it start from.

    Raises:
        ManifestError: it is too large, no UTF-8, no YAML, or a document is no mapping of fields.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ManifestError(Problem(file, 0, 0, "", f"it has {len(data)} bytes; at most {MAX_FILE_BYTES} are read."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = data[: exc.start].count(b"\n") + 1
        raise ManifestError(Problem(file, 0, line, "", "it is not UTF-8 text.")) from None
    try:
        _check_shape(text, file)
        loader = yaml.CSafeLoader(text)
        try:
            return list(_documents(loader, file, folder))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark or exc.context_mark
        line = mark.line + 1 if mark else 0
        said = " ".join((exc.problem or exc.context or "it can't be read").split())
        raise ManifestError(Problem(file, 0, line, "", f"this is no valid YAML: {said}.")) from None
    except (yaml.YAMLError, RecursionError) as exc:
        said = " ".join(str(exc).split())[:200]
        raise ManifestError(Problem(file, 0, 0, "", f"this is no valid YAML: {said}.")) from None


def _check_shape(text: str, file: str) -> None:
    """Size, depth and number of parts of each document, before any is composed: composing is recursive."""
    number = depth = parts = start = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        assert event.start_mark is not None
        assert event.end_mark is not None
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentStartEvent):
            number, parts, start = number + 1, 0, event.start_mark.index
        elif isinstance(event, yaml.DocumentEndEvent):
            size = len(text[start : event.end_mark.index].encode())
            if size > MAX_DOCUMENT_BYTES:
                say = f"the document has {size} bytes; at most {MAX_DOCUMENT_BYTES} are allowed."
                raise ManifestError(Problem(file, number, line, "", say))
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        parts += 1
        if depth > _MAX_DEPTH:
            say = f"it is nested more than {_MAX_DEPTH} levels deep."
            raise ManifestError(Problem(file, number, line, "", say))
        if parts > _MAX_NODES:
            say = f"the document has more than {_MAX_NODES} parts."
            raise ManifestError(Problem(file, number, line, "", say))


def _documents(loader: yaml.CSafeLoader, file: str, folder: Path) -> Iterator[Document]:
    number = 0
    while loader.check_node():
        number += 1
        node = loader.get_node()
        assert node is not None, "check_node said that there is one"
        if isinstance(node, yaml.ScalarNode) and node.tag == f"{_PREFIX}null":
            continue
        if not isinstance(node, yaml.MappingNode):
            say = "a document is a mapping of fields, such as 'apiVersion: playground/v1'."
            raise ManifestError(Problem(file, number, node.start_mark.line + 1, "", say))
        builder = _Builder(loader, file, number)
        value = builder.mapping(node, ())
        if builder.problems:
            raise ManifestError(*sorted(builder.problems, key=lambda problem: problem.line))
        yield Document(file, number, value, folder, builder.lines)


class _Builder:
    """Turns the nodes of one document into JSON values, remembering the line of each part."""

    def __init__(self, loader: yaml.CSafeLoader, file: str, number: int) -> None:
        self._loader = loader
        self._document = Document(file, number, {}, Path())
        self._seen = 0
        self.lines: dict[Steps, int] = {}
        self.problems: list[Problem] = []

    def mapping(self, node: yaml.MappingNode, path: Steps) -> dict[str, Any]:
        """Build an object; a key that is there twice is a problem."""
        self.lines.setdefault(path, node.start_mark.line + 1)
        value: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(line, path, "a key must be plain text.")
            elif key_node.tag == _MERGE:
                merged |= self._merged(value_node, path)
            elif key_node.value in value:
                first = self.lines[(*path, key_node.value)]
                self._refuse(line, (*path, key_node.value), f"the key is there twice; the first is in line {first}.")
            else:
                self.lines[(*path, key_node.value)] = line
                value[key_node.value] = self._value(value_node, (*path, key_node.value))
        return {**merged, **value}

    def _value(self, node: yaml.Node, path: Steps) -> Any:
        self._seen += 1
        if self._seen > _MAX_NODES or len(path) > _MAX_DEPTH:
            say = "its aliases refer to themselves, or stand for too much."
            raise ManifestError(*self.problems, self._problem(node.start_mark.line + 1, path[:3], say))
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_PREFIX}map":
            return self.mapping(node, path)
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_PREFIX}seq":
            return [self._value(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, yaml.ScalarNode) and node.tag.startswith(_PREFIX):
            return self._scalar(node, path)
        self._refuse(node.start_mark.line + 1, path, f"the tag {node.tag!r} means nothing here; leave it out.")
        return None

    def _merged(self, node: yaml.Node, path: Steps) -> dict[str, Any]:
        """What ``<<`` brings in; of several mappings the first one wins."""
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        brought: dict[str, Any] = {}
        for one in nodes:
            found = self._value(one, path)
            if isinstance(found, Mapping):
                brought = {**found, **brought}
            else:
                self._refuse(one.start_mark.line + 1, path, "'<<' brings in a mapping, or a list of some.")
        return brought

    def _scalar(self, node: yaml.ScalarNode, path: Steps) -> Any:
        text, kind, line = node.value, node.tag.removeprefix(_PREFIX), node.start_mark.line + 1
        if kind == "null":
            return None
        if kind == "bool":
            return text.lower() in {"yes", "true", "on"}
        if kind in {"int", "float"}:
            if len(text) > _MAX_DIGITS:
                self._refuse(line, path, f"this is a number of {len(text)} characters; put it in quotes.")
                return None
            number = self._loader.construct_object(node)
            if isinstance(number, float) and not math.isfinite(number):
                self._refuse(line, path, f"{text} is no number that JSON has; put it in quotes if it is a text.")
            return number
        if kind not in _TEXTS:
            self._refuse(line, path, f"the tag '!!{kind}' means nothing here; leave it out.")
        return text

    def _refuse(self, line: int, path: Steps, message: str) -> None:
        self.problems.append(self._problem(line, path, message))

    def _problem(self, line: int, path: Steps, message: str) -> Problem:
        found = self._document.problem(path, message)
        return Problem(found.file, found.document, line, found.path, message)
