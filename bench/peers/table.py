"""Which peers there are, in the order of the tables."""

import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from bench.answers import await_all
from bench.peers.commands import CommandFailed
from bench.peers.compose import Compose
from bench.peers.docker_cli import DockerCommand
from bench.peers.jupyterhub import JupyterHub
from bench.peers.ours import OurRunner, Ours
from bench.peers.peer import Instance, Peer, PeerMissing, Runner
from bench.peers.podman_kube import PodmanKube
from bench.peers.raw import BARE, RawEngine
from bench.peers.swarm import Swarm
from bench.scenario import Bench

OTHERS: tuple[Peer, ...] = (DockerCommand(), Compose(), Swarm(), PodmanKube(), JupyterHub())
"""All but ours and the floor, in the box that ours are in as far as they have words for it. Claims are of these."""
BARE_OTHERS: tuple[Peer, ...] = (
    DockerCommand("docker CLI, bare", boxed=False),
    Compose("docker compose, bare", boxed=False),
    Swarm("Docker Swarm, bare", boxed=False),
)
"""Those that are measured without the box as well. Nothing is claimed of them."""
NOTE = (
    "All systems make the same container, in the box that ours are in as far as they have words for it; "
    "those called `bare` have none of the box."
)
_BARE = ", bare"
_FIRST = Instance("first", 20999)


@contextmanager
def all_running(
    bench: Bench, others: Iterable[Peer] = OTHERS
) -> Iterator[tuple[OurRunner, dict[str, Runner], tuple[tuple[str, str], ...]]]:
    """Ours, all systems by name that can be had (ours and the raw engine first), and which can't, and why.

    Each has run its first container.
    """
    skipped = []
    ours, raw = Ours(), RawEngine()
    with ExitStack() as stack:
        own = stack.enter_context(ours.running(bench))
        runners: dict[str, Runner] = {ours.name: own, raw.name: stack.enter_context(raw.running(bench))}
        runners[BARE.name] = stack.enter_context(BARE.running(bench))
        for runner in runners.values():
            _first(runner)
        for peer in others:
            try:
                version = peer.installed(bench)
                runners[named(peer, version)] = stack.enter_context(tried(peer, bench))
            except PeerMissing as missing:
                skipped.append((peer.name, str(missing)))
                bench.say(f"without {peer.name}: {missing}")
        yield own, runners, tuple(skipped)


def named(peer: Peer, version: str) -> str:
    """As it is called in the tables, its version where that belongs: `Docker Swarm 20.10.24, bare`."""
    name = peer.name.removesuffix(_BARE)
    return f"{name} {version}".strip() + peer.name.removeprefix(name)


def claimed(name: str, systems: tuple[str, ...]) -> bool:
    """Whether something is claimed of what has this name in the tables: one of these systems, and not a bare one."""
    return name.startswith(systems) and not name.endswith(_BARE)


def tried(peer: Peer, bench: Bench) -> AbstractContextManager[Runner]:
    """The system, after it has run its first container. Raises PeerMissing, with its words, when it can't run one here.

    So a system that this machine does not suit is told from one that breaks under load, which ends the scenario.
    """
    try:
        with ExitStack() as stack:
            runner = stack.enter_context(peer.running(bench))
            _first(runner)
            return _until_closed(runner, stack.pop_all())
    except CommandFailed as failed:
        raise PeerMissing(f"it can't run a container here: {' '.join(str(failed).split())}") from failed


def _first(runner: Runner) -> None:
    """Run a container that is no measure: caches, connections, a network that is made with it."""
    runner.start([_FIRST])
    await_all(runner, [_FIRST], time.perf_counter())
    runner.remove([_FIRST])


@contextmanager
def _until_closed(runner: Runner, stack: ExitStack) -> Iterator[Runner]:
    with stack:
        yield runner
