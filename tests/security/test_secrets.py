"""Secrets: names and values, what is masked, and what is shown of a playground that has some."""

import pytest
from starlette.testclient import TestClient

from api.resources.secret import masked, sensitive_values, value_problem
from controller.domain.container_spec import ContainerSpec
from controller.planner.wanted import LABEL_SECRETS, wanted_container
from tests.api.conftest import Api
from tests.api.test_create import upload
from tests.planner.worlds import POLICY, playground

REF = {"secretRef": "hf"}


@pytest.mark.parametrize(
    ("name", "is_hidden"),
    [
        ("HF_TOKEN", True),
        ("DB_PASSWORD", True),
        ("OPENAI_API_KEY", True),
        ("apikey", True),
        ("NAMED", True),
        ("GREETING", False),
        ("KEYBOARD", False),
        ("TOKENIZERS_PARALLELISM", True),
    ],
)
def test_whose_values_are_hidden(name: str, *, is_hidden: bool) -> None:
    assert bool(sensitive_values({name: "a long value"}, ["NAMED"])) is is_hidden


def test_lines_of_a_value_are_masked_each_and_short_ones_are_left() -> None:
    key = "-----BEGIN KEY-----\nMIIabcdef\nx\n-----END KEY-----"
    values = sensitive_values({"MY_TOKEN": key, "OTHER_TOKEN": "1"}, ())
    assert values == ("-----BEGIN KEY-----", "-----END KEY-----", "MIIabcdef")
    assert masked("found MIIabcdef and 1, x", values) == "found ***** and 1, x"
    assert masked("abcdefgh", sensitive_values({"A_TOKEN": "abcdef", "B_TOKEN": "abcdefgh"}, ())) == "*****"


@pytest.mark.parametrize("value", ["", "a\0b", "x" * 65537])
def test_what_cannot_be_a_secret(value: str) -> None:
    assert value_problem(value)
    assert value_problem("a value\nof two lines") is None


def test_a_secrets_digest_is_part_of_what_a_container_is_made_from() -> None:
    def spec(**secrets: str) -> ContainerSpec:
        found = wanted_container(playground(secret_envs={"A": "hf"}), POLICY, secrets)
        assert found is not None
        return found

    one = spec(hf="digest one")
    assert one.spec_hash != spec(hf="digest two").spec_hash != spec().spec_hash
    assert "A" not in dict(one.environment)
    assert dict(one.labels)[LABEL_SECRETS] == "A"


def test_what_a_client_gave_is_shown_by_name_only(api: Api, client: TestClient) -> None:
    upload(client)
    envs = {"HF_TOKEN": "given-value", "OTHER": REF}
    made = client.post("/containers/", json={"plugin_release": "my-plugin@1.0.0", "envs": envs}).json()
    playground = api.store.playgrounds.get(made["uid"])
    assert playground is not None
    assert (playground.spec.envs, playground.spec.secret_envs) == ({"HF_TOKEN": "given-value"}, {"OTHER": "hf"})
    shown = client.get(f"/v1/playgrounds/{made['name']}")
    assert shown.json()["spec"]["env"] == [{"name": "HF_TOKEN"}, {"name": "OTHER", **REF}]
    replies = [shown.text, client.get(f"/containers/{made['uid']}").text, client.get("/containers/").text]
    assert not any("given-value" in reply for reply in replies)
    patched = client.patch(f"/v1/playgrounds/{made['name']}", json={"spec": {"params": {"a": 1}}})
    assert patched.status_code == 200, patched.text
    kept = api.store.playgrounds.get(made["uid"])
    assert kept is not None
    assert (kept.spec.params, kept.spec.envs, kept.spec.private_envs) == ({"a": 1}, {"HF_TOKEN": "given-value"}, True)


def manifest(*env: dict[str, object], **spec: object) -> dict[str, object]:
    return {
        "apiVersion": "playground/v1",
        "kind": "Playground",
        "metadata": {"name": "marked"},
        "spec": {"plugin": {"release": "my-plugin@1.0.0"}, "model": 1, "env": list(env), **spec},
    }


