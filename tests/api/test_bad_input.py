"""What is wrong is said: where, what, and how to mend it. And nothing of it stays."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from api.http.wanted import NOTHING_TO_RUN
from tests.api.conftest import TOKEN, Api
from tests.api.plugins import CONFIG, PAGE, archive, plugin

KNOWN = {"plugin_release": "my-plugin@1.0.0"}


@pytest.mark.parametrize(
    ("fields", "where", "says"),
    [
        ({}, "plugin_release", NOTHING_TO_RUN),
        ({"plugin_release": None}, "plugin_release", NOTHING_TO_RUN),
        ({"params": {}}, "plugin_release", NOTHING_TO_RUN),
        ({"plugin_release": "my-plugin"}, "plugin_release", "code@version"),
        ({"plugin_release": "@1"}, "plugin_release", "code@version"),
        ({"plugin_release": "a@"}, "plugin_release", "code@version"),
        ({"plugin_release": ""}, "plugin_release", "printable"),
        ({"plugin_release": 5}, "plugin_release", "text"),
        ({"plugin_release": "a\nb@1"}, "plugin_release", "printable"),
        ({"plugin_release": "a" * 301}, "plugin_release", "300"),
        ({"plugin_release": "a@1", "version": "2"}, "version", "disagree"),
        ({**KNOWN, "model": "7"}, "model", "whole number"),
        ({**KNOWN, "model": 1.0}, "model", "whole number"),
        ({**KNOWN, "model": True}, "model", "whole number"),
        ({**KNOWN, "model": 2**63}, "model", "whole number"),
        ({**KNOWN, "params": []}, "params", "object"),
        ({**KNOWN, "params": "{}"}, "params", "object"),
        ({**KNOWN, "params": {"x": "y" * 200_000}}, "params", "bytes"),
        ({**KNOWN, "envs": {"A B": "x"}}, "envs.A B", "name"),
        ({**KNOWN, "envs": {"1A": "x"}}, "envs.1A", "name"),
        ({**KNOWN, "envs": {"A\n": "x"}}, "envs.A\n", "name"),
        ({**KNOWN, "envs": {"A": None}}, "envs.A", "text"),
        ({**KNOWN, "envs": {"A": {"b": 1}}}, "envs.A", "secretRef"),
        ({**KNOWN, "envs": {"A": "x\0"}}, "", "NUL"),
        ({**KNOWN, "metadata": "x"}, "metadata", "object"),
        ({**KNOWN, "labels": "gradio"}, "labels", "list"),
        ({**KNOWN, "labels": [1]}, "labels", "text"),
        ({**KNOWN, "labels": ["=x"]}, "labels", "name"),
        ({**KNOWN, "labels": [f"l{n}" for n in range(101)]}, "labels", "100"),
        ({**KNOWN, "kind": "job"}, "kind", "plugin_runtime or code_server"),
        ({**KNOWN, "kind": 1}, "kind", "plugin_runtime or code_server"),
        ({**KNOWN, "kind": "code_server"}, "image", "image"),
        ({**KNOWN, "container_port": 8080}, "container_port", "listens on 7860"),
        ({**KNOWN, "container_port": 0}, "container_port", "1 to 65535"),
        ({**KNOWN, "container_port": True}, "container_port", "1 to 65535"),
        ({**KNOWN, "health_path": "config"}, "health_path", "a '/'"),
        ({**KNOWN, "egress": "no"}, "egress", "true or false"),
        ({**KNOWN, "image": "nginx"}, "image", "built from the plugin"),
        ({**KNOWN, "name": "Not A Name"}, "name", "Lower-case"),
        ({**KNOWN, "backend_container_id": []}, "backend_container_id", "text"),
    ],
)
def test_a_field_that_does_not_fit_is_named(
    api: Api, client: TestClient, fields: Mapping[str, Any], where: str, says: str
) -> None:
    for path in ("/containers/", "/containers/docker/"):
        reply = client.post(path, json=dict(fields))
        assert reply.status_code == 422, reply.text
        problems = reply.json()["detail"]
        place = [".".join(map(str, problem["loc"][1:])) for problem in problems]
        assert where in place
        assert says in problems[place.index(where)]["msg"]
    assert client.get("/containers/").json()["count"] == 0


def test_all_that_is_wrong_is_said_at_once(client: TestClient) -> None:
    reply = client.post("/containers/", json={**KNOWN, "model": "x", "params": 1, "labels": 2, "kind": 3})
    assert [problem["loc"][1] for problem in reply.json()["detail"]] == ["kind", "model", "params", "labels"]


def test_an_unknown_release_says_how_to_upload_it(client: TestClient) -> None:
    reply = client.post("/containers/", json={"plugin_release": "x@1"})
    assert reply.status_code == 404
    assert "Unknown release 'x@1': upload its archive" in reply.json()["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "line 1, column"),
        (b'{"a": nan}', "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"null", "object"),
        (b"[" * 5000, "no JSON"),
        (b'{"params":' + b'{"a":' * 70 + b"1" + b"}" * 71, "deep"),
        (b'{"params": {"a\\u0000": 1}}', "NUL"),
        (b'{"plugin_release": "\\ud800@1"}', "no JSON"),
    ],
)
def test_a_body_that_is_no_json_object(client: TestClient, body: bytes, says: str) -> None:
    reply = client.post("/containers/", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code == 422
    assert says in reply.json()["detail"][0]["msg"]


@pytest.mark.parametrize(
    "envs",
    ['"canary"', '["canary"]', '{"A": "canary\\u0000"}', '{"A": ["canary"]}', '{"1A": "canary"}', '{"A": "canary'],
)
def test_what_is_sent_as_variables_is_not_shown_in_an_error(client: TestClient, envs: str) -> None:
    whole = f'{{"plugin_release": "a@1", "envs": {envs}}}'
    replies = [client.post("/containers/", content=whole), client.post("/containers/", files=as_fields(envs=[envs]))]
    replies.append(client.post("/containers/", files=as_fields(envs=[envs, envs])))
    assert [(reply.status_code, "canary" in reply.text) for reply in replies] == [(422, False)] * 3


def as_fields(**fields: list[str]) -> list[tuple[str, tuple[None, str]]]:
    """A form without a file."""
    return [(name, (None, text)) for name, texts in fields.items() for text in texts]


def test_a_json_body_has_a_limit(client: TestClient) -> None:
    reply = client.post("/containers/", content=b" " * (1024 * 1024 + 1))
    assert reply.status_code == 413
    assert "retry-after" not in reply.headers


NO_MODULE = archive({"config.yaml": CONFIG.format(code="c", version="1"), "readme.md": "x"})


@pytest.mark.parametrize(
    ("content", "fields", "status", "says"),
    [
        (b"", {}, 422, "no ZIP"),
        (b"this is text", {}, 422, "no ZIP"),
        (plugin()[:200], {}, 422, "no ZIP"),
        (archive({"plugin/gradio_interface.py": PAGE}), {}, 422, "config.yaml"),
        (archive({"config.yaml": "code: [", "plugin/gradio_interface.py": PAGE}), {}, 422, "config.yaml"),
        (archive({"config.yaml": "name: n\n", "plugin/gradio_interface.py": PAGE}), {}, 422, "code is missing"),
        (NO_MODULE, {}, 422, "no Gradio module"),
        (archive({"../evil.py": "x"}), {}, 422, "'../evil.py' is refused"),
        (plugin(), {"plugin_release": "other@1.0.0"}, 422, "my-plugin@1.0.0 by its config.yaml"),
        (plugin(), {"plugin_release": "my-plugin@2"}, 422, "the request says my-plugin@2"),
        (plugin(), {"version": "3"}, 422, "the request says my-plugin@3"),
        (plugin("c", "1@2"), {}, 422, "'@'"),
        (archive({"config.yaml": "code: c\nname: n", "plugin/gradio_interface.py": PAGE}), {}, 422, "no version"),
        (plugin(), {"params": "{"}, 422, "no JSON"),
        (plugin(), {"params": "[]"}, 422, "object"),
        (plugin(), {"model": "seven"}, 422, "whole number"),
        (plugin(), {"kind": "code_server", "image": "i", "plugin_release": "a@1"}, 422, "takes no archive"),
        (plugin(), {"plugin_release": ["a@1", "b@1"]}, 422, "once"),
        (b"x" * (1024 * 1024 + 1), {}, 413, "larger than"),
    ],
)
def test_a_refused_upload_leaves_nothing(
    api: Api, client: TestClient, content: bytes, fields: dict[str, Any], status: int, says: str
) -> None:
    reply = client.post("/containers/", data=fields, files={"file": ("p.zip", content)})
    assert reply.status_code == status, reply.text
    assert says in reply.text
    assert "retry-after" not in reply.headers
    assert api.archives() == []
    assert client.get("/plugin_releases/").json()["count"] == 0
    assert client.get("/containers/").json()["count"] == 0


def test_a_form_without_a_file_is_like_json(client: TestClient) -> None:
    as_form = {"Content-Type": "multipart/form-data; boundary=b"}
    reply = client.post("/containers/", content=b"--b--\r\n", headers=as_form)
    assert reply.status_code == 422
    assert reply.json()["detail"][0]["msg"] == NOTHING_TO_RUN


def test_a_full_disk_is_507(api: Api, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsync", _no_space)
    reply = client.post("/containers/", files={"file": ("p.zip", plugin())})
    assert reply.status_code == 507
    assert "space" in reply.json()["detail"]
    monkeypatch.undo()
    assert api.archives() == []
    assert client.get("/plugin_releases/").json()["count"] == 0


def _no_space(_descriptor: int) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("query", "where", "says"),
    [
        ("page=0", "page", "from 1"),
        ("page=x", "page", "from 1"),
        ("page=٣", "page", "from 1"),
        ("page_size=1001", "page_size", "1000"),
        ("page_size=", "page_size", "expected"),
        ("status=happy", "status", "running"),
        ("status=", "status", "expected"),
        ("kind=job", "kind", "code_server"),
        ("model=x", "model", "whole number"),
        ("statsu=running", "statsu", "there is kind"),
        ("status=running&status=failed", "status", "once"),
        ("plugin_release=a%00b", "plugin_release", "expected"),
    ],
)
def test_a_query_that_does_not_fit(client: TestClient, query: str, where: str, says: str) -> None:
    reply = client.get(f"/containers/?{query}")
    assert reply.status_code == 422
    problem = reply.json()["detail"][0]
    assert problem["loc"] == ["query", where]
    assert says in problem["msg"]


def test_what_nobody_expected_is_500_without_the_inside(
    api: Api, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret inside")

    monkeypatch.setattr(api.store.playgrounds, "list", broken)
    with capture_logs() as lines:
        reply = client.get("/containers/?model=1")
    assert reply.status_code == 500
    [crash] = [line for line in lines if line["event"] == "request crashed"]
    assert "RuntimeError: secret inside" in crash["traceback"]
    assert TOKEN not in str(lines)
    assert "secret" not in reply.text
    assert reply.json()["detail"].startswith("Something went wrong inside")


def test_problem_json_is_for_who_asks(client: TestClient) -> None:
    reply = client.post("/containers/", json={"model": "x"}, headers={"Accept": "application/problem+json"})
    assert reply.headers["content-type"] == "application/problem+json"
    body = reply.json()
    assert (body["status"], body["title"], body["instance"]) == (422, HTTPStatus(422).phrase, "/containers/")
    assert isinstance(body["detail"], str)
    assert body["errors"][0]["loc"] == ["body", "model"]
    assert (
        client.get("/x", headers={"Authorization": "no", "Accept": "application/problem+json"}).json()["status"] == 401
    )


@pytest.mark.parametrize("path", ["/nothing", "/containers/1/nothing/", "/containers//", "/"])
def test_an_unknown_path_is_404_as_json(client: TestClient, path: str) -> None:
    reply = client.get(path)
    assert reply.status_code == 404
    assert path in reply.json()["detail"]


def test_a_wrong_method_is_405_and_names_the_right_ones(client: TestClient) -> None:
    reply = client.put("/containers/")
    assert reply.status_code == 405
    assert sorted(reply.headers["allow"].split(", ")) == ["GET", "HEAD", "POST"]
    assert reply.json()["detail"] == "PUT is not possible at /containers/; GET, HEAD or POST is."
