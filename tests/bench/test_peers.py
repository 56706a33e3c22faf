"""What the peers are handed: files and arguments. That they run is seen when the benchmark does."""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import docker
import pytest

from bench.peers import box, docker_cli, install, jupyterhub, podman_kube, swarm, table
from bench.peers.commands import CommandFailed, asked, at_once, child, run
from bench.peers.compose import compose_file
from bench.peers.peer import Instance, PeerMissing
from bench.peers.raw import LIMITS
from bench.peers.table import BARE_OTHERS, OTHERS, claimed, named, tried
from bench.scenario import Bench
from controller.domain.container_spec import ContainerSpec
from controller.engine.connect import EngineClient
from controller.engine.sandbox import host_config
from tests.images.build import HTTP_IMAGE
from tests.testbed.pauses import await_true

TWO = (Instance("many-0-1", 20001), Instance("many-0-2", 20002))
TMP_OPTIONS = f"rw,noexec,nosuid,nodev,size={LIMITS.tmpfs_bytes},mode=1777"
REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def test_each_peer_has_a_name_of_its_own() -> None:
    names = [peer.name for peer in OTHERS]
    assert names == ["docker CLI", "docker compose", "Docker Swarm", "podman kube play", "JupyterHub"]
    assert [peer.name for peer in BARE_OTHERS] == [f"{name}, bare" for name in names[:3]]


def test_bare_ones_are_named_with_their_version_and_nothing_is_claimed_of_them() -> None:
    names = [named(peer, "1.2") for peer in OTHERS + BARE_OTHERS]
    assert names[2] == "Docker Swarm 1.2"
    assert names[-1] == "Docker Swarm 1.2, bare"
    assert len(set(names)) == len(names)
    systems = ("Docker Swarm", "docker compose", "docker CLI", "podman", "JupyterHub")
    assert [name for name in names if claimed(name, systems)] == names[: len(OTHERS)]
    assert not claimed("raw engine", systems)


def test_docker_run_publishes_on_the_loopback_address() -> None:
    words = docker_cli.run_arguments(TWO[0], None)
    assert words[words.index("--publish") + 1] == "127.0.0.1:20001:7860"
    assert words[words.index("--name") + 1] == "many-0-1"
    assert words[-1] == HTTP_IMAGE


def test_docker_run_has_the_box_where_there_is_a_network() -> None:
    bare, boxed = (docker_cli.run_arguments(TWO[0], network) for network in (None, "a-bridge"))
    options = boxed[len(bare) - 1 : -1]
    assert boxed == [*bare[:-1], *options, HTTP_IMAGE]
    assert {"--read-only", "--init", "no-new-privileges", "ALL", "10001:10001", "max-size=10m", "max-file=3"} < {
        *options
    }
    assert options[options.index("--network") + 1] == "a-bridge"
    assert options[options.index("--memory") + 1] == options[options.index("--memory-swap") + 1] == str(LIMITS.memory)
    assert options[options.index("--tmpfs") + 1] == f"/tmp:{TMP_OPTIONS}"


def test_the_hubs_box_is_the_one_that_ours_are_in() -> None:
    with docker.APIClient("tcp://127.0.0.1:1", version="1.41") as api:
        spec = ContainerSpec(HTTP_IMAGE, (), "127.0.0.1", 20001, 7860, LIMITS, network="a-bridge")
        ours = host_config(api, spec, LIMITS.cpu)
        hubs = api.create_host_config(**box.host_arguments("a-bridge"))
    for key, value in {"IpcMode": "private", "Privileged": False}.items():
        assert ours.pop(key, value) == value, "the engine's default"
    for other in ("PortBindings", "RestartPolicy", "NanoCpus"):  # DockerSpawner gives these itself, or none
        del ours[other]
    assert {key: value for key, value in ours.items() if value} == hubs


def test_a_compose_file_has_a_service_for_each() -> None:
    services = compose_file(TWO, None)["services"]
    assert {name: each["ports"] for name, each in services.items()} == {
        "many-0-1": ["127.0.0.1:20001:7860"],
        "many-0-2": ["127.0.0.1:20002:7860"],
    }
    assert {each["image"] for each in services.values()} == {HTTP_IMAGE}
    assert {each["network_mode"] for each in services.values()} == {"bridge"}


