"""The API and controllers as processes that can be killed, stopped and started."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests

from tests.images.build import HTTP_IMAGE

API_PORT = 8000
CONTROLLER_PORT = 8001
TOKEN = "chaos"
PORTS = "20000-20199"
START_LIMIT = 60.0


class Servers:
    """One API, and controllers by number, on one data folder."""

    def __init__(self, folder: Path, docker_host: str, database_url: str = "", ports: str = PORTS) -> None:
        self.folder = folder
        self.url = f"http://127.0.0.1:{API_PORT}"
        self._environment = os.environ | {
            "PLAYGROUND_DATA_DIR": str(folder),
            "PLAYGROUND_DATABASE_URL": database_url,
            "PLAYGROUND_TOKEN": TOKEN,
            "PLAYGROUND_PORT": str(API_PORT),
            "PLAYGROUND_DOCKER_HOST": docker_host,
            "PLAYGROUND_PORT_RANGE": ports,
            "PLAYGROUND_CONTROLLER_ID": "chaos",
            "PLAYGROUND_ALLOWED_IMAGES": HTTP_IMAGE,
            "PLAYGROUND_LEASE_TTL": "3",
            "PLAYGROUND_STOP_GRACE": "1",
            "PLAYGROUND_RESYNC_INTERVAL": "10",
            "PLAYGROUND_LOG_FORMAT": "json",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start_api(self) -> None:
        """Start the API and wait until it answers."""
        self._start("api", ["-m", "api.http"], {"PLAYGROUND_CONTROLLER_PORT": str(CONTROLLER_PORT)})
        deadline = time.monotonic() + START_LIMIT
        while True:
            try:
                requests.get(f"{self.url}/health/", timeout=5)
                return
            except requests.ConnectionError:
                if time.monotonic() > deadline:
                    raise SystemExit(f"The API does not start; see {self.folder}/api.log") from None
                time.sleep(0.05)

    def start_controller(self, number: int = 0) -> None:
        """Start a controller; it waits for the lease where another one holds it."""
        port = str(CONTROLLER_PORT + number)
        self._start(f"controller-{number}", ["-m", "controller"], {"PLAYGROUND_CONTROLLER_PORT": port})

    def kill(self, name: str) -> None:
        """SIGKILL a process."""
        process = self._processes.pop(name)
        process.kill()
        process.wait()

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a process a signal."""
        self._processes[name].send_signal(number)

    def stop(self) -> None:
        """End all."""
        for process in self._processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self._processes.values():
            process.wait(60)
        self._processes.clear()

    def log(self, name: str) -> str:
        """All that a process has logged."""
        return (self.folder / f"{name}.log").read_text()

    def _start(self, name: str, arguments: list[str], more: dict[str, str]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [sys.executable, *arguments]
            self._processes[name] = subprocess.Popen(
                command, env=self._environment | more, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
