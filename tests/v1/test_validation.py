"""Documents that do not fit: every flaw with line, column and path, and what was meant. Nothing of them is applied."""

import time
import tracemalloc
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.v1.conftest import RELEASE, Put, document

HEAD = "apiVersion: playground/v1\nkind: Playground\n"

FLAWS: dict[str, tuple[str, list[tuple[int | None, int | None, str]]]] = {
    "an unknown field": (
        f"{HEAD}spec:\n  plugin: {{release: {RELEASE}}}\n  resource: {{cpu: 1}}\n",
        [(5, 3, "spec.resource: unknown, did you mean spec.resources?")],
    ),
    "a field in another place": (
        f"{HEAD}spec:\n  plugin: {{release: {RELEASE}}}\n  memory: 2Gi\n",
        [(5, 3, "spec.memory: unknown here, did you mean spec.resources.memory?")],
    ),
    "several at once, in their order": (
        f"{HEAD}spec:\n  plugin: {{release: {RELEASE}}}\n  model: '3'\n  state: stopped\n  ttl: 60\n",
        [
            (5, 3, "spec.model: a whole number is expected, and not a text ('3'); write it without quotes"),
            (6, 3, "spec.state: one of Running, Stopped is expected, and not 'stopped'; did you mean Stopped?"),
            (7, 3, "spec.ttl: a text is expected, and not a whole number (60); put it in quotes"),
        ],
    ),
    "bad quantities": (
        f"{HEAD}spec:\n  plugin: {{release: {RELEASE}}}\n  resources:\n    memory: 2GB\n    cpu: many\n  ttl: '60'\n",
        [
            (
                6,
                5,
                "spec.resources.memory: bytes are written as 512Mi, 2Gi or 1000000, and not '2GB'; did you mean 2G?",
            ),
            (7, 5, "spec.resources.cpu: cores are written as 1, 0.5 or 500m, and not 'many'"),
            (8, 3, "spec.ttl: a duration is written as 60s, 15m, 8h or 1h30m, and not '60'; did you mean 60s?"),
        ],
    ),
    "a key that is there twice": (
        f"{HEAD}spec:\n  model: 1\n  model: 2\n",
        [(5, 3, "The document has the key 'model' twice (line 5).")],
    ),
    "no YAML": (f"{HEAD}spec: [\n", [(4, 1, "The document is no valid YAML")]),
    "a variable's value that YAML takes for something else": (
        f"{HEAD}spec:\n  plugin: {{release: {RELEASE}}}\n  env:\n"
        "  - {name: A, value: on}\n  - {name: 9, value: a}\n",
        [
            (6, 15, "spec.env[0].value: a text is expected, and not a boolean (true); put it in quotes"),
            (7, 6, "spec.env[1].name: a text is expected, and not a whole number (9); put it in quotes"),
        ],
    ),
    "aliases gone wild": (
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"{n}: &{n} [{','.join([f'*{p}'] * 10)}]\n" for p, n in zip("abcde", "bcdef", strict=True)),
        [(None, None, "The document refers to itself, or its aliases stand for too much.")],
    ),
    "two documents": (f"{HEAD}---\n{HEAD}", [(None, None, "The document must be one; here are 2.")]),
    "nothing": ("# nothing\n", [(None, None, "The document must be one; here are 0.")]),
    "a list": ("- 1\n", [(1, 1, "a mapping is expected, and not a list")]),
    "another kind": (
        f"apiVersion: v1\nkind: Pod\nspec: {{plugin: {{release: {RELEASE}}}}}\n",
        [
            (1, 1, "apiVersion: playground/v1 is expected, and not 'v1'"),
            (2, 1, "kind: Playground is expected, and not 'Pod'"),
        ],
    ),
    "another name": (
        f"{HEAD}metadata: {{name: other}}\nspec: {{plugin: {{release: {RELEASE}}}}}\n",
        [(3, 12, "metadata.name: is 'other', and the address says 'hello'")],
    ),
    "nothing to run": (f"{HEAD}spec: {{plugin: {{}}}}\n", [(3, 8, "spec.plugin: what shall run?")]),
    "no spec": (HEAD, [(1, 1, "spec: is required, and missing")]),
    "a folder": (
        f"{HEAD}spec: {{plugin: {{archive: ./hello}}}}\n",
        [(3, 17, "spec.plugin.archive: a server takes the digest of a content that is uploaded")],
    ),
    "an unknown release": (
        f"{HEAD}spec:\n  plugin: {{release: nobody@9}}\n",
        [(4, 12, "spec.plugin.release: nobody has uploaded the release nobody@9")],
    ),
    "an unknown content": (
        f"{HEAD}spec:\n  plugin: {{archive: 'sha256:{'0' * 64}'}}\n",
        [(4, 12, "spec.plugin.archive: no content sha256:000000000000… is kept")],
    ),
    "a port outside of the range": (
        f"{HEAD}spec:\n  plugin: {{release: {RELEASE}}}\n  port: {{host: 80}}\n",
        [(5, 10, "spec.port.host: 80 lies outside of this server's range, 7860-8860")],
    ),
    "an image that is not allowed": (
        f"{HEAD}spec:\n  plugin: {{image: 'evil:1'}}\n",
        [(4, 12, "spec.plugin.image: The image evil:1 is not allowed here")],
    ),
}


