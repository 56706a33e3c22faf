"""Creates: with an archive, from a known release, again."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Api
from tests.api.plugins import CONFIG, PAGE, archive, plugin


def upload(client: TestClient, content: bytes | None = None, **fields: Any) -> Any:
    """A create with an archive."""
    return client.post("/containers/", data=fields, files={"file": ("p.zip", content or plugin())})


def create(client: TestClient, **fields: Any) -> Any:
    """A create without one."""
    return client.post("/containers/", json=fields)


def test_the_reply_carries_the_container_and_the_build(client: TestClient) -> None:
    reply = upload(client)
    assert reply.status_code == 201
    body = reply.json()
    build = f"http://testserver/builds/{body['build_id']}/"
    assert body["status_url"] == build
    assert body["sse_url"] == f"{build}events/"
    assert body["ws_url"] == f"ws://testserver/builds/{body['build_id']}/ws/"
    assert (body["status"], body["plugin_release"], body["name"]) == ("requested", "my-plugin@1.0.0", "my-plugin-1-0-0")
    assert "restarted" not in body
    assert client.get(body["status_url"]).json()["status"] == "requested"


def test_the_archive_is_kept_by_its_content_and_the_release_known(api: Api, client: TestClient) -> None:
    upload(client)
    release = client.get("/plugin_releases/my-plugin@1.0.0").json()
    assert [path.name for path in api.archives()] == [release["digest"].removeprefix("sha256:") + ".zip"]
    playground = api.store.playgrounds.get("my-plugin-1-0-0")
    assert playground is not None
    assert playground.spec.plugin is not None
    assert playground.spec.plugin.digest == release["digest"]
    assert playground.spec.plugin.entrypoint == "plugin.gradio_interface:app"
    assert playground.spec.plugin.env == {"FROM_CONFIG": "yes"}


def test_everything_given_is_recorded(api: Api, client: TestClient) -> None:
    upload(client)
    reply = create(
        client,
        plugin_release="my-plugin@1.0.0",
        plugin=None,
        version=None,
        model=0,
        params={"input_size": 512, "nested": {"a": [1, None]}},
        envs={"TEXT": "a", "WHOLE": 1, "REAL": 1.5, "YES": True},
        metadata={"created_by": "admin"},
        labels=["gradio", "team=vision"],
        kind="plugin_runtime",
        backend_container_id=77,
        action="train",
        entrypoint="plugin.py",
    )
    assert reply.status_code == 201, reply.text
    body = reply.json()
    assert (body["model"], body["labels"], body["metadata"]) == (0, ["gradio", "team=vision"], {"created_by": "admin"})
    assert body["backend_container_id"] == "77"
    assert "warnings" not in body
    playground = api.store.playgrounds.get(body["uid"])
    assert playground is not None
    assert playground.spec.params == {"input_size": 512, "nested": {"a": [1, None]}}
    assert playground.spec.envs == {"TEXT": "a", "WHOLE": "1", "REAL": "1.5", "YES": "true"}


def test_model_zero_and_no_model_are_two_playgrounds(client: TestClient) -> None:
    upload(client)
    zero, none = (
        create(client, plugin_release="my-plugin@1.0.0", model=0),
        create(client, plugin_release="my-plugin@1.0.0"),
    )
    assert (zero.status_code, none.status_code) == (201, 200)
    assert zero.json()["uid"] != none.json()["uid"]


def test_form_fields_have_the_types_of_json(api: Api, client: TestClient) -> None:
    reply = upload(
        client,
        model="7",
        params=json.dumps({"x": 1}),
        envs=json.dumps({"N": 2}),
        metadata="{}",
        labels=["a", "b=c"],
        plugin_release="my-plugin@1.0.0",
        plugin="my-plugin",
        version="1.0.0",
    )
    assert reply.status_code == 201, reply.text
    playground = api.store.playgrounds.get(reply.json()["uid"])
    assert playground is not None
    assert (playground.spec.model, playground.spec.params, playground.spec.envs) == (7, {"x": 1}, {"N": "2"})
    assert playground.metadata.labels == {"a": "", "b": "c"}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"plugin_release": "my-plugin@1.0.0"},
        {"plugin_release": "my-plugin", "version": "1.0.0"},
        {"plugin_release": "my-plugin"},
        {"plugin_release": "my-plugin@1.0.0", "version": "1.0.0", "plugin": ""},
        {"plugin": "my-plugin", "version": "1.0.0"},
        {"version": "1.0.0"},
    ],
)
def test_all_spellings_of_one_release(client: TestClient, fields: dict[str, Any]) -> None:
    reply = upload(client, None, **fields)
    assert reply.status_code == 201, reply.text
    assert reply.json()["plugin_release"] == "my-plugin@1.0.0"


def test_a_code_with_an_at_sign_is_split_at_the_last(client: TestClient) -> None:
    reply = upload(client, plugin("@org/my plugin", "2"), plugin_release="@org/my plugin@2")
    assert reply.status_code == 201, reply.text
    assert client.get("/plugin_releases/@org/my plugin@2").json()["version"] == "2"
    assert client.get("/plugin_releases/%40org%2Fmy%20plugin%402/").json()["plugin"] == "@org/my plugin"


def test_again_is_200_and_restarted_once_there_is_a_container(api: Api, client: TestClient) -> None:
    first = upload(client).json()
    early = create(client, plugin_release="my-plugin@1.0.0")
    assert (early.status_code, "restarted" in early.json()) == (200, False)
    api.controller().serving(first["uid"])
    again = upload(client)
    assert again.status_code == 200
    assert again.json()["restarted"] is True
    assert again.json()["uid"] == first["uid"]
    assert again.json()["build_id"] != first["build_id"]
    assert again.json()["id"] == client.get(f"/containers/{first['uid']}").json()["id"]


def test_other_params_are_a_new_generation_and_no_restart(api: Api, client: TestClient) -> None:
    first = upload(client).json()
    api.controller().serving(first["uid"])
    reply = create(client, plugin_release="my-plugin@1.0.0", params={"x": 2})
    assert (reply.status_code, "restarted" in reply.json()) == (200, False)
    assert client.get(f"/containers/{first['uid']}").json()["generation"] == 2


def test_other_content_under_the_same_name_is_a_new_digest(api: Api, client: TestClient) -> None:
    first = upload(client).json()
    second = upload(client, plugin(page=PAGE + "# changed\n")).json()
    assert first["uid"] == second["uid"]
    assert len(api.archives()) == 2
    assert client.get("/plugin_releases/").json()["count"] == 1


def test_an_entrypoint_hint_helps_where_the_config_names_no_page(api: Api, client: TestClient) -> None:
    content = archive({"config.yaml": "code: c\nname: n\nversion: '1'\n", "pages/ui.py": PAGE})
    assert upload(client, content).status_code == 422
    reply = upload(client, content, action="train", entrypoint="pages/ui.py")
    assert reply.status_code == 201, reply.text
    release = client.get("/plugin_releases/c@1").json()
    assert release["entrypoint"] == "pages/ui.py"


def test_warnings_of_the_config_and_of_unknown_fields_are_told(client: TestClient) -> None:
    unquoted = CONFIG.format(code="c", version="1.10").replace('"1.10"', "1.10")
    reply = upload(client, archive({"config.yaml": unquoted, "plugin/gradio_interface.py": PAGE}), colour="red")
    assert reply.json()["plugin_release"] == "c@1.10"
    assert any("version" in warning for warning in reply.json()["warnings"])
    assert any("colour" in warning for warning in reply.json()["warnings"])


def test_a_code_server_runs_a_named_image_and_needs_no_release_to_be_known(api: Api, client: TestClient) -> None:
    reply = create(client, kind="code_server", plugin_release="ide@1", image="codercom/code-server:4")
    assert reply.status_code == 201, reply.text
    playground = api.store.playgrounds.get(reply.json()["uid"])
    assert playground is not None
    assert (playground.spec.image, playground.spec.plugin) == ("codercom/code-server:4", None)
    assert (playground.spec.container_port, playground.spec.readiness.path) == (7860, "/healthz")


def test_a_code_server_says_where_it_listens_and_where_it_says_that_it_serves(api: Api, client: TestClient) -> None:
    named = {"kind": "code_server", "plugin_release": "ide@1", "image": "codercom/code-server:4"}
    reply = create(client, **named, container_port=8080, health_path="/up", egress=False)
    playground = api.store.playgrounds.get(reply.json()["uid"])
    assert playground is not None
    spec = playground.spec
    assert (spec.container_port, spec.readiness.path, spec.egress) == (8080, "/up", False)


def test_an_image_that_the_operator_does_not_allow_is_refused(client: TestClient) -> None:
    reply = create(client, kind="code_server", plugin_release="ide@1", image="codercom.example/evil")
    assert reply.status_code == 422
    (problem,) = reply.json()["detail"]
    assert problem["loc"] == ["body", "image"]
    assert "codercom.example/evil is not allowed here (only codercom/*)" in problem["msg"]


def test_a_name_can_be_chosen_and_is_taken_once(client: TestClient) -> None:
    upload(client)
    assert create(client, plugin_release="my-plugin@1.0.0", model=1, name="mine").json()["name"] == "mine"
    taken = create(client, plugin_release="my-plugin@1.0.0", model=2, name="mine")
    assert taken.status_code == 409
    assert "mine" in taken.json()["detail"]
