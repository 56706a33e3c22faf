"""A canary: values given as secrets are found nowhere that anybody can look, though the plugin prints them."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from sqlite3 import connect

import pytest
import requests

from api.clock import new_token
from playground_sdk import BuildFailedError
from tests.e2e.conftest import NewServer, new_server
from tests.e2e.engine import containers_of, engine, inspected
from tests.e2e.plugins import PAGE, hello, pack
from tests.e2e.server import BIN, Server, greeting

__all__ = ["new_server"]
pytestmark = [pytest.mark.engine, pytest.mark.gradio]

PRINTS = 'import os\nfor name in ("HF_TOKEN", "PASS_PHRASE"):\n    print("it is", os.environ[name], flush=True)\n'
READS = (
    "/containers/", "/containers/docker/", "/plugin_releases/", "/containers/{uid}", "/containers/docker/{uid}",
    "/containers/{uid}/events/", "/containers/{uid}/logs/", "/builds/{build}/", "/builds/{build}/events/",
    "/v1/playgrounds", "/v1/playgrounds/{name}", "/v1/events",
)  # fmt: skip


@pytest.fixture(scope="module")
def server(new_server: NewServer) -> Iterator[Server]:
    with new_server(settings={"PLAYGROUND_LOG_LEVEL": "debug"}) as found:
        yield found


def set_secret(server: Server, name: str, value: str) -> None:
    command = [str(BIN / "playground-server"), "secret", "set", name, "--data-dir", str(server.data_dir)]
    subprocess.run(command, input=f"{value}\n", text=True, check=True, capture_output=True, env=server.environment)


def seen(server: Server, uid: str, build: str, name: str) -> dict[str, str]:
    """Everything that can be looked at, by where it is."""
    found = {}
    for path in READS:
        address = server.url + path.format(uid=uid, build=build, name=name)
        with requests.get(address, headers={"Authorization": server.token}, timeout=20) as reply:
            assert reply.status_code == 200, (path, reply.text)
            found[path] = reply.text
    found["log"] = server.log_file.read_text()
    found["build log"] = (server.data_dir / "logs" / "builds" / f"{uid}.log").read_text()
    with closing(connect(server.data_dir / "playground.db")) as database:
        for table, columns in (("playground", "status"), ("event", "message"), ("build", "result, error")):
            found[f"table {table}"] = str(database.execute(f"SELECT {columns} FROM {table}").fetchall())
        found["table token"] = str(database.execute("SELECT * FROM token").fetchall())
    (container,) = containers_of(server.controller_id, uid)
    config = inspected(container["Id"])
    found["container's labels"] = json.dumps(config["Config"]["Labels"])
    with engine() as api:
        found["image's history"] = json.dumps(api.history(config["Image"]))
        found["image"] = json.dumps(api.inspect_image(config["Image"]))
    return found


@pytest.mark.parametrize("serves", [True, False])
def test_it_is_found_nowhere(server: Server, tmp_path: Path, *, serves: bool) -> None:
    given, secret = f"given-{new_token()}", f"secret-{new_token()}"
    set_secret(server, "phrase", secret)
    code = f"e2e-canary-{'serves' if serves else 'fails'}"
    page = PRINTS + (hello()[PAGE] if serves else 'raise RuntimeError("bad token " + os.environ["HF_TOKEN"])\n')
    asked = server.client.create_container(
        plugin_file=pack(tmp_path / "a.zip", hello(code, {PAGE: page})),
        envs={"HF_TOKEN": given, "PASS_PHRASE": {"secretRef": "phrase"}},
        wait=False,
    )
    uid, build = asked["uid"], asked["build_id"]
    if serves:
        result = server.client.wait_for_build(build)["result"]
        assert result is not None
        assert greeting(str(result["endpoint"])) == "Hello, world!"
    else:
        with pytest.raises(BuildFailedError, match=r"bad token \*\*\*\*\*"):
            server.client.wait_for_build(build)
    (container,) = containers_of(server.controller_id, uid)
    environment = inspected(container["Id"])["Config"]["Env"]
    assert {f"HF_TOKEN={given}", f"PASS_PHRASE={secret}"} <= set(environment), "the plugin itself has both"
    places = seen(server, uid, build, asked["name"])
    assert "it is *****" in places["/containers/{uid}/logs/"]
    assert [place for place, text in places.items() if given in text or secret in text] == []


def test_values_that_a_manifest_marks_and_those_of_a_set_are_found_nowhere(server: Server, tmp_path: Path) -> None:
    marked, in_set = f"marked-{new_token()}", f"set-{new_token()}"
    set_secret(server, "pair", f"ONE={in_set}\nTWO=2")
    page = PRINTS.replace('("HF_TOKEN", "PASS_PHRASE")', '("MARKED", "OF_ONE")') + hello()[PAGE]
    envs = {"MARKED": "not yet", "OF_ONE": "not yet"}
    asked = server.client.create_container(
        plugin_file=pack(tmp_path / "a.zip", hello("e2e-marked", {PAGE: page})), envs=envs, wait=False
    )
    server.client.wait_for_build(asked["build_id"])
    env = [{"name": "MARKED", "value": marked, "secret": True}]
    spec = {"env": env, "envFrom": [{"secretRef": "pair", "prefix": "OF_"}]}
    server.client.playgrounds.patch(asked["name"], {"spec": spec})
    server.client.playgrounds.wait(asked["name"], timeout=60)
    (container,) = containers_of(server.controller_id, asked["uid"])
    environment = set(inspected(container["Id"])["Config"]["Env"])
    assert {f"MARKED={marked}", f"OF_ONE={in_set}", "OF_TWO=2"} <= environment, "the plugin itself has them"
    places = seen(server, asked["uid"], asked["build_id"], asked["name"])
    assert places["/containers/{uid}/logs/"].count("it is *****") == 2
    assert [place for place, text in places.items() if marked in text or in_set in text] == []


def test_a_changed_secret_makes_the_container_anew(server: Server, tmp_path: Path) -> None:
    set_secret(server, "phrase", "the first one")
    archive = pack(tmp_path / "a.zip", hello("e2e-rotate"))
    made = server.client.create_container(plugin_file=archive, envs={"PASS_PHRASE": {"secretRef": "phrase"}})
    set_secret(server, "phrase", "the second one")
    server.client.wait_for_status(made["uid"], "starting", timeout=30)
    server.client.wait_for_status(made["uid"], "running", timeout=60)
    (container,) = containers_of(server.controller_id, made["uid"])
    assert container["Id"] != made["id"]
    assert "PASS_PHRASE=the second one" in inspected(container["Id"])["Config"]["Env"]


def test_a_secret_that_is_not_set_is_named_and_waited_for(server: Server, tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.zip", hello("e2e-unset"))
    asked = server.client.create_container(plugin_file=archive, envs={"A": {"secretRef": "unset"}}, wait=False)
    with pytest.raises(BuildFailedError, match=r"Secrets are not set: unset\. The operator sets one with"):
        server.client.wait_for_build(asked["build_id"])
    set_secret(server, "unset", "now it is")
    server.client.wait_for_status(asked["uid"], "running", timeout=60)
