"""`make demo`: a server with a data folder of its own, one playground, one prediction through its URL.

It stays up until Ctrl-C (ONCE=1: ends by itself after the prediction) and leaves nothing behind but the images.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gradio_client import Client
from rich.console import Console

from playground_sdk import AgentClient, Progress, TransportError

ROOT = Path(__file__).resolve().parent.parent
PLUGIN = ROOT / "manifests" / "plugins" / "hello-gradio"
STOP_LIMIT_S = 30.0
console = Console(highlight=False, soft_wrap=True)


def free_port() -> int:
    """A TCP port on the loopback address that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_server(folder: Path) -> Iterator[AgentClient]:
    """`playground-server run` with everything in `folder`; a client of it. Shows its log when it does not come up."""
    port, log = free_port(), folder / "server.log"
    command = [str(Path(sys.executable).with_name("playground-server")), "run", "--data-dir", str(folder)]
    command += ["--port", str(port), "--controller-port", str(free_port()), "--log-format", "json"]
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    try:
        client = AgentClient(f"http://127.0.0.1:{port}", wait_for_token(folder / "token", server, log))
        wait_until_healthy(client, server, log)
        yield client
    finally:
        server.terminate()
        server.wait(STOP_LIMIT_S)


def wait_for_token(path: Path, server: subprocess.Popen[bytes], log: Path) -> str:
    """The token the server makes at its first start."""
    while not path.exists():
        still_running(server, log)
    return path.read_text().strip()


def wait_until_healthy(client: AgentClient, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the API answers and a controller leads."""
    while True:
        still_running(server, log)
        try:
            if client.health_check()["status"] == "ok":
                return
        except TransportError:
            continue


def still_running(server: subprocess.Popen[bytes], log: Path) -> None:
    """Give it a tenth of a second; raises SystemExit with the log's end when the server has ended."""
    try:
        server.wait(0.1)
    except subprocess.TimeoutExpired:
        return
    raise SystemExit(f"The server has ended:\n{log.read_text(errors='replace')[-3000:]}")


def show(progress: Progress) -> None:
    """One line for each thing that happened; an upload is one thing, however many pieces it has."""
    if progress.sent in {0, progress.total}:
        console.print(f"  [cyan]{progress.status:<10}[/] {progress.message}")


@contextmanager
def playground(client: AgentClient) -> Iterator[dict[str, object]]:
    """A playground made from the example plugin; deleted, and seen gone, at the end."""
    with tempfile.TemporaryDirectory() as folder:
        archive = shutil.make_archive(str(Path(folder) / PLUGIN.name), "zip", PLUGIN)
        container = client.create_container(plugin_file=archive, params={"greeting": "Hello"}, on_progress=show)
    try:
        yield dict(container)
    finally:
        console.print("Deleting the playground …")
        client.delete_container(str(container["id"]))
        gone = threading.Event()
        while client.list_containers()["count"]:
            gone.wait(0.1)


def main() -> int:
    """The demo, stage by stage. Exit code 0 when a prediction was made."""
    once = os.environ.get("ONCE", "") not in {"", "0"}
    ended = threading.Event()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="playground-demo-")))
        console.print("[bold]1. The server[/]: API and controller, with a data folder of its own")
        client = stack.enter_context(running_server(folder))
        console.print(f"  the API answers at {client.base_url}")
        console.print(f"[bold]2. A playground[/] from {PLUGIN.relative_to(ROOT)}")
        container = stack.enter_context(playground(client))
        for event in client.list_container_events(str(container["id"])):
            console.print(f"  [dim]{event['reason']:<16} {event['message']}[/]")
        url = str(container["endpoint"])
        console.print(f"[bold]3. A prediction[/] through {url}")
        answer = Client(url, verbose=False).predict("world", api_name="/greet")
        console.print(f"  greet('world') → [green]{answer!r}[/]")
        console.print(f"[bold green]The playground serves at {url}[/]")
        if not once:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: ended.set())
            console.print("Open it in a browser. Ctrl-C ends the demo.")
            ended.wait()
    console.print("Nothing is left but the images.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