def test_a_value_that_is_marked_is_kept_and_never_shown_again(api: Api, client: TestClient) -> None:
    upload(client)
    given = {"name": "PHRASE", "value": "given-value", "secret": True}
    replies = [client.put("/v1/playgrounds/marked", json=manifest(given, {"name": "OPEN", "value": "seen"}))]
    assert replies[0].status_code == 201, replies[0].text
    shown = replies[0].json()["spec"]["env"]
    assert shown == [{"name": "OPEN", "value": "seen"}, {"name": "PHRASE", "secret": True}]
    # What was shown, applied again, with the mark and without: nothing is different, and nothing is shown.
    for again in (shown, [shown[0], {"name": "PHRASE"}]):
        replies.append(client.put("/v1/playgrounds/marked", json=manifest(*again)))
        assert replies[-1].headers["Playground-Result"] == "unchanged"
    replies.append(client.put("/v1/playgrounds/marked", json=manifest(*shown, params={"a": 1})))
    assert replies[-1].headers["Playground-Result"] == "configured"
    replies += [client.get("/v1/playgrounds/marked"), client.get("/v1/playgrounds"), client.get("/containers/")]
    assert not any("given-value" in reply.text for reply in replies)
    kept = api.store.declared.get("marked")
    assert kept is not None
    assert (kept.spec.envs["PHRASE"], kept.spec.hidden_envs) == ("given-value", ("PHRASE",))


def test_the_platforms_calls_take_no_mark_away(api: Api, client: TestClient) -> None:
    upload(client)
    given = {"name": "PHRASE", "value": "given-value", "secret": True}
    assert client.put("/v1/playgrounds/marked", json=manifest(given)).status_code == 201
    asked = {"plugin_release": "my-plugin@1.0.0", "model": 1, "envs": {"PHRASE": "given-value"}, "params": {"a": 1}}
    assert client.post("/containers/", json=asked).status_code < 300
    assert "given-value" not in client.get("/v1/playgrounds/marked").text


def test_a_mark_beside_a_secret_that_is_referred_to_is_refused(client: TestClient) -> None:
    upload(client)
    refused = client.put("/v1/playgrounds/marked", json=manifest({"name": "A", "secret": True, **REF}))
    assert refused.status_code == 422
    assert "leave `secret` out" in refused.text


def test_what_a_container_prints_of_a_marked_value_is_masked() -> None:
    found = wanted_container(playground(envs={"A": "one", "B": "two"}, hidden_envs=("B",)), POLICY, {})
    assert found is not None
    assert dict(found.labels)[LABEL_SECRETS] == "B"
    assert dict(found.environment)["B"] == "two"


def test_a_variable_that_is_only_named_needs_a_value_to_keep(client: TestClient) -> None:
    upload(client)
    document = {
        "apiVersion": "playground/v1",
        "kind": "Playground",
        "metadata": {"name": "new"},
        "spec": {"plugin": {"release": "my-plugin@1.0.0"}, "env": [{"name": "A"}]},
    }
    document["apiVersion"] = client.get("/v1/playgrounds").json()["apiVersion"]
    refused = client.put("/v1/playgrounds/new", json=document)
    assert refused.status_code == 422
    assert "A has no value to keep" in refused.text


@pytest.mark.parametrize("wrong", [{}, {"secretRef": 1}, {"secretRef": "a b"}, {"secretRef": "hf", "x": 1}, [], None])
def test_a_value_that_is_refused_is_not_sent_back(wrong: object, client: TestClient) -> None:
    upload(client)
    body = {"plugin_release": "my-plugin@1.0.0", "envs": {"A": wrong, "B": ["the-canary"]}}
    reply = client.post("/containers/", json=body)
    assert reply.status_code == 422
    assert "the-canary" not in reply.text


def test_setting_a_secret_wakes_who_uses_it(api: Api, client: TestClient) -> None:
    upload(client)
    create = {"plugin_release": "my-plugin@1.0.0", "envs": {"A": REF}}
    made = client.post("/containers/", json=create).json()
    client.post("/containers/", json={**create, "model": 1, "envs": {}})
    version, _ = api.store.work.changed_since(0)
    assert api.store.secrets.set("hf", "a value", now=1.0) == 1
    assert api.store.work.changed_since(version)[1] == (made["uid"],)
    desired = api.store.work.load(made["uid"])
    assert desired is not None
    assert "a value" not in repr(desired)
    assert api.store.secrets.values({"hf", "none"}) == {"hf": "a value"}
    assert api.store.secrets.names() == (("hf", 1.0),)
    assert api.store.secrets.delete("hf")
    assert not api.store.secrets.delete("hf")
