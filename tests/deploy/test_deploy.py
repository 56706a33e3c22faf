"""The units and the composition say what they shall; the API as a user without rights works, and shares its folder."""

import configparser
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.api.plugins import plugin
from tests.e2e.eventually import eventually
from tests.e2e.server import free_port

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "manifests" / "deploy"
CLEAN = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}
CAN_BECOME_OTHERS = os.geteuid() == 0 and all(map(shutil.which, ("unshare", "setpriv")))
API_USER, CONTROLLER_USER, GROUP = "nobody", "daemon", "nogroup"


# Where only root may come to the interpreter (it lies in root's home, say), a mount namespace of the process's own has
# that one folder open to all.
AS_USER = """
set -e
closed=$1 prefix=$2 spare=$3 user=$4 group=$5
shift 5
if [ -n "$closed" ]; then
    mount --bind "$prefix" "$spare"
    mount -t tmpfs -o mode=755 none "$closed"
    mkdir -p "$prefix"
    mount --bind "$spare" "$prefix"
fi
exec setpriv --reuid="$user" --regid="$group" --clear-groups -- "$@"
"""


def as_user(user: str, spare: Path, *arguments: str) -> list[str]:
    """The command that runs Python with these arguments as that user, in the shared group and in no other."""
    prefix = Path(sys.base_prefix)
    closed = next((str(each) for each in reversed(prefix.parents) if not each.stat().st_mode & 0o001), "")
    return [
        "unshare",
        "--mount",
        "sh",
        "-c",
        AS_USER,
        "sh",
        closed,
        str(prefix),
        str(spare),
        user,
        GROUP,
        sys.executable,
        *arguments,
    ]


def run_as(user: str, spare: Path, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python code to its end."""
    command = as_user(user, spare, "-c", code, *arguments)
    return subprocess.run(command, cwd=ROOT, env=CLEAN, capture_output=True, text=True, check=False)


def unit(name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    parser.read(DEPLOY / f"{name}.service")
    return parser["Service"]


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A prepared folder where every user may come to."""
    folder = Path(tempfile.mkdtemp(prefix="playground-deploy-"))
    folder.chmod(0o711)
    try:
        data = folder / "data"
        for _ in range(2):  # again is fine
            subprocess.run([DEPLOY / "prepare", data, API_USER, CONTROLLER_USER, GROUP], check=True)
        yield data
    finally:
        shutil.rmtree(folder)


def test_the_units_run_two_users_and_only_one_reaches_the_engine() -> None:
    api, controller = unit("playground-api"), unit("playground-controller")
    assert api["User"] != controller["User"]
    assert (api.get("SupplementaryGroups"), controller["SupplementaryGroups"]) == (None, "docker")
    assert "/run/docker.sock" in api["InaccessiblePaths"]
    for each in (api, controller):
        assert each["NoNewPrivileges"] == each["PrivateTmp"] == each["ProtectHome"] == "yes"
        assert each["ProtectSystem"] == "strict"
        assert each["CapabilityBoundingSet"] == ""


def test_the_containers_do_too() -> None:
    services: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    api, controller = services["api"], services["controller"]
    assert api["user"].split(":")[0] != controller["user"].split(":")[0]
    assert api["user"].split(":")[1] == controller["user"].split(":")[1]
    assert not any("docker.sock" in volume for volume in api["volumes"])
    assert "group_add" not in api
    for service in (api, controller):
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.engine
@pytest.mark.skipif(not CAN_BECOME_OTHERS, reason="only root can run processes as other users")
def test_the_api_has_no_right_on_the_engine_and_works(data_dir: Path) -> None:
    knock = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    spare = data_dir.parent / "spare"
    spare.mkdir()
    refused = run_as(API_USER, spare, knock, "/var/run/docker.sock")
    assert refused.returncode == 1
    assert "PermissionError" in refused.stderr
    port = free_port()
    environment = {**CLEAN, "PLAYGROUND_DATA_DIR": str(data_dir), "PLAYGROUND_PORT": str(port)}
    process = subprocess.Popen(as_user(API_USER, spare, "-m", "api.http"), cwd=ROOT, env=environment, umask=0o007)
    with process:
        try:
            eventually((data_dir / "token").exists, 30, "the API's token")
            headers = {"Authorization": (data_dir / "token").read_text().strip()}
            url = f"http://127.0.0.1:{port}/containers/"
            eventually(lambda: _answers(url, headers), 30, "the API's first answer")
            made = requests.post(url, headers=headers, files={"file": ("a.zip", plugin())}, timeout=20)
            assert made.status_code == 201, made.text
            digest = requests.get(f"{url}{made.json()['uid']}", headers=headers, timeout=20).json()["attrs"]["Digest"]
            shared = run_as(CONTROLLER_USER, spare, AS_THE_CONTROLLER, str(data_dir), digest)
            assert (shared.returncode, shared.stdout) == (0, "1 playground\nremoved: True\n"), shared.stderr
            other = run_as("sys", spare, "import sys; open(sys.argv[1])", str(data_dir / "token"))
            assert other.returncode == 1, "the token is the API's alone"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


AS_THE_CONTROLLER = """
import sys
from pathlib import Path
from api.archives.files import ArchiveFiles
from api.local_files import ensure_controller_id, ensure_controller_token
from api.settings import Settings
from api.store import CONTROLLER_LEASE, Store
settings = Settings(data_dir=sys.argv[1])
store = Store.open(settings.resolved_database_url)
assert store.leases.acquire(CONTROLLER_LEASE, "me", ttl=1.0, now=0.0)
print(len(store.work.keys()), "playground")
assert ensure_controller_token(settings)
assert ensure_controller_id(settings)
archives = ArchiveFiles(settings.archives_dir)
archives.open(sys.argv[2]).close()
print("removed:", archives.delete(sys.argv[2]))
"""


def _answers(url: str, headers: dict[str, str]) -> bool:
    try:
        return requests.get(url, headers=headers, timeout=5).status_code == 200
    except requests.ConnectionError:
        return False
