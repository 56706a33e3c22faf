"""Checks documents offline, by the rules the server has: the JSON Schema of their kind, and what no schema says."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from playground_sdk.manifests.documents import Document, ManifestError, Problem
from playground_sdk.manifests.rules import at, rule_violations
from playground_sdk.packing import is_plugin
from playground_sdk.schema import Schema, load_schema, schema_names

__all__ = ["API_VERSION", "KINDS", "archive_of", "check_documents", "schema_of", "with_archive"]

API_VERSION = "playground/v1"
KINDS: Mapping[str, str] = {"Playground": "playground"}
"""The kinds that can be applied, and the names of their schemas."""
_HEAD = frozenset({("apiVersion",), ("kind",), ("api_version",)})


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
    named = at(document.value, "spec", "plugin", "archive")
    if not isinstance(named, str) or not named or named.startswith("sha256:"):
        return None
    return document.folder / Path(named).expanduser()


def with_archive(document: Document, digest: str) -> dict[str, Any]:
    """The document as it is sent: with the content's digest in ``spec.plugin.archive``."""
    spec = document.value["spec"]
    return {**document.value, "spec": {**spec, "plugin": {**spec["plugin"], "archive": digest}}}


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
    # The status is what the controller saw: in a document it is not looked at.
    value = {key: part for key, part in _as_sent(document).items() if key != "status"}
    told = list(rule_violations(value))
    known = {violation.path for violation in told}
    told += (one for one in schemas[kind].violations(value) if one.path not in known)
    found = [
        document.problem(violation.path, violation.message) for violation in told if violation.path[:1] not in _HEAD
    ]
    yield from sorted([*found, *_archive_problems(document)], key=lambda problem: problem.line)


def _as_sent(document: Document) -> dict[str, Any]:
    """The document with a digest where it names a folder or a file that will be uploaded."""
    if archive_of(document) is None:
        return dict(document.value)
    return with_archive(document, f"sha256:{'0' * 64}")


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
    first: dict[tuple[str, str], Document] = {}
    for document in documents:
        key = (str(document.value.get("kind")), document.name)
        if not document.name:
            continue
        if key in first:
            other = first[key]
            say = f"{document.name} is there already, in {other.file}, document {other.number}."
            yield document.problem(("metadata", "name"), say)
        else:
            first[key] = document
