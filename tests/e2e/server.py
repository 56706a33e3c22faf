"""A real server as its operator runs it: `playground-server`, with a data folder, ports and a log of its own."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from gradio_client import Client

from playground_sdk import AgentClient, TransportError
from tests.e2e.eventually import eventually

BIN = Path(sys.executable).parent
UP_LIMIT_S = 30.0
STOP_LIMIT_S = 30.0
# The ports that playgrounds get are looked for here: below the kernel's ephemeral ports, away from the default range.
RANGES = range(12000, 30000, 50)
PASSED_ON = ("PATH", "PYTHONPATH", "DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", "LANG")
BASE_IMAGE_NAMES = ("PLAYGROUND_BASE_IMAGE", "GRADIO_CONTAINER_BASE_IMAGE")


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _children(pid: int) -> list[int]:
    """The processes that it has started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(text) for task in tasks for text in (task / "children").read_text().split()]


def free_range(count: int) -> range:
    """That many ports in a row that nobody listens on; another one at each call, most likely."""
    for first in random.sample(RANGES, len(RANGES)):
        ports = range(first, first + count)
        try:
            for port in ports:
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return ports
    raise AssertionError(f"no {count} free ports in a row between {RANGES[0]} and {RANGES[-1]}")


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a process gets of ours: how to reach the engine and which base image to take, none of our own settings."""
    kept = {name: os.environ[name] for name in (*PASSED_ON, *BASE_IMAGE_NAMES) if name in os.environ}
    temporary = home / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return {**kept, "HOME": str(home), "TMPDIR": str(temporary), **more}


def predict(endpoint: str | None, name: str = "world") -> str:
    """What the page at `endpoint` answers, asked by Gradio's own client as a user's program would."""
    assert endpoint is not None
    client = Client(endpoint, verbose=False, download_files=False, analytics_enabled=False)
    try:
        answer = client.predict(name, api_name="/greet")
    finally:
        client.close()
    assert isinstance(answer, str)
    return answer


def greeting(endpoint: str | None, name: str = "world") -> str:
    """The same over plain HTTP, for the tests that only want to know which page it is: it costs a tenth."""
    assert endpoint is not None
    call = f"{endpoint}/gradio_api/call/greet"
    with requests.Session() as session:
        session.trust_env = False
        event = session.post(call, json={"data": [name]}, timeout=10).json()["event_id"]
        lines = session.get(f"{call}/{event}", timeout=10).text.splitlines()
    (answer,) = json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))
    assert isinstance(answer, str)
    return answer


@dataclass
class Server:
    """One server: its processes, its client, its log."""

    folder: Path
    ports: range
    environment: dict[str, str]
    command: str = "run"
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    client: AgentClient = field(init=False)

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def log_file(self) -> Path:
        return self.folder / "server.log"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token(self) -> str:
        return (self.data_dir / "token").read_text().strip()

    @property
    def controller_id(self) -> str:
        return (self.data_dir / "controller-id").read_text().strip()

    def start(self) -> None:
        """Start it and return when its API answers."""
        arguments = ["--data-dir", str(self.data_dir), "--port", str(self.port)]
        arguments += ["--controller-port", str(free_port()), "--log-format", "json"]
        if self.command == "run":
            arguments += ["--port-range", f"{self.ports[0]}-{self.ports[-1]}"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [str(BIN / "playground-server"), self.command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )
        eventually(lambda: self._alive() and (self.data_dir / "token").exists(), UP_LIMIT_S, "the server's token")
        self.client = AgentClient(self.url, self.token)
        eventually(self._answers, UP_LIMIT_S, "the API's first answer")

    def stop(self) -> int:
        """Ask it to end, as a service manager does; the exit code."""
        assert self.process is not None
        self.client.close()
        self.process.terminate()
        return self.process.wait(STOP_LIMIT_S)

    def kill(self) -> None:
        """End all its processes at once, whatever state they are in."""
        if self.process is not None and self.process.poll() is None:
            for pid in (*_children(self.process.pid), self.process.pid):  # not all are in one session
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.process.wait(STOP_LIMIT_S)

    def controller_pid(self) -> int:
        """The process that leads, as the server's health tells it."""
        holder = self.client.health_check()["controller"]["holder"]
        return int(holder.split("/")[1])

    def cli(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """`playground ARGUMENTS` on the machine of the server, whose token it finds by itself."""
        return subprocess.run(
            [str(BIN / "playground"), *arguments],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env={
                **self.environment,
                "PLAYGROUND_SERVER": self.url,
                "PLAYGROUND_DATA_DIR": str(self.data_dir),
                "COLUMNS": "200",
                **more,
            },
        )

    def log(self, **wanted: object) -> list[dict[str, Any]]:
        """The log's lines so far, those with the wanted values. Fails when a line is no JSON object."""
        lines = [json.loads(line) for line in self.log_file.read_text().splitlines()]
        assert all(isinstance(line, dict) for line in lines)
        return [line for line in lines if all(line.get(key) == value for key, value in wanted.items())]

    def actions(self, uid: str) -> list[str]:
        """What the controller did to a playground, one word each, in order."""
        return [line["action"] for line in self.log(event="action", uid=uid)]

    def files(self) -> set[str]:
        """Uploads and temporary files there are: the archives folder, the temporary one."""
        folders = (self.data_dir / "archives", Path(self.environment["TMPDIR"]))
        return {str(path) for folder in folders for path in folder.rglob("*") if path.is_file()}

    def delete(self, container_id: str) -> None:
        """Delete a playground and see it gone."""
        self.client.delete_container(container_id)
        self.client.wait_for_status(container_id, "deleted", timeout=60)

    def delete_all(self) -> None:
        """Delete what the tests have left, and see it gone."""
        for container in self.client.list_containers(list_all=True)[0]:
            self.client.delete_container(container["record_id"])
        eventually(lambda: self.client.list_containers()["count"] == 0, 60, "all playgrounds being gone")

    def _alive(self) -> bool:
        assert self.process is not None
        code = self.process.poll()
        assert code is None, f"the server has ended with {code}:\n{self.log_file.read_text()[-3000:]}"
        return True

    def _answers(self) -> bool:
        try:
            health = self.client.health_check()
        except TransportError:
            return not self._alive()
        return self.command != "run" or health["status"] == "ok"


STARTED: list[Server] = []
"""All servers of this run: a failing test shows the logs of those that wrote meanwhile."""


@contextmanager
def running(
    folder: Path, ports: range, settings: Mapping[str, str] | None = None, command: str = "run"
) -> Iterator[Server]:
    """A started server. It is stopped at the end, by force where it has to be."""
    folder.mkdir(parents=True, exist_ok=True)
    server = Server(folder, ports, clean_environment(folder / "home", **(settings or {})), command)
    STARTED.append(server)
    try:
        server.start()
        yield server
        assert server.stop() == 0
    finally:
        server.kill()
