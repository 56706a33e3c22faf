"""The docker command: `docker run -d`, as many at a time as the engine has slots, and one `docker rm -f` for all.

It has words for all of the box.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from bench.peers.box import bridge, run_words
from bench.peers.commands import asked, at_once, run
from bench.peers.peer import Instance
from bench.peers.raw import CONTAINER_PORT, slots
from bench.scenario import Bench
from controller.engine.connect import EngineClient
from tests.images.build import HTTP_IMAGE

LABEL = "playground-bench-command"
NETWORK = f"{LABEL}-0"


@dataclass(frozen=True, slots=True)
class DockerCommand:
    """A person, or a shell script. `boxed`: in the box that ours are in."""

    name: str = "docker CLI"
    boxed: bool = True

    def installed(self, bench: Bench) -> str:
        """The command's version; the engine is the one that all use."""
        return asked(["docker", "version", "--format", "{{.Client.Version}}"], {"DOCKER_HOST": bench.own.host})

    @contextmanager
    def running(self, bench: Bench) -> Iterator["DockerCommandRunner"]:
        """There is nothing to start; a network where they are boxed."""
        with bench.own.client() as engine, ExitStack() as stack:
            network = stack.enter_context(bridge(engine, NETWORK)) if self.boxed else None
            runner = DockerCommandRunner(bench.own.host, engine, network)
            try:
                yield runner
            finally:
                runner.remove_all()


@dataclass(slots=True)
class DockerCommandRunner:
    """Runs the command, and remembers the ids that it prints."""

    host: str
    engine: EngineClient
    network: str | None
    """The boxes' network; None for bare ones."""
    _ids: dict[str, str] = field(default_factory=dict)

    def start(self, instances: Sequence[Instance]) -> None:
        """One `docker run -d` for each."""
        at_once(slots(), self._run, instances)

    def await_running(self, instances: Sequence[Instance]) -> None:
        """They do: `docker run` has started them."""

    def url(self, instance: Instance) -> str:
        """The published port."""
        return f"http://127.0.0.1:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """One `docker rm -f` for all; it removes many at a time by itself."""
        self._docker("rm", "--force", "--volumes", *(self._ids.pop(each.name) for each in instances))

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        """The id that `docker run` has printed."""
        return (self.engine, self._ids[instance.name]) if instance.name in self._ids else None

    def remove_all(self) -> None:
        """Remove whatever a run that broke has left."""
        for row in self.engine.containers(all=True, filters={"label": LABEL}):
            self.engine.remove_container(row["Id"], force=True)

    def _run(self, instance: Instance) -> None:
        self._ids[instance.name] = self._docker(*run_arguments(instance, self.network)).strip()

    def _docker(self, *words: str) -> str:
        return run(["docker", *words], {"DOCKER_HOST": self.host})


def run_arguments(instance: Instance, network: str | None) -> list[str]:
    """What follows `docker` to run it in the background, in a box on that network or bare (None)."""
    box = [] if network is None else run_words(network)
    publish = f"127.0.0.1:{instance.port}:{CONTAINER_PORT}"
    return ["run", "--detach", "--name", instance.name, "--label", LABEL, "--publish", publish, *box, HTTP_IMAGE]
