"""A create that is refused leaves nothing behind of the archive that came with it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.http.app import create_app
from api.resources.token import Scope, token_digest
from api.store import QuotaExceeded, StoreUnavailable
from tests.api.conftest import TOKEN, Api
from tests.api.plugins import PAGE, plugin
from tests.api.test_create import create, upload

NEW = "my-plugin@2.0.0"


def known(client: TestClient) -> dict[str, str]:
    """The digests of the releases that are known."""
    return {
        release["plugin_release"]: release["digest"] for release in client.get("/plugin_releases/").json()["results"]
    }


def test_a_name_that_is_taken(api: Api, client: TestClient) -> None:
    assert upload(client, name="mine").status_code == 201
    before = known(client)
    refused = upload(client, plugin(version="2.0.0"), name="mine")
    assert refused.status_code == 409
    assert known(client) == before
    assert create(client, plugin_release=NEW).status_code == 404, "it was never there"
    assert api.store.releases.digests_in_use() == set(before.values()), "and the collector may have its archive"
    assert upload(client, plugin(version="2.0.0"), name="another").status_code == 201
    assert set(known(client)) == {*before, NEW}


def test_a_quota(api: Api) -> None:
    api.store.tokens.create("writer", token_digest("secret"), Scope.WRITE, now=1.0)
    settings = api.deps.settings.model_copy(update={"max_playgrounds_per_token": 1})
    client = TestClient(create_app(replace(api.deps, settings=settings)), headers={"Authorization": "secret"})
    assert upload(client).status_code == 201
    before = known(client)
    for _ in range(2):
        refused = upload(client, plugin(version="2.0.0"))
        assert (refused.status_code, "as many as it may have" in refused.text) == (409, True)
        assert known(client) == before


def test_what_the_release_was_before_it_is_again(client: TestClient) -> None:
    assert upload(client, name="mine").status_code == 201
    before = client.get("/plugin_releases/my-plugin@1.0.0").json()
    refused = upload(client, plugin(page=f"{PAGE}\n# other\n"), name="mine", model=7)
    assert refused.status_code == 409
    assert client.get("/plugin_releases/my-plugin@1.0.0").json() == before
    same = upload(client, name="mine", model=7)
    assert same.status_code == 409
    assert client.get("/plugin_releases/my-plugin@1.0.0").json() == before


@pytest.fixture
def meanwhile(api: Api, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Has something happen after the release was recorded, and then refuses the create."""

    def arrange(happening: Callable[[], Any]) -> None:
        async def refuse(*_: object) -> None:
            monkeypatch.undo()
            happening()
            raise QuotaExceeded("writer", 1, "playgrounds", "Delete one.")

        monkeypatch.setattr("api.http.creates._record", refuse)

    return arrange


def test_a_release_that_somebody_uses_by_now_stays(
    client: TestClient, api: Api, meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    other = TestClient(create_app(api.deps), headers={"Authorization": TOKEN})
    meanwhile(lambda: create(other, plugin_release="my-plugin@1.0.0"))
    assert upload(client, model=1).status_code == 409
    assert set(known(client)) == {"my-plugin@1.0.0"}
    assert len(client.get("/containers/").json()["results"]) == 1


def test_a_release_that_somebody_else_uploaded_too_stays(
    client: TestClient, api: Api, meanwhile: Callable[[Callable[[], Any]], None]
) -> None:
    other = TestClient(create_app(api.deps), headers={"Authorization": TOKEN})

    def later() -> None:
        api.clock.seconds += 1.0
        files = {"file": ("p.zip", plugin())}
        assert other.post("/plugin_releases/", files=files).status_code in {200, 201}

    meanwhile(later)
    assert upload(client).status_code == 409
    assert set(known(client)) == {"my-plugin@1.0.0"}


def test_the_refusal_is_the_answer_also_when_nothing_can_be_taken_back(
    client: TestClient, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bool:
        raise StoreUnavailable("The disk is full.")

    assert upload(client, name="mine").status_code == 201
    monkeypatch.setattr(type(api.store.releases), "take_back", full)
    assert upload(client, plugin(version="2.0.0"), name="mine").status_code == 409
    assert NEW in known(client)
