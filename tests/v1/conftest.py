"""The API in process, as in `tests/api`, with what a document needs: an uploaded release, and short ways to say it."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.api.conftest import Api, api, client, migrated
from tests.api.plugins import PAGE, plugin
from tests.v1.watching import WatchClient

__all__ = ["api", "client", "migrated"]

RELEASE = "my-plugin@1.0.0"
Put = Callable[..., httpx2.Response]
Watch = Callable[..., WatchClient]


def document(name: str = "hello", **spec: Any) -> dict[str, Any]:
    """A playground of the uploaded release; the keywords are the spec's."""
    return {
        "apiVersion": "playground/v1",
        "kind": "Playground",
        "metadata": {"name": name},
        "spec": {"plugin": {"release": RELEASE}, **spec},
    }


def upload(client: TestClient, page: str = PAGE, *, version: str = "1.0.0") -> httpx2.Response:
    """Upload the release; another page makes another content."""
    archive = plugin(version=version, page=page)
    reply = client.post("/v1/pluginreleases", content=archive, headers={"Content-Type": "application/zip"})
    assert reply.status_code in {200, 201}, reply.text
    return reply


@pytest.fixture
def put(api: Api, client: TestClient) -> Put:
    """Apply a document: `put("hello", model=1)`; `of` gives the whole document, `query` and `headers` the rest."""
    upload(client)

    def apply(
        name: str = "hello",
        *,
        of: dict[str, Any] | None = None,
        query: str = "",
        headers: dict[str, str] | None = None,
        labels: dict[str, str] | None = None,
        **spec: Any,
    ) -> httpx2.Response:
        body = of if of is not None else document(name, **spec)
        if labels is not None:
            body = {**body, "metadata": {**body["metadata"], "labels": labels}}
        return client.put(f"/v1/playgrounds/{name}{query}", json=body, headers=headers)

    return apply


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Opens connections, and closes them in the end."""
    opened: list[WatchClient] = []

    def connect(port: int, path: str, **headers: str) -> WatchClient:
        opened.append(WatchClient(port, path, **headers))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.kill()