def test_a_compose_file_has_the_box_where_there_is_a_network() -> None:
    file = compose_file(TWO, "a-bridge")
    assert file["networks"] == {"default": {"external": True, "name": "a-bridge"}}
    for each in file["services"].values():
        assert "network_mode" not in each
        assert each["user"] == "10001:10001"
        assert (each["cap_drop"], each["security_opt"]) == (["ALL"], ["no-new-privileges"])
        assert (each["read_only"], each["init"], each["tmpfs"]) == (True, True, [f"/tmp:{TMP_OPTIONS}"])
        assert each["mem_limit"] == each["memswap_limit"] == LIMITS.memory
        assert (each["cpus"], each["pids_limit"]) == (LIMITS.cpu, LIMITS.pids)
        assert each["logging"] == {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


def test_a_kube_file_has_a_document_for_each() -> None:
    pods = [json.loads(text) for text in podman_kube.kube_file(TWO).split("\n---\n")]
    ports = {each["metadata"]["name"]: each["spec"]["containers"][0]["ports"][0] for each in pods}
    assert {name: port["hostPort"] for name, port in ports.items()} == {"many-0-1": 20001, "many-0-2": 20002}
    assert {port["hostIP"] for port in ports.values()} == {"127.0.0.1"}


def test_a_pod_is_in_the_box_as_far_as_it_has_words_for_it(tmp_path: Path) -> None:
    (container,) = podman_kube.pod(TWO[0])["spec"]["containers"]
    security = container["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"]) == (10001, 10001)
    assert security["readOnlyRootFilesystem"]
    assert not security["allowPrivilegeEscalation"]
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert container["resources"]["limits"] == {"memory": str(LIMITS.memory), "cpu": str(LIMITS.cpu)}
    settings = Path(podman_kube.configure(tmp_path)["CONTAINERS_CONF"]).read_text()
    assert f"\npids_limit = {LIMITS.pids}\n" in settings


def test_podman_keeps_everything_in_its_folder(tmp_path: Path) -> None:
    environment = podman_kube.configure(tmp_path)
    text = "".join(Path(path).read_text() for path in environment.values())
    places = re.findall(r'(?:root|dir|path) = "([^"]+)"', text)
    assert len(places) == 6
    assert all(Path(place).is_relative_to(tmp_path) for place in places)


def test_a_swarm_service_publishes_on_its_node_and_not_through_the_mesh() -> None:
    (port,) = swarm.service(TWO[0], None)["endpoint_spec"]["Ports"]
    assert (port["PublishedPort"], port["TargetPort"], port["PublishMode"]) == (20001, 7860, "host")


def test_a_swarm_service_has_the_box_where_there_is_a_network() -> None:
    assert list(swarm.service(TWO[0], None)["task_template"]) == ["ContainerSpec"]
    task = swarm.service(TWO[0], "a-bridge")["task_template"]
    container = task["ContainerSpec"]
    assert (container["User"], container["ReadOnly"], container["Init"]) == ("10001:10001", True, True)
    assert container["CapabilityDrop"] == ["ALL"]
    (mount,) = container["Mounts"]
    assert (mount["Type"], mount["Target"]) == ("tmpfs", "/tmp")
    assert mount["TmpfsOptions"] == {"SizeBytes": LIMITS.tmpfs_bytes, "Mode": 0o1777}
    limits = {"NanoCPUs": int(LIMITS.cpu * 1e9), "MemoryBytes": LIMITS.memory, "Pids": LIMITS.pids}
    assert task["Resources"] == {"Limits": limits}
    assert task["LogDriver"] == {"Name": "json-file", "Options": {"max-size": "10m", "max-file": "3"}}
    assert [network["Target"] for network in task["Networks"]] == ["a-bridge"]


def test_the_hubs_settings_are_python(tmp_path: Path) -> None:
    class Section:
        def __init__(self) -> None:
            self.found: dict[str, object] = {}

        def __getattr__(self, name: str) -> "Section":
            self.found[name] = section = Section()
            return section

    text = jupyterhub.configuration(tmp_path / "proxy")
    exec(text, {"c": Section()})
    assert f"c.ConfigurableHTTPProxy.command = ['{tmp_path}/proxy']" in text.splitlines()


def test_the_hubs_versions_are_pinned_by_hash() -> None:
    wanted = (REQUIREMENTS / "bench-jupyterhub.in").read_text()
    lock = (REQUIREMENTS / "bench-jupyterhub.lock").read_text()
    for line in re.findall(r"^\w+==[\w.]+$", wanted, re.MULTILINE):
        assert f"\n{line} \\\n    --hash=sha256:" in lock
    assert "://" not in lock
    assert re.fullmatch(r"configurable-http-proxy@\d+\.\d+\.\d+", install.PROXY)


