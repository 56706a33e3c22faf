"""`playground-server run` killed with SIGKILL: what it had started ends, so that the next one finds its ports free."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

PATIENCE = 30.0
TICK = threading.Event()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(holds: Callable[[], bool], what: str) -> None:
    for _ in range(int(PATIENCE / 0.05)):
        if holds():
            return
        TICK.wait(0.05)
    raise AssertionError(f"{what}: not within {PATIENCE:g} s")


def answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/health/", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl(2) is Linux's")
def test_nothing_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    environment = os.environ | {
        "PLAYGROUND_DATA_DIR": str(tmp_path),
        "PLAYGROUND_PORT": str(ports[0]),
        "PLAYGROUND_CONTROLLER_PORT": str(ports[1]),
        "PLAYGROUND_DOCKER_HOST": f"unix://{tmp_path}/nowhere.sock",
    }
    command = [sys.executable, "-c", "from controller.cli import main; main()", "run"]
    with (tmp_path / "log").open("wb") as log:
        supervisor = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(ports[0]) and not is_free(ports[1]), "both processes listen")
    finally:
        supervisor.kill()
        supervisor.wait()
    wait_until(lambda: all(map(is_free, ports)), "both ports are free again")
