"""JupyterHub with DockerSpawner: named servers of one user, asked for through its REST API, reached through its proxy.

It is installed in an environment of its own (`bench.peers.install`). Its settings are the usual ones, save that any
number of servers may be pending at a time, and that they are in the box that ours are in: DockerSpawner has words for
all of it.
"""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

import requests

from bench.answers import answers
from bench.peers.box import bridge, host_arguments
from bench.peers.commands import CommandFailed, asked, at_once, child, tail
from bench.peers.peer import Instance, PeerMissing
from bench.peers.raw import CONTAINER_PORT, LIMITS
from bench.scenario import Bench
from controller.engine.connect import EngineClient
from controller.engine.sandbox import USER
from tests.images.build import HTTP_IMAGE
from tests.testbed.pauses import await_true

FOLDER = "jupyterhub"
"""Below the tools' folder: `venv` and `node_modules`."""
PROXY = "http://127.0.0.1:8000"
_API = "http://127.0.0.1:8081/hub/api"
_USER = "bench"
_TOKEN = "0123456789abcdef0123456789abcdef"
_PREFIX = "hub-"
NETWORK = "playground-bench-hub-0"
_AT_ONCE = 40
_UP_S, _READY_S, _GONE_S = 60.0, 300.0, 120.0
_CALL_S = 120.0


def commands(tools: Path) -> tuple[Path, Path]:
    """Where the hub and its proxy are when they are installed."""
    folder = tools / FOLDER
    return folder / "venv/bin/jupyterhub", folder / "node_modules/.bin/configurable-http-proxy"


@dataclass(frozen=True, slots=True)
class JupyterHub:
    """A hub with SQLite, as it is set up at first, and its usual proxy."""

    name: str = "JupyterHub"

    def installed(self, bench: Bench) -> str:
        """The hub's version."""
        hub, proxy = commands(bench.tools)
        if not proxy.exists():
            raise PeerMissing("its proxy is not installed")
        return asked([str(hub), "--version"])

    @contextmanager
    def running(self, bench: Bench) -> Iterator["HubRunner"]:
        """A hub that answers, with the user whose servers they are."""
        folder = bench.folder / "jupyterhub"
        folder.mkdir()
        log = folder / "hub.log"
        hub, proxy = commands(bench.tools)
        (folder / "config.py").write_text(configuration(proxy))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DOCKER_HOST": bench.own.host,
            "LANG": "C.UTF-8",
        }
        command = ["sh", "-c", 'cd "$0" && exec "$@"', str(folder), str(hub), "--config", str(folder / "config.py")]
        with bench.own.client() as engine, bridge(engine, NETWORK), requests.Session() as session:
            session.trust_env = False
            session.headers["Authorization"] = f"token {_TOKEN}"
            session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=_AT_ONCE))
            runner = HubRunner(session, engine, log)
            try:
                with child(command, environment, log) as process:

                    def up() -> bool:
                        if process.poll() is not None:
                            raise PeerMissing(f"it does not start: {tail(log)}")
                        return answers(f"{PROXY}/hub/health")

                    await_true("JupyterHub", up, _UP_S)
                    runner.make_user()
                    yield runner
            finally:
                runner.remove_all()
                shutil.rmtree(folder)


