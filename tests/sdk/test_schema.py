"""The validator: what it says, and that it knows every keyword of the schemas that are shipped."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import playground_sdk
from playground_sdk.manifests.documents import dotted
from playground_sdk.schema import KEYWORDS, Schema, closest, load_schema, schema_names

SCHEMAS = Path(playground_sdk.__file__).parent / "schemas"
GENERATED = Path(__file__).resolve().parents[2] / "manifests" / "schemas"
TOLD_ONLY = {"$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "format"}
TOLD_ONLY |= {"discriminator", "deprecated", "readOnly", "writeOnly"}
NESTED = {"anyOf", "oneOf", "allOf"}
MAPS = {"properties", "patternProperties", "$defs"}


def said(schema: dict[str, Any], value: object) -> list[str]:
    found = Schema(schema).violations(value)
    return [f"{dotted(one.path)}: {one.message}" if one.path else one.message for one in found]


CASES: list[tuple[dict[str, Any], object, list[str]]] = [
    ({"type": "string"}, 1, ["a text is expected, not 1. Put it in quotes."]),
    ({"type": "string"}, None, ["a text is expected, not nothing."]),
    ({"type": "integer"}, True, ["a whole number is expected, not true."]),
    ({"type": "integer"}, 2.0, []),
    ({"type": "number"}, "2", ['a number is expected, not the text "2".']),
    ({"type": ["string", "null"]}, [], ["a text or nothing is expected, not a list."]),
    ({"enum": ["Always", "Never"]}, "always", ["Did you mean Always?"]),
    ({"const": 1}, True, ["it must be 1, not true."]),
    ({"type": "string", "maxLength": 2}, "abc", ["at most 2 characters are allowed, and it has 3."]),
    ({"type": "string", "minLength": 1}, "", ["it must not be empty."]),
    ({"type": "string", "pattern": "^a$", "description": "An a."}, "a\n", ["An a."]),
    ({"type": "string", "pattern": "^a$", "examples": ["a"]}, "b", ["such as a."]),
    ({"minimum": 1, "maximum": 5}, 0, ["at least 1 is expected, not 0."]),
    ({"minimum": 1, "maximum": 5}, 6, ["at most 5 is allowed, not 6."]),
    ({"exclusiveMinimum": 0}, 0, ["more than 0 is expected, not 0."]),
    ({"exclusiveMaximum": 9}, 9, ["less than 9 is allowed, not 9."]),
    ({"items": {"type": "string"}}, ["a", 1], ["[1]: a text is expected, not 1."]),
    ({"maxItems": 1}, [1, 2], ["at most 1 entries are allowed, and there are 2."]),
    ({"minItems": 1}, [], ["at least 1 entries are expected."]),
    ({"uniqueItems": True}, [1, 1], ["an entry is there twice."]),
    ({"properties": {"a": {}}, "required": ["a", "b"]}, {"a": 1}, ["b is missing."]),
    ({"additionalProperties": {"type": "string"}}, {"a": 1}, ["a: a text is expected"]),
    ({"patternProperties": {"^x": {"type": "null"}}, "additionalProperties": False}, {"xa": 1}, ["xa: nothing is"]),
    ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, ["ab: as a name: at most 1 characters"]),
    ({"maxProperties": 0}, {"a": 1}, ["at most 0 entries are allowed, and there are 1."]),
    ({"minProperties": 1}, {}, ["at least 1 entries are expected."]),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, 5, ["a text is expected, not 5."]),
    ({"anyOf": [{"type": "object", "required": ["a"]}, {"type": "null"}]}, {}, ["a is missing."]),
    ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {"a": 1, "b": 2}, ["exactly one of a or b is expected."]),
    ({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}, {}, ["exactly one of a or b is expected."]),
    ({"allOf": [{"type": "string"}]}, 5, ["a text is expected, not 5."]),
    ({"$ref": "#/$defs/T", "$defs": {"T": {"type": "string"}}}, 5, ["a text is expected, not 5."]),
]


@pytest.mark.parametrize(("schema", "value", "parts"), CASES, ids=lambda value: json.dumps(value)[:40])
def test_what_is_said(schema: dict[str, Any], value: object, parts: list[str]) -> None:
    found = said(schema, value)
    assert len(found) == len(parts), found
    for message, part in zip(found, parts, strict=True):
        assert part in message


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resource", "spec.resource: unknown, did you mean spec.resources?"),
        ("restart_policy", "spec.restart_policy: unknown, did you mean spec.restartPolicy?"),
        ("colour", "spec.colour: unknown; known here: resources, restartPolicy."),
    ],
)
def test_an_unknown_field_tells_what_was_meant(name: str, message: str) -> None:
    fields: dict[str, Any] = {"resources": {}, "restartPolicy": {}}
    inner = {"type": "object", "properties": fields, "additionalProperties": False}
    assert said({"properties": {"spec": inner}}, {"spec": {name: 1}}) == [message]


def test_closest_prefers_another_spelling_to_a_similar_word() -> None:
    assert closest("HostPort", ["hosts", "host_port"]) == "host_port"
    assert closest("zzz", ["hosts"]) is None


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema and all schemas inside it."""
    yield node
    for key, value in node.items():
        inner = value.values() if key in MAPS else value if key in NESTED else [value]
        if key in MAPS | NESTED | {"items", "additionalProperties", "propertyNames"}:
            for one in inner:
                if isinstance(one, dict):
                    yield from nodes(one)


@pytest.mark.parametrize("name", schema_names())
def test_the_validator_knows_every_keyword_that_is_used(name: str) -> None:
    used = {key for node in nodes(dict(load_schema(name).root)) for key in node}
    assert used - TOLD_ONLY <= KEYWORDS


def test_the_shipped_schemas_are_the_generated_ones() -> None:
    shipped = sorted(SCHEMAS.glob("*.json"))
    assert [path.name for path in shipped] == ["playground.json"]
    assert all(path.read_text() == (GENERATED / path.name).read_text() for path in shipped)