@pytest.mark.parametrize("case", FLAWS)
def test_flaws_in_yaml(client: TestClient, put: Put, case: str) -> None:
    text, expected = FLAWS[case]
    reply = client.put("/v1/playgrounds/hello", content=text, headers={"Content-Type": "application/yaml"})
    assert reply.status_code == 422, reply.text
    told = reply.json()["detail"]
    places = [(flaw.get("line"), flaw.get("column")) for flaw in told]
    assert places == [(line, column) for line, column, _ in expected], told
    assert all(flaw["msg"].startswith(says) for flaw, (_, _, says) in zip(told, expected, strict=True)), told
    assert client.get("/v1/playgrounds").json()["items"] == []


def test_flaws_in_json_have_places_too(client: TestClient, put: Put) -> None:
    text = """{
  "apiVersion": "playground/v1", "kind": "Playground",
  "spec": {"plugin": {"release": "a@1"},
 "modle": 1}}"""
    reply = client.put("/v1/playgrounds/hello", content=text, headers={"Content-Type": "application/json"})
    (flaw,) = reply.json()["detail"]
    assert (flaw["line"], flaw["column"], flaw["loc"]) == (4, 2, ["body", "spec", "modle"])
    assert flaw["msg"] == "spec.modle: unknown, did you mean spec.model?"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "a": 2}', "has the key 'a' twice"),
        ("{", "is no valid JSON"),
        ("", "is empty"),
        ("[" * 2000, "is no valid JSON"),
    ],
)
def test_json_that_is_none(client: TestClient, put: Put, text: str, says: str) -> None:
    reply = client.put("/v1/playgrounds/hello", content=text, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert says in reply.json()["detail"][0]["msg"]


def test_bodies_that_are_too_large_or_of_another_type(client: TestClient, put: Put) -> None:
    large = client.put("/v1/playgrounds/hello", content=b"#" * (1024 * 1024 + 1))
    assert large.status_code == 413
    other = client.put("/v1/playgrounds/hello", content=b"x", headers={"Content-Type": "text/html"})
    assert other.status_code == 415


def test_problem_json_for_who_asks(put: Put) -> None:
    reply = put(of=document(modle=1), headers={"Accept": "application/problem+json"})
    assert reply.headers["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = reply.json()
    assert (body["status"], body["errors"][0]["loc"]) == (422, ["body", "spec", "modle"])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("[" + "1," * 50_001 + "1]", "more than 50000 parts"),
        ("[" * 900 + "1," * 400_000 + "1" + "]" * 900, "nested more than 64 levels deep"),
    ],
    ids=["many", "deep and many"],
)
def test_a_document_of_very_many_parts_is_refused_before_their_places_fill_the_memory(
    client: TestClient, body: str, says: str
) -> None:
    tracemalloc.start()
    try:
        reply = client.put("/v1/playgrounds/x", content=body, headers={"Content-Type": "application/json"})
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (reply.status_code, says in reply.text) == (422, True)
    assert peak < 64 * 1024 * 1024


def test_very_many_variables_take_no_time_to_compare(client: TestClient) -> None:
    variables = [{"name": f"A{number}"} for number in range(20_000)]
    began = time.process_time()
    reply = client.put("/v1/playgrounds/x", json=document("x", env=[*variables, {"name": "A0"}]))
    assert "env has A0 more than once" in reply.text
    assert time.process_time() - began < 2.0, "compared with each other they take four"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/v1/playgrounds/x", document("x", **{f"resourc{number}": 1 for number in range(5000)})),
        ("PUT", "/v1/playgrounds/x", document("x", env=[{"name": "9"}] * 5000)),
        ("POST", "/containers/", {"plugin_release": "a@1", "envs": {f"9{number}": [] for number in range(5000)}}),
        ("PATCH", "/containers/1", {f"field{number}": 1 for number in range(5000)}),
        ("GET", "/containers/?" + "&".join(f"a{number}" for number in range(5000)), None),
    ],
)
def test_of_very_many_flaws_the_first_are_told(client: TestClient, method: str, path: str, body: Any) -> None:
    reply = client.request(method, path, json=body)
    assert (reply.status_code, len(reply.json()["detail"])) == (422, 100)
