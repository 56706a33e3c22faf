"""Checks documents offline, by the rules the server has: the JSON Schema of their kind, and what no schema says."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from playground_sdk.manifests.documents import Document, ManifestError, Problem
from playground_sdk.packing import is_plugin
from playground_sdk.schema import Schema, load_schema, schema_names

__all__ = ["API_VERSION", "KINDS", "archive_of", "check_documents", "schema_of"]

API_VERSION = "playground/v1"
KINDS: Mapping[str, str] = {"Playground": "playground"}
"""The kinds that can be applied, and the names of their schemas."""


def schema_of(kind: str) -> Schema:
    """The schema of a kind that can be applied."""
    return load_schema(KINDS[kind])


def check_documents(documents: Sequence[Document]) -> None:
    """Check each document, and all of them together.

    Raises:
        ManifestError: with everything that is wrong in any of them.
    """
    schemas = {kind: schema_of(kind) for kind, name in KINDS.items() if name in schema_names()}
    problems = [problem for document in documents for problem in _document_problems(document, schemas)]
    problems += _doubled(documents)
    if problems:
        raise ManifestError(*problems)


def archive_of(document: Document) -> Path | None:
    """The folder or ZIP file of ``spec.plugin.archive``, where the document names one on this machine."""
    named = _at(document.value, "spec", "plugin", "archive")
    if not isinstance(named, str) or not named or named.startswith("sha256:"):
        return None
    return document.folder / Path(named).expanduser()


def _document_problems(document: Document, schemas: Mapping[str, Schema]) -> Iterator[Problem]:
    version, kind = document.value.get("apiVersion"), document.value.get("kind")
    if version != API_VERSION:
        said = "is missing" if version is None else f"{version!r} is unknown"
        yield document.problem(("apiVersion",), f"{said}; write 'apiVersion: {API_VERSION}'.")
    if not isinstance(kind, str) or kind not in schemas:
        close = get_close_matches(str(kind), schemas, 1, 0.5)
        said = "is missing" if kind is None else f"{kind!r} is unknown"
        meant = f"did you mean {close[0]}?" if close else f"write 'kind: {next(iter(schemas))}'."
        yield document.problem(("kind",), f"{said}; {meant}")
        return
    for violation in schemas[kind].violations(document.value):
        if violation.path[:1] not in {("apiVersion",), ("kind",)}:
            yield document.problem(violation.path, violation.message)
    yield from _unique_env(document)
    yield from _archive_problems(document)


def _unique_env(document: Document) -> Iterator[Problem]:
    """An environment variable that is there twice has no value."""
    env = _at(document.value, "spec", "env")
    seen: dict[str, int] = {}
    for index, entry in enumerate(env if isinstance(env, list) else ()):
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if isinstance(name, str) and seen.setdefault(name, index) != index:
            say = f"{name} is there already, as spec.env[{seen[name]}]."
            yield document.problem(("spec", "env", index, "name"), say)


def _archive_problems(document: Document) -> Iterator[Problem]:
    """The folder or file that is to be uploaded has to be there."""
    path = archive_of(document)
    if path is None:
        return
    place = ("spec", "plugin", "archive")
    if not path.exists():
        yield document.problem(place, f"there is no folder or ZIP file {path}.")
    elif path.is_dir() and not is_plugin(path):
        yield document.problem(place, f"{path} is no plugin: it has no config.yaml.")


def _doubled(documents: Sequence[Document]) -> Iterator[Problem]:
    """The same name twice in one set would make the second one undo the first."""
    first: dict[tuple[object, str], Document] = {}
    for document in documents:
        key = (document.value.get("kind"), document.name)
        if not document.name:
            continue
        if key in first:
            other = first[key]
            say = f"{document.name} is there already, in {other.file}, document {other.number}."
            yield document.problem(("metadata", "name"), say)
        else:
            first[key] = document


def _at(value: object, *steps: str) -> Any:
    """What is at a path of names, or None."""
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
