"""Which peers there are, in the order of the tables."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager

from bench.peers.compose import Compose
from bench.peers.docker_cli import DockerCommand
from bench.peers.jupyterhub import JupyterHub
from bench.peers.ours import OurRunner, Ours
from bench.peers.peer import Peer, PeerMissing, Runner
from bench.peers.podman_kube import PodmanKube
from bench.peers.raw import BARE, RawEngine
from bench.peers.swarm import Swarm
from bench.scenario import Bench

OTHERS: tuple[Peer, ...] = (DockerCommand(), Compose(), Swarm(), PodmanKube(), JupyterHub())
"""All but ours and the floor."""


@contextmanager
def all_running(
    bench: Bench, others: Iterable[Peer] = OTHERS
) -> Iterator[tuple[OurRunner, dict[str, Runner], tuple[tuple[str, str], ...]]]:
    """Ours, all systems by name that can be had (ours and the raw engine first), and which can't, and why."""
    skipped = []
    ours, raw = Ours(), RawEngine()
    with ExitStack() as stack:
        own = stack.enter_context(ours.running(bench))
        runners: dict[str, Runner] = {ours.name: own, raw.name: stack.enter_context(raw.running(bench))}
        runners[BARE.name] = stack.enter_context(BARE.running(bench))
        for peer in others:
            try:
                version = peer.installed(bench)
                runners[f"{peer.name} {version}".strip()] = stack.enter_context(peer.running(bench))
            except PeerMissing as missing:
                skipped.append((peer.name, str(missing)))
                bench.say(f"without {peer.name}: {missing}")
        yield own, runners, tuple(skipped)
