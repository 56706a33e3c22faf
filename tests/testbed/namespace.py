"""Network namespaces: to run a command again in one, and to join two."""

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_FOLDER = Path("/run/netns")


def inside(namespace: str) -> list[str]:
    """The beginning of a command that shall run in the namespace. `ip netns exec` would hide the cgroups."""
    return ["nsenter", f"--net={_FOLDER / namespace}"]


@contextmanager
def network_namespace(name: str) -> Iterator[list[str]]:
    """A namespace with a loopback device; one that an ended run has left is used. Yields what `inside` gives.

    Raises PermissionError for others than root, BlockingIOError while another run is in it.
    """
    if os.geteuid() != 0:
        raise PermissionError("This needs root: it makes a network namespace and runs a Docker Engine in it.")
    with (Path(tempfile.gettempdir()) / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not (_FOLDER / name).exists():
            subprocess.run(["ip", "netns", "add", name], check=True)
        try:
            subprocess.run([*inside(name), "ip", "link", "set", "lo", "up"], check=True)
            yield inside(name)
        finally:
            subprocess.run(["ip", "netns", "delete", name], check=True)


@contextmanager
def cable(near: str, near_address: str, far: str, far_address: str) -> Iterator[None]:
    """A veth pair between two namespaces; each end gets an address as `10.0.0.1/30`."""
    first, second = f"{near[-11:]}-v0", f"{far[-11:]}-v1"
    add = ["ip", "link", "add", first, "netns", near, "type", "veth", "peer", "name", second, "netns", far]
    subprocess.run(add, check=True)
    try:
        for namespace, device, address in ((near, first, near_address), (far, second, far_address)):
            for words in (["address", "add", address, "dev", device], ["link", "set", device, "up"]):
                subprocess.run([*inside(namespace), "ip", *words], check=True)
        yield
    finally:
        subprocess.run([*inside(near), "ip", "link", "delete", first], check=False)


def again_inside(namespace: str, module: str, arguments: Sequence[str]) -> int:
    """Run `python -m MODULE ARGUMENTS` in the namespace; its exit code."""
    command = [*inside(namespace), sys.executable, "-m", module, *arguments]
    return subprocess.run(command, check=False).returncode
