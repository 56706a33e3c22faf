"""`podman kube play`: a file with a pod for each instance. No daemon runs; the image comes from the engine.

All that Podman keeps is in the peer's folder (its usual places are left alone), and it makes its cgroups itself.

The pods are in the box that ours are in as far as a pod has words for it: there is no init, no /tmp of a size, no limit
of its log's files, and Podman's bridges let containers reach each other. Beside its container each has another one.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.peers.commands import CommandFailed, asked, run
from bench.peers.peer import Instance, PeerMissing
from bench.peers.raw import CONTAINER_PORT, LIMITS
from bench.scenario import Bench
from controller.engine.connect import EngineClient
from controller.engine.sandbox import USER
from tests.images.build import HTTP_IMAGE

_NETWORK = "playground-bench"
_SUBNET = "10.202.0.0/16"
_ADDRESSES = Path("/var/lib/cni/networks")
_CGROUPS = Path("/sys/fs/cgroup")
_LIMITS = ["nofile=4096:4096", "nproc=4096:4096"]
"""Podman's own are more than root may grant where it lacks the capability for it, as in many virtual machines."""


@dataclass(frozen=True, slots=True)
class PodmanKube:
    """Podman for root."""

    name: str = "podman kube play"

    def installed(self, _bench: Bench) -> str:
        """Its version; `kube play` is there from 4.2 on."""
        version = asked(["podman", "--version"]).split()[-1]
        if tuple(int(part) for part in version.split(".")[:2]) < (4, 2):
            raise PeerMissing(f"podman {version} has no `kube play`")
        return version

    @contextmanager
    def running(self, bench: Bench) -> Iterator["PodmanRunner"]:
        """The image is loaded, the pods' network is made."""
        folder = bench.folder / "podman"
        folder.mkdir()
        environment = configure(folder)
        runner = PodmanRunner(folder, environment, _cgroups())
        try:
            archive = folder / "image.tar"
            with bench.own.client() as api, archive.open("wb") as file:
                file.writelines(api.get_image(HTTP_IMAGE))
            runner.podman("load", "--quiet", "--input", str(archive))
            runner.podman("network", "create", "--subnet", _SUBNET, _NETWORK)
            yield runner
        finally:
            runner.remove_all()
            shutil.rmtree(folder)


def configure(folder: Path) -> dict[str, str]:
    """Write Podman's settings there; returns the environment that makes it read them."""
    (folder / "storage.conf").write_text(
        f'[storage]\ndriver = "overlay"\ngraphroot = "{folder}/graph"\nrunroot = "{folder}/run"\n'
    )
    (folder / "containers.conf").write_text(
        f"[containers]\ndefault_ulimits = {json.dumps(_LIMITS)}\npids_limit = {LIMITS.pids}\n"
        "[engine]\n"
        'cgroup_manager = "cgroupfs"\nevents_logger = "file"\nlock_type = "file"\n'
        f'static_dir = "{folder}/graph/libpod"\ntmp_dir = "{folder}/tmp"\nvolume_path = "{folder}/graph/volumes"\n'
        f'[network]\nnetwork_config_dir = "{folder}/networks"\n'
    )
    (folder / "policy.json").write_text(json.dumps({"default": [{"type": "insecureAcceptAnything"}]}))
    return {
        "CONTAINERS_CONF": str(folder / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
    }


@dataclass(slots=True)
class PodmanRunner:
    """Writes a file for each batch, and remembers which instance is in which."""

    folder: Path
    environment: dict[str, str]
    cgroups_before: set[Path]
    _files: dict[str, list[Instance]] = field(default_factory=dict)

    def start(self, instances: Sequence[Instance]) -> None:
        """`kube play` of one file with all of them."""
        name = f"{instances[0].name}.yaml"
        (self.folder / name).write_text(kube_file(instances))
        self._files[name] = list(instances)
        self.podman("kube", "play", "--quiet", "--network", _NETWORK, str(self.folder / name))

    def await_running(self, instances: Sequence[Instance]) -> None:
        """They do: `kube play` has started them."""

    def url(self, instance: Instance) -> str:
        """The pod's host port."""
        return f"http://127.0.0.1:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        """`kube down` of each file whose instances all go, else `pod rm` of those that do."""
        going = set(instances)
        for name, mine in list(self._files.items()):
            left = [each for each in mine if each not in going]
            if not left:
                self.podman("kube", "down", str(self.folder / name))
                (self.folder / name).unlink()
                del self._files[name]
            elif len(left) < len(mine):
                self.podman("pod", "rm", "--force", *(each.name for each in mine if each in going))
                (self.folder / name).write_text(kube_file(left))
                self._files[name] = left

    def container(self, _instance: Instance, /) -> tuple[EngineClient, str] | None:
        """None: no Docker Engine runs it."""
        return None

    def remove_all(self) -> None:
        """Remove whatever a run that broke has left: pods, mounts, the network's bridge."""
        try:
            self.podman("pod", "rm", "--force", "--all", "--time", "0")
        finally:
            self._reset()
            shutil.rmtree(_ADDRESSES / _NETWORK, ignore_errors=True)
            for cgroup in sorted(_cgroups() - self.cgroups_before, reverse=True):
                with suppress(OSError):  # a folder that somebody else uses by now, or that went with another one
                    cgroup.rmdir()

    def _reset(self) -> None:
        """Take away all that is in its folder; again where what ended last has still written its event there."""
        reset = ("system", "reset", "--force")
        try:
            self.podman(*reset)
        except CommandFailed:
            self.podman(*reset)

    def podman(self, *words: str) -> str:
        """Run a command of it. Raises CommandFailed."""
        return run(["podman", *words], self.environment)


def _cgroups() -> set[Path]:
    """Those of pods. Podman gives up on one that is in use still when it removes the pod."""
    return {path for top in _CGROUPS.glob("*/libpod_parent") for path in (top, *top.rglob("*")) if path.is_dir()}


def kube_file(instances: Sequence[Instance]) -> str:
    """A file with a pod for each (JSON is YAML)."""
    return "\n---\n".join(json.dumps(pod(each)) for each in instances)


def pod(instance: Instance) -> dict[str, Any]:
    """A pod with the tiny server, on a port of the host's loopback address."""
    port = {"containerPort": CONTAINER_PORT, "hostPort": instance.port, "hostIP": "127.0.0.1"}
    user, group = (int(number) for number in USER.split(":"))
    container = {
        "name": "server",
        "image": HTTP_IMAGE,
        "imagePullPolicy": "Never",
        "ports": [port],
        "securityContext": {
            "runAsUser": user,
            "runAsGroup": group,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
        "resources": {"limits": {"memory": str(LIMITS.memory), "cpu": str(LIMITS.cpu)}},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": instance.name},
        "spec": {"containers": [container]},
    }
