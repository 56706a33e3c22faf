"""A Docker Engine of one's own: in a network namespace, with its own data, socket and cgroup."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from controller.engine.connect import EngineClient, connect
from controller.engine.errors import EngineUnavailable

START_LIMIT = 120.0


class OwnEngine:
    """dockerd as a child, with its containerd. A context manager: leaving it ends both and all containers."""

    def __init__(self, folder: Path, name: str, images: Sequence[str] = (), enter: Sequence[str] = ()) -> None:
        """`name` is that of its cgroup. `images` are copied into it from the usual engine.

        `enter` is the beginning of a command that runs in its namespace (nothing: in this process's own).
        """
        self.folder = folder
        self.name = name
        self.images = tuple(images)
        self._enter = list(enter)
        self.socket = folder / "docker.sock"
        self.host = f"unix://{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.start()
        for image in self.images:
            with connect(None, 60) as usual, self.client() as ours:
                ours.load_image(usual.get_image(image))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self.client() as api:
                for row in api.containers(all=True):
                    api.remove_container(row["Id"], force=True)
        finally:
            self._child.terminate()
            self._child.wait(60)
            subprocess.run(["pkill", "-9", "-f", f"containerd-shim.*{self.folder}"], check=False)
            mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
            for mount in sorted((m for m in mounts if m.startswith(str(self.folder))), reverse=True):
                subprocess.run(["umount", "--lazy", mount], check=False)

    @property
    def _child(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None, "the engine has not been started"
        return self._process

    def client(self, timeout: float = 60.0) -> EngineClient:
        """A client of this engine."""
        return connect(self.host, timeout)

    def start(self) -> float:
        """Start dockerd; returns the seconds until it answered."""
        began = time.monotonic()
        command = [*self._enter, "dockerd", "--host", self.host, "--data-root", str(self.folder / "data")]
        command += ["--exec-root", str(self.folder / "exec"), "--pidfile", str(self.folder / "pid")]
        command += ["--cgroup-parent", f"/{self.name}", "--live-restore=false"]
        (self.folder / "pid").unlink(missing_ok=True)
        with (self.folder / "dockerd.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while True:
            try:
                with self.client(5.0) as api:
                    api.ping()
                return time.monotonic() - began
            except EngineUnavailable:
                if self._process.poll() is not None or time.monotonic() - began > START_LIMIT:
                    tail = (self.folder / "dockerd.log").read_text()[-2000:]
                    raise SystemExit(f"The engine {self.name} does not start:\n{tail}") from None
                time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL dockerd. The kernel ends its containerd with it; the containers' shims are left, as after a crash.

        Returns when containerd is gone: a dockerd that is started before would wait for it in vain.
        """
        containerd = int((self.folder / "exec" / "containerd" / "containerd.pid").read_text())
        self._child.kill()
        self._child.wait()
        while Path(f"/proc/{containerd}").exists():
            time.sleep(0.02)

    def hang(self, seconds: float, meanwhile: Callable[[], None]) -> None:
        """SIGSTOP dockerd for so long; `meanwhile` runs while it hangs."""
        os.kill(self._child.pid, signal.SIGSTOP)
        ends = time.monotonic() + seconds
        try:
            meanwhile()
            time.sleep(max(0.0, ends - time.monotonic()))
        finally:
            os.kill(self._child.pid, signal.SIGCONT)
