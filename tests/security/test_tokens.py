"""Tokens: made, listed, used within their scope, limited, revoked; and nothing of them is kept that could be used."""

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.principals import BELIEVED
from api.http.serve import check_binding
from api.resources.token import Scope, token_digest
from api.settings import Settings
from api.store import Store, StoreUnavailable
from tests.api.conftest import TOKEN, Api
from tests.api.test_create import create, upload
from tests.e2e.server import BIN, clean_environment

As = Callable[[str], TestClient]


@pytest.fixture
def as_(api: Api) -> As:
    """A client with a token of that name; read, write and admin exist."""
    for scope in Scope:
        api.store.tokens.create(scope, token_digest(f"secret of {scope}"), scope, now=1.0)
    app = create_app(api.deps)
    return lambda name: TestClient(app, headers={"Authorization": f"Bearer secret of {name}"})


def test_a_scope_is_enough_for_its_own_and_what_is_below(as_: As) -> None:
    release = upload(as_("write")).json()["plugin_release"]
    for name, reads, writes, removes in (("read", 200, 403, 403), ("write", 200, 200, 403), ("admin", 200, 200, 409)):
        client = as_(name)
        assert client.get("/containers/").status_code == reads
        assert create(client, plugin_release=release).status_code == writes, name
        for path in (f"/plugin_releases/{release}", f"/v1/pluginreleases/{release}"):
            assert client.delete(path).status_code == removes
            assert client.delete(f"{path}/").status_code == removes
    refused = as_("read").post("/containers/", json={}).json()["detail"]
    assert refused == (
        "The token 'read' has the scope 'read', and this needs 'write'. The operator makes another with "
        "`playground-server token create NAME --scope write`."
    )


@pytest.mark.parametrize("header", [b"nobody", b"Bearer secret of rea", b"secret of read x", b"\xe9", b"Bearer "])
def test_a_token_that_is_not_known_is_none(header: bytes, as_: As) -> None:
    assert as_("read").get("/containers/", headers={b"Authorization": header}).status_code == 401


def test_a_revoked_token_is_good_for_nothing_within_moments(api: Api, as_: As) -> None:
    client = as_("read")
    assert client.get("/containers/").status_code == 200
    assert api.store.tokens.revoke("read", now=2.0)
    assert not api.store.tokens.revoke("read", now=3.0)
    api.clock.seconds += BELIEVED
    assert client.get("/containers/").status_code == 401
    assert "revoked" in client.get("/containers/").json()["detail"]


def test_who_only_reads_is_answered_while_nothing_can_be_written(
    api: Api, as_: As, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise StoreUnavailable("The disk is full.")

    monkeypatch.setattr(type(api.store.tokens), "used", full)
    assert as_("read").get("/containers/").status_code == 200


def test_who_asks_too_often_is_told_so_and_nobody_else_suffers(api: Api, as_: As) -> None:
    rate = api.deps.settings.rate_limit
    assert rate is not None
    statuses = [as_("read").get("/containers/").status_code for _ in range(int(rate * 2) + 1)]
    assert statuses == [200] * int(rate * 2) + [429]
    limited = as_("read").get("/containers/")
    assert "retry-after" not in limited.headers, "a client that sees it repeats the request"
    assert "asks too often" in limited.json()["detail"]
    assert as_("write").get("/containers/").status_code == 200
    api.clock.seconds += 1.0
    assert as_("read").get("/containers/").status_code == 200


def test_the_servers_own_token_is_not_limited(api: Api) -> None:
    client = TestClient(create_app(api.deps), headers={"Authorization": TOKEN})
    assert {client.get("/containers/").status_code for _ in range(150)} == {200}


def test_quotas_count_what_a_token_has(api: Api, as_: As) -> None:
    limits = {"max_playgrounds_per_token": 2, "max_builds_per_token": 3}
    app = create_app(replace(api.deps, settings=api.deps.settings.model_copy(update=limits)))
    mine, root = (TestClient(app, headers={"Authorization": token}) for token in ("secret of write", TOKEN))
    release = upload(mine).json()["plugin_release"]
    assert create(mine, plugin_release=release, model=1).status_code == 201
    third = create(mine, plugin_release=release, model=2)
    assert third.status_code == 409
    assert "The token 'write' has 2 playgrounds, as many as it may have" in third.json()["detail"]
    assert create(root, plugin_release=release, model=2).status_code == 201
    again = create(mine, plugin_release=release, model=1)
    assert again.status_code == 200, "one that is there is not one more"
    waiting = create(mine, plugin_release=release, model=1)
    assert (waiting.status_code, "3 open builds" in waiting.json()["detail"]) == (409, True)
    assert mine.get(f"/containers/{again.json()['uid']}").json()["created_by"] == "write"


def test_nothing_is_kept_that_opens_the_door(api: Api, as_: As) -> None:
    assert as_("write").get("/containers/").status_code == 200
    everything = b"".join(path.read_bytes() for path in api.data_dir.rglob("*") if path.is_file())
    assert b"secret of write" not in everything
    digest = token_digest("secret of write")
    assert digest.encode() in everything
    assert as_("write").get("/containers/", headers={"Authorization": digest}).status_code == 401


@pytest.mark.parametrize(
    ("host", "refused"),
    [("127.0.0.1", False), ("::1", False), ("localhost", False), ("0.0.0.0", True), ("::", True), ("a.example", True)],
)
def test_an_open_address_needs_a_token_that_was_made_on_purpose(host: str, tmp_path: Path, *, refused: bool) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'playground.db'}")
    store.migrate()
    settings = Settings(data_dir=tmp_path, host=host)
    try:
        if refused:
            with pytest.raises(PermissionError, match="playground-server token create NAME"):
                check_binding(settings, store)
        check_binding(Settings.model_validate({"data_dir": tmp_path, "host": host, "token": "given"}), store)
        store.tokens.create("made", "d", Scope.READ, now=1.0)
        check_binding(settings, store)
    finally:
        store.close()


def test_the_operators_commands(tmp_path: Path) -> None:
    def run(*words: str, text: str = "") -> subprocess.CompletedProcess[str]:
        command = [str(BIN / "playground-server"), *words, "--data-dir", str(tmp_path / "data")]
        environment = clean_environment(tmp_path)
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, env=environment)

    made = run("token", "create", "ci", "--scope", "read")
    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout.startswith("pgt_")
    assert len(made.stdout.strip()) == 47
    listed = run("token", "list").stdout
    assert made.stdout.strip() not in listed
    assert listed.splitlines()[1].split()[:2] == ["ci", "read"]
    assert run("token", "create", "admin").returncode == 2
    assert run("token", "revoke", "ci").stdout == "The token 'ci' is revoked.\n"
    assert run("token", "revoke", "ci").returncode == 1
    assert run("token", "create", "ci").stderr.startswith("There is or was a token named 'ci'")


def test_the_api_refuses_an_open_address_as_a_process(tmp_path: Path) -> None:
    command = [str(BIN / "playground-server"), "api", "--data-dir", str(tmp_path / "data"), "--port", "0"]
    command += ["--host", "0.0.0.0", "--log-format", "json"]
    environment = clean_environment(tmp_path)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=30)
    assert done.returncode == 1
    assert "while nobody has made a token" in json.loads(done.stderr.splitlines()[-1])["error"]
