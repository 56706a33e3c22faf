"""The token, in all the forms clients send it."""

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import TOKEN


@pytest.mark.parametrize("header", [TOKEN, f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Token {TOKEN}", f"  {TOKEN} "])
def test_the_token_is_taken_raw_and_behind_a_scheme(client: TestClient, header: str) -> None:
    assert client.get("/containers/", headers={"Authorization": header}).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "wrong", f"Basic {TOKEN}", f"{TOKEN}x", f"Bearer Bearer {TOKEN}", "Bearer", "\xff"]
)
def test_anything_else_is_401_with_a_sentence(client: TestClient, header: str) -> None:
    reply = client.get("/containers/", headers={b"Authorization": header.encode("latin-1")})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"] == "Bearer"
    assert "token" in reply.json()["detail"]
    assert TOKEN not in reply.text


def test_no_route_answers_without_it_except_health(client: TestClient) -> None:
    del client.headers["Authorization"]
    closed = ["/containers/", "/containers/docker/", "/builds/x/", "/plugin_releases/", "/nothing", "/healthy", "/"]
    assert {path: client.get(path).status_code for path in closed} == dict.fromkeys(closed, 401)
    assert client.get("/health/").status_code == 200
    assert client.get("/health").status_code == 200


def test_the_other_services_tokens_are_not_required_and_prove_nothing(client: TestClient) -> None:
    others = {"SYNAPSE-User": f"Token {TOKEN}", "SYNAPSE-Tenant": "Token t"}
    assert client.get("/containers/", headers=others).status_code == 200
    assert client.get("/containers/", headers={**others, "Authorization": "Token t"}).status_code == 401
