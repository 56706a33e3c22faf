"""envFrom: all variables of a secret at once, never shown, under what is given by name."""

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.resources.playground import PlaygroundSpec, PluginSource, SecretSet
from api.resources.secret import variables_of
from api.store import Store
from controller.cli_tokens import secret
from controller.domain.container_spec import ContainerSpec
from controller.planner.wanted import LABEL_SECRETS, wanted_container, with_secrets
from tests.api.conftest import Api
from tests.api.test_create import upload
from tests.faults.conftest import lab
from tests.faults.world import Laboratory, spec
from tests.planner.worlds import POLICY, playground
from tests.security.test_secrets import manifest

__all__ = ["lab"]

LINES = "# for the database\nUSER=me\r\n\nPASSWORD=a=b c \nEMPTY=\n"


def test_lines_are_taken_literally() -> None:
    assert variables_of(LINES) == {"USER": "me", "PASSWORD": "a=b c ", "EMPTY": ""}
    assert variables_of("A=one\u2028two") == {"A": "one\u2028two"}


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("A=1\nexport B=canary", "line 2 is not NAME=value"),
        ("canary", "line 1 is not NAME=value"),
        (" A=canary", "line 1 is not NAME=value"),
        ("1A=canary", "line 1 is not NAME=value"),
        ("A=1\nB=2\nA=canary", "line 3 gives a variable that an earlier line gives"),
        ("# nothing\n\n", "there is no line NAME=value"),
    ],
)
def test_what_is_no_set_is_told_by_its_line_and_not_shown(value: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        variables_of(value)
    assert "canary" not in str(refused.value)


def made(values: dict[str, str], *, sets: tuple[SecretSet, ...], **given: Any) -> ContainerSpec:
    """The container as the engine is asked for it."""
    plugin = PluginSource(digest="d", env={"OWN": "plugin's", "BOTH": "plugin's"})
    wanted = playground(plugin=plugin, secret_sets=sets, **given)
    found = wanted_container(wanted, POLICY, {name: f"digest of {value}" for name, value in values.items()})
    assert found is not None
    return with_secrets(found, values)


def test_what_goes_over_what() -> None:
    values = {
        "one": "OWN=one\nFIRST=one\nBOTH=one\nNAMED=one\nKEPT=one\nPLUGIN_PARAMS=one\nGRADIO_SERVER_PORT=1",
        "two": "FIRST=two",
        "key": "by name",
    }
    sets = (SecretSet(secret="one"), SecretSet(secret="two"), SecretSet(secret="two", prefix="P_"))
    container = made(values, sets=sets, envs={"BOTH": "spec's"}, secret_envs={"NAMED": "key"})
    environment = dict(container.environment)
    assert environment.pop("PLUGIN_PARAMS") == "{}"
    assert environment.pop("GRADIO_SERVER_PORT") == "7860"
    del environment["GRADIO_SERVER_NAME"]
    assert environment == {
        "OWN": "one",
        "FIRST": "two",
        "P_FIRST": "two",
        "BOTH": "spec's",
        "NAMED": "by name",
        "KEPT": "one",
    }
    assert dict(container.labels)[LABEL_SECRETS] == "FIRST,KEPT,NAMED,OWN,P_FIRST", "none of these is printed"


def test_it_is_part_of_what_a_container_is_made_from() -> None:
    def spec_hash(value: str, *sets: SecretSet) -> str:
        found = wanted_container(playground(secret_sets=sets), POLICY, {"one": value})
        assert found is not None
        return found.spec_hash

    one = SecretSet(secret="one")
    hashes = [spec_hash("a", one), spec_hash("b", one), spec_hash("a", SecretSet(secret="one", prefix="P_"))]
    assert len({*hashes, spec_hash("a")}) == 4


def test_a_secret_that_is_no_set_any_more_gives_nothing() -> None:
    """It was set between the look and the create: what the change wakes makes another container."""
    assert "FIRST" not in dict(made({"one": "not a set"}, sets=(SecretSet(secret="one"),)).environment)


def test_a_manifest_names_it_and_is_shown_as_it_was_written(api: Api, client: TestClient) -> None:
    upload(client)
    given = [{"secretRef": "db"}, {"secretRef": "hf", "prefix": "HF_"}]
    reply = client.put("/v1/playgrounds/marked", json=manifest(envFrom=given))
    assert reply.status_code == 201, reply.text
    assert reply.json()["spec"]["envFrom"] == given
    assert (
        client.put("/v1/playgrounds/marked", json=manifest(envFrom=given)).headers["Playground-Result"] == "unchanged"
    )
    assert client.put("/v1/playgrounds/marked", json=manifest()).headers["Playground-Result"] == "configured"
    kept = api.store.declared.get("marked")
    assert kept is not None
    assert kept.spec.secret_sets == ()


def test_the_platforms_calls_cannot_speak_of_it_and_take_none_away(api: Api, client: TestClient) -> None:
    upload(client)
    assert client.put("/v1/playgrounds/marked", json=manifest(envFrom=[{"secretRef": "db"}])).status_code == 201
    asked = {"plugin_release": "my-plugin@1.0.0", "model": 1, "params": {"a": 1}}
    assert client.post("/containers/", json=asked).status_code < 300
    kept = api.store.declared.get("marked")
    assert kept is not None
    assert (kept.spec.params, kept.spec.secret_sets) == ({"a": 1}, (SecretSet(secret="db"),))


@pytest.mark.parametrize("wrong", [{}, {"secretRef": "a b"}, {"secretRef": "a", "prefix": "1"}, {"configMapRef": "a"}])
def test_what_is_no_reference_is_refused_with_its_place(wrong: dict[str, str], client: TestClient) -> None:
    upload(client)
    refused = client.put("/v1/playgrounds/marked", json=manifest(envFrom=[wrong]))
    assert refused.status_code == 422
    assert "envFrom" in refused.text


def test_setting_it_wakes_who_uses_it(api: Api, client: TestClient) -> None:
    upload(client)
    made = client.put("/v1/playgrounds/marked", json=manifest(envFrom=[{"secretRef": "db"}])).json()
    version, _ = api.store.work.changed_since(0)
    assert api.store.secrets.set("db", "A=1", now=1.0) == 1
    assert api.store.work.changed_since(version)[1] == (made["metadata"]["uid"],)


def test_one_that_is_no_set_is_told_and_what_is_mended_serves(lab: Laboratory) -> None:
    world = lab.world()
    wanted = spec(secret_sets=(SecretSet(secret="db"), SecretSet(secret="hf")), secret_envs={"A": "hf"})
    world.store.secrets.set("db", "the canary", now=1.0)
    uid = world.apply(wanted)
    world.settle()
    told = world.playground(uid).status.last_failure
    assert told is not None
    assert "Secrets are not set: hf." in told.message
    assert "The secret db cannot be used by envFrom: line 1 is not NAME=value." in told.message
    assert "canary" not in told.message
    assert world.containers(uid) == []
    world.store.secrets.set("db", "USER=me", now=2.0)
    world.store.secrets.set("hf", "TOKEN=t", now=3.0)
    world.settle()
    (container,) = world.containers(uid)
    assert {("USER", "me"), ("TOKEN", "t"), ("A", "TOKEN=t")} <= set(container.environment.items())


def test_the_operator_sets_one_from_lines(tmp_path: Path) -> None:
    def set_one(value: str) -> tuple[int, str]:
        command = ["set", "db", "--env-file", "--data-dir", str(tmp_path)]
        done = CliRunner().invoke(secret, command, input=value)
        return done.exit_code, done.output

    assert set_one("A=1\nB=2\n")[0] == 0
    code, said = set_one("A=1\nthe canary\n")
    assert code == 2
    assert "line 2 is not NAME=value. Nothing was changed." in said
    assert "canary" not in said
    store = Store.open(f"sqlite:///{tmp_path}/playground.db")
    try:
        kept = store.secrets.referred(PlaygroundSpec(plugin_release="a@1", secret_sets=(SecretSet(secret="db"),)))
        assert store.secrets.values({"db"}) == {"db": "A=1\nB=2"}
        assert (set(kept.digests), kept.unusable) == ({"db"}, {})
    finally:
        store.close()
