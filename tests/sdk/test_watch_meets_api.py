"""The watch against a real API that is killed and started again while others write: nothing missed, nothing twice."""

import threading
from pathlib import Path
from typing import Any

from playground_sdk import AgentClient, TransportError
from tests.e2e.eventually import eventually
from tests.e2e.plugins import hello, pack
from tests.e2e.server import Server, free_range, running

WRITES, KILLED_AFTER, NAMES, CHANGES_OF_ONE_LIFE = 500, (150, 350), 25, 120


class Follower:
    """A client that lives for a while only, and goes on where the one before it was."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._over = threading.Event()
        self.seen: list[tuple[str, str]] = []
        self._version = "0"
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._over.is_set():
            with AgentClient(self._server.url, self._server.token) as client:
                changes = client.playgrounds.watch(resource_version=self._version)
                for _ in range(CHANGES_OF_ONE_LIFE):
                    change = next(changes)
                    self.seen.append((change.playground["metadata"]["name"], change.resource_version))
                    self._version = change.resource_version
                    if change.playground["metadata"]["name"] == "the-end":
                        self._over.set()
                        return

    def done(self) -> bool:
        return self._over.is_set()


def document(name: str, number: int) -> dict[str, Any]:
    return {
        "apiVersion": "playground/v1",
        "kind": "Playground",
        "metadata": {"name": name},
        "spec": {"plugin": {"release": "watched@1.0.0"}, "model": number % NAMES, "params": {"number": number}},
    }


def apply(client: AgentClient, manifest: dict[str, Any]) -> tuple[str, str]:
    """Apply, again where the connection broke: then it may have been done already, and is the same write."""
    while True:
        try:
            metadata = client.playgrounds.apply(manifest).playground["metadata"]
        except TransportError:
            continue
        return metadata["name"], metadata["resourceVersion"]


def test_nothing_is_missed_and_nothing_told_twice(tmp_path: Path) -> None:
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/no-docker.sock"}
    with running(tmp_path / "server", free_range(1), nowhere, command="api") as server:
        server.client.plugins.push(pack(tmp_path / "plugin.zip", hello("watched")))
        follower = Follower(server)
        written = []
        for number in range(WRITES):
            if number in KILLED_AFTER:
                server.kill()
                server.start()
            written.append(apply(server.client, document(f"p-{number % NAMES}", number)))
        written.append(
            apply(server.client, document("the-end", WRITES) | {"spec": {"plugin": {"release": "watched@1.0.0"}}})
        )
        eventually(follower.done, 60, "the last change")
        assert sorted(follower.seen) == sorted(set(follower.seen)), "nothing is told twice"
        assert follower.seen == written