def configuration(proxy: Path) -> str:
    """The hub's settings, as a file."""
    scopes = ["admin:users", "admin:servers"]
    settings = {
        "JupyterHub.bind_url": f"{PROXY}/",
        "JupyterHub.authenticator_class": "dummy",
        "JupyterHub.spawner_class": "dockerspawner.DockerSpawner",
        "JupyterHub.allow_named_servers": True,
        "JupyterHub.concurrent_spawn_limit": 0,
        "JupyterHub.services": [{"name": "bench", "api_token": _TOKEN}],
        "JupyterHub.load_roles": [{"name": "bench", "scopes": scopes, "services": ["bench"]}],
        "ConfigurableHTTPProxy.command": [str(proxy)],
        "Authenticator.allow_all": True,
        "DockerSpawner.image": HTTP_IMAGE,
        "DockerSpawner.cmd": ["/server"],
        "DockerSpawner.pull_policy": "never",
        "DockerSpawner.port": CONTAINER_PORT,
        "DockerSpawner.host_ip": "127.0.0.1",
        "DockerSpawner.remove": True,
        "DockerSpawner.cpu_limit": LIMITS.cpu,
        "DockerSpawner.network_name": NETWORK,
        "DockerSpawner.use_internal_ip": False,
        "DockerSpawner.extra_create_kwargs": {"user": USER},
        "DockerSpawner.extra_host_config": host_arguments(NETWORK),
        "DockerSpawner.name_template": f"{_PREFIX}{{raw_servername}}",
    }
    return "".join(f"c.{name} = {value!r}\n" for name, value in settings.items())


@dataclass(slots=True)
class HubRunner:
    """Asks the REST API, for all that are wanted at once."""

    session: requests.Session
    engine: EngineClient
    log: Path
    _pending: set[str] = field(default_factory=set)

    def make_user(self) -> None:
        """The user that all servers are of."""
        self._call("POST", f"/users/{_USER}")

    def start(self, instances: Sequence[Instance]) -> None:
        """Ask for a named server for each. The hub answers when it runs, or after ten seconds."""
        at_once(min(_AT_ONCE, len(instances)), self._start, instances)

    def await_running(self, instances: Sequence[Instance]) -> None:
        """Ask the hub about those that it had no time to wait for."""
        if pending := self._pending & {each.name for each in instances}:
            await_true("all servers being ready", lambda: pending <= self._ready(), _READY_S, 0.05)
            self._pending -= pending

    def url(self, instance: Instance) -> str:
        """Its path at the proxy. The instance's port is not used: Docker chooses one, and the hub asks it which."""
        return f"{PROXY}/user/{_USER}/{instance.name}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """Have the servers stopped and forgotten; returns when neither a record nor a container is left."""
        names = {each.name for each in instances}
        at_once(min(_AT_ONCE, len(instances)), self._remove, instances)
        await_true("all servers being forgotten", lambda: not names & self._records(), _GONE_S, 0.02)
        await_true("all containers being gone", lambda: not names & self._containers(), _GONE_S, 0.005)

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        """The container with the server's name; None while there is none."""
        found = self.engine.containers(filters={"name": f"^/{_PREFIX}{instance.name}$"})
        return (self.engine, found[0]["Id"]) if found else None

    def remove_all(self) -> None:
        """Remove the containers that the hub has left at its end."""
        for name in self._containers():
            self.engine.remove_container(f"{_PREFIX}{name}", force=True)

    def _start(self, instance: Instance) -> None:
        if self._call("POST", _path(instance)).status_code == HTTPStatus.ACCEPTED:
            self._pending.add(instance.name)

    def _remove(self, instance: Instance) -> None:
        self._call("DELETE", _path(instance), {"remove": True})

    def _ready(self) -> set[str]:
        servers = self._call("GET", f"/users/{_USER}").json()["servers"]
        return {name for name, server in servers.items() if server["ready"]}

    def _records(self) -> set[str]:
        return set(self._call("GET", f"/users/{_USER}?include_stopped_servers").json()["servers"])

    def _containers(self) -> set[str]:
        found = self.engine.containers(all=True, filters={"name": f"^/{_PREFIX}"})
        return {name.removeprefix(f"/{_PREFIX}") for row in found for name in row["Names"]}

    def _call(self, method: str, path: str, body: dict[str, bool] | None = None) -> requests.Response:
        answer = self.session.request(method, f"{_API}{path}", json=body, timeout=_CALL_S)
        if not answer.ok:
            raise CommandFailed(f"JupyterHub: {method} {path}: {answer.status_code}: {tail(self.log)}")
        return answer


def _path(instance: Instance) -> str:
    return f"/users/{_USER}/servers/{instance.name}"
