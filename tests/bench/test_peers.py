"""What the peers are handed: files and arguments. That they run is seen when the benchmark does."""

import json
import re
import sys
from pathlib import Path

import pytest

from bench.peers import docker_cli, install, jupyterhub, podman_kube, swarm
from bench.peers.commands import CommandFailed, asked, at_once, child, run
from bench.peers.compose import compose_file
from bench.peers.peer import Instance, PeerMissing
from bench.peers.table import OTHERS
from tests.images.build import HTTP_IMAGE
from tests.testbed.pauses import await_true

TWO = (Instance("many-0-1", 20001), Instance("many-0-2", 20002))
REQUIREMENTS = Path(__file__).parents[2] / "requirements"


def test_each_peer_has_a_name_of_its_own() -> None:
    names = [peer.name for peer in OTHERS]
    assert names == ["docker CLI", "docker compose", "Docker Swarm", "podman kube play", "JupyterHub"]


def test_docker_run_publishes_on_the_loopback_address() -> None:
    words = docker_cli.run_arguments(TWO[0])
    assert words[words.index("--publish") + 1] == "127.0.0.1:20001:7860"
    assert words[words.index("--name") + 1] == "many-0-1"
    assert words[-1] == HTTP_IMAGE


def test_a_compose_file_has_a_service_for_each() -> None:
    services = compose_file(TWO)["services"]
    assert {name: each["ports"] for name, each in services.items()} == {
        "many-0-1": ["127.0.0.1:20001:7860"],
        "many-0-2": ["127.0.0.1:20002:7860"],
    }
    assert {each["image"] for each in services.values()} == {HTTP_IMAGE}


def test_a_kube_file_has_a_document_for_each() -> None:
    pods = [json.loads(text) for text in podman_kube.kube_file(TWO).split("\n---\n")]
    ports = {each["metadata"]["name"]: each["spec"]["containers"][0]["ports"][0] for each in pods}
    assert {name: port["hostPort"] for name, port in ports.items()} == {"many-0-1": 20001, "many-0-2": 20002}
    assert {port["hostIP"] for port in ports.values()} == {"127.0.0.1"}


def test_podman_keeps_everything_in_its_folder(tmp_path: Path) -> None:
    environment = podman_kube.configure(tmp_path)
    text = "".join(Path(path).read_text() for path in environment.values())
    places = re.findall(r'(?:root|dir|path) = "([^"]+)"', text)
    assert len(places) == 6
    assert all(Path(place).is_relative_to(tmp_path) for place in places)


def test_a_swarm_service_publishes_on_its_node_and_not_through_the_mesh() -> None:
    (port,) = swarm.service(TWO[0])["endpoint_spec"]["Ports"]
    assert (port["PublishedPort"], port["TargetPort"], port["PublishMode"]) == (20001, 7860, "host")


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
