"""What the doctor says of a machine: each line right, and a problem where something will not work."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api.settings import Settings
from api.store import Store
from controller import bridges, doctor, serve
from controller.doctor import Level
from tests.e2e.server import BIN, clean_environment

CLOSED_ENGINE = "unix:///nowhere/docker.sock"


def looked(tmp_path: Path, api_user: str | None = None, **settings: object) -> dict[str, tuple[Level, str]]:
    fields = {"data_dir": tmp_path, "docker_host": CLOSED_ENGINE, **settings}
    found = doctor.findings(Settings.model_validate(fields), api_user)
    return {finding.about: (finding.level, finding.text) for finding in found}


def test_nothing_there_yet(tmp_path: Path) -> None:
    seen = looked(tmp_path / "new")
    assert seen["data folder"][0] is Level.OK
    assert "the first start makes it" in seen["database"][1]
    assert seen["engine"][0] is Level.PROBLEM
    assert "No controller has run here yet" in seen["firewall"][1]
    assert not (tmp_path / "new").exists(), "looking makes nothing"


def test_files_that_everybody_may_read(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret")
    (tmp_path / "token").chmod(0o644)
    tmp_path.chmod(0o755)
    seen = looked(tmp_path)
    assert seen["token file"] == (
        Level.PROBLEM,
        f"Everybody may read {tmp_path / 'token'} (0644): run chmod 600 on it.",
    )
    assert seen["data folder"][0] is Level.WARNING
    (tmp_path / "token").chmod(0o600)
    assert looked(tmp_path)["token file"][0] is Level.OK


def test_the_database_has_this_versions_schema_or_not(tmp_path: Path) -> None:
    store = Store.open(f"sqlite:///{tmp_path / 'playground.db'}")
    try:
        assert looked(tmp_path)["database"][0] is Level.PROBLEM
        assert "playground-server migrate" in looked(tmp_path)["database"][1]
        store.migrate()
        assert looked(tmp_path)["database"][0] is Level.OK
    finally:
        store.close()


def test_ports_that_are_all_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        seen = looked(tmp_path, port_range=range(port, port + 1))["port range"]
    assert seen == (
        Level.PROBLEM,
        f"{port}-{port}, 1 of 1 in use: no playground can start. Widen PLAYGROUND_PORT_RANGE.",
    )


QUEUE, PLACES = "net.core.netdev_max_backlog", "net.ipv4.neigh.default.gc_thresh"
LARGE = {QUEUE: "3600", f"{PLACES}1": "2002", f"{PLACES}2": "3003", f"{PLACES}3": "4004"}


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        ({}, "large enough"),
        ({QUEUE: "1000"}, f"run sysctl -w {QUEUE}=3600, or"),
        ({QUEUE: "1000", f"{PLACES}3": "1024"}, f"run sysctl -w {QUEUE}=3600 {PLACES}3=4004, or"),
        ({f"{PLACES}1": "128"}, f"run sysctl -w {PLACES}1=2002, or"),
        ({QUEUE: "none"}, "netdev_max_backlog cannot be read"),
    ],
)
def test_what_bridges_can_take(
    kernel: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The doctor says it, and the controller when it starts."""
    for name, value in {**LARGE, **kernel}.items():
        path = tmp_path / name.replace(".", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{value}\n")
    settings, suffices = Settings(data_dir=tmp_path), not kernel
    seen = bridges.look(settings, tmp_path)
    assert seen.suffices is suffices
    assert said in seen.text
    assert "900 playgrounds on a bridge, 1001 in all" in seen.text
    monkeypatch.setattr(bridges, "look", lambda _settings: seen)
    assert looked(tmp_path)["bridges"] == (Level.OK if suffices else Level.WARNING, seen.text)
    with capture_logs() as lines:
        serve._check_bridges(settings)
    assert [line["message"] for line in lines] == ([] if suffices else [seen.text])


def test_who_may_use_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o660)
        if os.geteuid() == 0:
            assert looked(tmp_path, docker_host=f"unix://{path}")["API's rights"][0] is Level.WARNING
        assert looked(tmp_path, "nobody", docker_host=f"unix://{path}")["API's rights"][0] is Level.OK
        path.chmod(0o666)
        assert looked(tmp_path, "nobody", docker_host=f"unix://{path}")["API's rights"][0] is Level.WARNING
    assert looked(tmp_path, docker_host="tcp://10.0.0.1:2376")["API's rights"][0] is Level.WARNING


@pytest.mark.engine
def test_the_command_says_it_line_by_line(tmp_path: Path) -> None:
    command = [str(BIN / "playground-server"), "doctor", "--data-dir", str(tmp_path / "data")]
    environment = clean_environment(tmp_path)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ok       base image: playground-gradio-base:latest is there." in done.stdout.splitlines()
    environment["PLAYGROUND_DOCKER_HOST"] = CLOSED_ENGINE
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "problem  engine: No Docker Engine answers at unix:///nowhere/docker.sock" in done.stdout


def test_the_rules_are_printed_and_only_root_may_load_them(tmp_path: Path) -> None:
    command = [str(BIN / "playground-server"), "firewall", "--data-dir", str(tmp_path / "data")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=clean_environment(tmp_path))
    assert done.stdout.startswith("# Playgrounds of controller ")
    assert done.stdout.count("delete table") == 1