def test_what_is_installed_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(install, "compose_command", lambda: ["docker-compose"])
    monkeypatch.setattr(install, "ensure_command", lambda command, packages, progress: None)
    monkeypatch.setattr(install, "run", lambda command: said.append(" ".join(command)))
    install.install_all(tmp_path, said.append)
    assert [line for line in said if line.startswith("npm install")]
    said.clear()
    install.install_all(tmp_path, said.append)
    assert said == []


def test_what_cannot_be_installed_is_said_and_the_others_are_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(command: list[str]) -> str:
        raise CommandFailed(f"{Path(command[0]).name}: no network")

    said: list[str] = []
    monkeypatch.setattr(install, "compose_command", lambda: ["docker-compose"])
    monkeypatch.setattr(install, "ensure_command", lambda command, packages, progress: None)
    monkeypatch.setattr(install, "run", fails)
    install.install_all(tmp_path, said.append)
    assert said[-1] == f"JupyterHub can't be installed: {Path(sys.executable).name}: no network"


def test_a_program_that_is_not_there_is_a_missing_peer() -> None:
    with pytest.raises(PeerMissing, match="no-such-program is not installed"):
        asked(["no-such-program", "--version"])


def test_a_program_that_fails_is_a_missing_peer_with_its_words() -> None:
    with pytest.raises(PeerMissing, match="exit code 3: it broke"):
        asked([sys.executable, "-c", "import sys; print('it  broke', file=sys.stderr); sys.exit(3)"])


@dataclass
class Fake:
    """A system that says what it is asked, and may fail at its first container."""

    name: str = "fake"
    fails: bool = False
    asked: list[str] = field(default_factory=list)

    def installed(self, bench: Bench) -> str:
        return "1"

    @contextmanager
    def running(self, bench: Bench) -> Iterator["Fake"]:
        self.asked.append("up")
        try:
            yield self
        finally:
            self.asked.append("down")

    def start(self, instances: Sequence[Instance]) -> None:
        self.asked.append(f"start {len(instances)}")
        if self.fails:
            raise CommandFailed("runtime: no\n cgroup")

    def await_running(self, instances: Sequence[Instance]) -> None:
        """At once."""

    def url(self, instance: Instance) -> str:
        return f"http://127.0.0.1:{instance.port}/"

    def remove(self, instances: Sequence[Instance]) -> None:
        self.asked.append(f"remove {len(instances)}")

    def container(self, instance: Instance) -> tuple[EngineClient, str] | None:
        return None


def test_a_system_runs_its_first_container_before_it_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "await_all", lambda runner, instances, began: 0.0)
    fake = Fake()
    with tried(fake, Bench(tmp_path, tmp_path, print)) as runner:
        assert runner is fake
        assert fake.asked == ["up", "start 1", "remove 1"]
    assert fake.asked[3:] == ["down"]


def test_a_system_that_can_run_no_container_here_is_a_missing_peer_with_its_words(tmp_path: Path) -> None:
    fake = Fake(fails=True)
    with pytest.raises(PeerMissing, match=r"it can't run a container here: runtime: no cgroup$"):
        tried(fake, Bench(tmp_path, tmp_path, print))
    assert fake.asked == ["up", "start 1", "down"]


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(CommandFailed, match="exit code 2: to stdout"):
        run([sys.executable, "-c", "print('to stdout'); raise SystemExit(2)"])


def test_at_once_finishes_the_others_before_it_raises() -> None:
    seen: list[int] = []

    def call(number: int) -> None:
        if number == 0:
            raise ValueError("the first")
        seen.append(number)

    with pytest.raises(ValueError, match="the first"):
        at_once(2, call, range(5))
    assert sorted(seen) == [1, 2, 3, 4]


def test_a_child_takes_its_children_with_it(tmp_path: Path) -> None:
    script = "sleep 600 & echo $! > pid.new; mv pid.new pid; trap 'exit 0' TERM; wait"
    command = ["sh", "-c", f"cd {tmp_path}; {script}"]
    with child(command, {"PATH": "/usr/bin:/bin"}, tmp_path / "log") as process:
        await_true("the child's child", (tmp_path / "pid").exists, 10)
        grandchild = int((tmp_path / "pid").read_text())
    assert process.returncode == 0

    def is_gone() -> bool:
        try:
            return Path(f"/proc/{grandchild}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except FileNotFoundError:
            return True

    await_true("its end", is_gone, 10)
