"""Documents in bodies: JSON or YAML, read into a playground's wire form, every flaw told with its place."""

import orjson
from pydantic import JsonValue
from starlette.requests import Request

from api.http.body import MAX_JSON_BYTES, check_content, read_bytes
from api.http.errors import ApiError, InvalidRequestError, Problem
from api.resources.documents import Document, DocumentError, Limits, Position, decode, load_yaml, locate_json
from api.resources.flaws import Flaw, read_manifest
from api.resources.manifest import PlaygroundManifest
from api.resources.precondition import Precondition

LIMITS = Limits(size=MAX_JSON_BYTES, nodes=50_000)
JSON_TYPES = frozenset({"application/json", "application/merge-patch+json"})
YAML_TYPES = frozenset({"application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml"})


async def read_document(request: Request) -> Document:
    """The one document of the body. Raises ApiError: 413, 415, 422."""
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind not in JSON_TYPES | YAML_TYPES:
        raise ApiError(415, f"A document is sent as application/yaml or application/json, and not as {kind[:80]!r}.")
    raw = await read_bytes(request, MAX_JSON_BYTES)
    try:
        document = _from_yaml(raw) if kind in YAML_TYPES else _from_json(raw)
    except DocumentError as error:
        flaw = Flaw(f"The document {error}", (), error.position, error.document, "document_invalid")
        raise invalid((flaw,)) from None
    return document


def _from_yaml(raw: bytes) -> Document:
    documents = load_yaml(raw, LIMITS)
    if len(documents) != 1:
        raise DocumentError(f"must be one; here are {len(documents)}. Send each to its own playground.")
    check_content(documents[0].value, ("body",))
    return documents[0]


def _from_json(raw: bytes) -> Document:
    text = decode(raw, LIMITS)
    if not text.strip():
        raise DocumentError("is empty.")
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        message = f"is no valid JSON: {error.msg.partition(': line')[0]}."
        raise DocumentError(message, position=Position(error.lineno, error.colno)) from None
    check_content(value, ("body",))  # before the places: those of a deep document would fill the memory
    return Document(value, 1, locate_json(text, LIMITS))


def manifest_of(document: Document, name: str) -> PlaygroundManifest:
    """The playground of that name that the document asks for; it need not repeat the name.

    Raises InvalidRequestError with all that is wrong.
    """
    value = document.value
    if isinstance(value, dict):
        metadata = value.get("metadata", {})
        if isinstance(metadata, dict):
            document = Document({**value, "metadata": {"name": name, **metadata}}, document.number, document.positions)
    manifest, flaws = read_manifest(document)
    if manifest is None:
        raise invalid(flaws)
    if manifest.metadata.name != name:
        raise at(document, ("metadata", "name"), f"is {manifest.metadata.name!r}, and the address says {name!r}")
    return manifest


def invalid(flaws: tuple[Flaw, ...]) -> InvalidRequestError:
    """422 with these flaws; each says its document, line and column where they are known."""
    return InvalidRequestError(*(_problem(flaw) for flaw in flaws))


def at(document: Document | None, path: tuple[str | int, ...], message: str) -> InvalidRequestError:
    """422 with one flaw at a path of the document."""
    where = document.position(path) if document else None
    text = ".".join(map(str, path))
    return invalid((Flaw(f"{text}: {message}", path, where, document.number if document else 1),))


def _problem(flaw: Flaw) -> Problem:
    place: dict[str, JsonValue] = {"document": flaw.document}
    if flaw.position is not None:
        place |= {"line": flaw.position.line, "column": flaw.position.column}
    return Problem(("body", *flaw.path), flaw.message, flaw.type, place=place)


def precondition_of(request: Request, manifest: PlaygroundManifest | None = None) -> Precondition:
    """What the client demands: `If-Match`, `If-None-Match: *`, and the version and uid in its document."""
    metadata = manifest.metadata if manifest else None
    wanted = request.headers.get("if-match")
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in (wanted or "").split(",")]
    version = metadata.resource_version if metadata else None
    return Precondition(
        resource_version=int(version) if version is not None else None,
        uid=metadata.uid if metadata else None,
        match=None
        if wanted is None or "*" in tags
        else frozenset(int(tag) for tag in tags if tag.isascii() and tag.isdigit() and len(tag) <= 18),
        must_exist="*" in tags,
        must_not_exist=request.headers.get("if-none-match", "").strip() == "*",
    )
