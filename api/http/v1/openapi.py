"""The description of the resource API, OpenAPI 3.1, made from the table of routes and the models alone."""

from collections.abc import Sequence
from typing import Any

from pydantic.json_schema import models_json_schema

from api.http.v1.operations import Answer, Operation, Parameter, ref
from api.resources.kinds import MODELS
from api.resources.manifest import API_VERSION

_ERROR = {"application/json": ref("Error")}
_GUARDED = (
    Answer(401, "The token is missing, or is not known here.", _ERROR),
    Answer(403, "The token's scope does not suffice.", _ERROR),
    Answer(429, "The token asks too often.", _ERROR),
)
_SLOW = Answer(408, "The body trickles in too slowly.", _ERROR)
_HEADERS = {
    "ETag": "The record's version, for If-Match.",
    "Playground-Result": "`created`, `configured`, `unchanged` or `deleted`.",
}


def describe(operations: Sequence[Operation]) -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Playground resource API",
            "version": API_VERSION.partition("/")[2],
            "description": "Playgrounds as people declare them. See docs/resource-api.md.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def schemas() -> dict[str, Any]:
    """The models' schemas by name, as `components.schemas`."""
    _, whole = models_json_schema(
        [(model, "validation") for model in MODELS], by_alias=True, ref_template="#/components/schemas/{model}"
    )
    return dict(sorted(whole["$defs"].items()))


def _operation(operation: Operation) -> dict[str, Any]:
    answers = operation.answers if operation.public else (*operation.answers, *_GUARDED)
    answers = answers if operation.body is None else (*answers, _SLOW)
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {str(answer.status): _answer(answer) for answer in sorted(answers, key=lambda each: each.status)},
    }
    if operation.parameters:
        described["parameters"] = [_parameter(parameter) for parameter in operation.parameters]
    if operation.body is not None:
        content = {kind: {"schema": schema} for kind, schema in operation.body.content.items()}
        described["requestBody"] = {"required": True, "description": operation.body.description, "content": content}
    if operation.public:
        described["security"] = []
    return described


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.description,
        "schema": parameter.schema,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    described: dict[str, Any] = {"description": answer.description}
    if answer.content is not None:
        content = {kind: {"schema": schema} for kind, schema in answer.content.items()}
        if answer.status >= 400 and "Error" in str(answer.content):
            content["application/problem+json"] = {"schema": {"type": "object"}}
        described["content"] = content
    if answer.headers:
        described["headers"] = {
            name: {"description": _HEADERS[name], "schema": {"type": "string"}} for name in answer.headers
        }
    return described
