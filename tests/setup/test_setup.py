"""Set-up: the engine that is found or started, the repository's own scripts, the tests' images."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
import requests
from docker.models.containers import Container
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

ROOT = Path(__file__).parents[2]

# Answers /version at the socket named by its argument, after half a second, until it is killed.
ENGINE = """
import json, os, socket, sys, time
print("starting", os.getpid(), os.getsid(0), flush=True)
time.sleep(0.5)
with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(sys.argv[1])
    listener.listen()
    body = json.dumps({"ApiVersion": "1.41"}).encode()
    while True:
        client, _ = listener.accept()
        if client.recv(4096):
            head = b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n"
            client.sendall(head % len(body) + body)
        client.close()
"""


def run_python(source: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a few lines in the checkout, as `make setup` runs its scripts."""
    return subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", textwrap.dedent(source)],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )


def test_an_engine_that_is_started_outlives_the_one_who_started_it(tmp_path: Path) -> None:
    fake = tmp_path / "engine.py"
    fake.write_text(ENGINE, encoding="utf-8")
    sock, log = tmp_path / "e.sock", tmp_path / "e.log"
    source = f"""
        import sys
        from pathlib import Path
        from scripts.ensure_engine import start_detached, wait_for_engine
        log = Path({str(log)!r})
        wait_for_engine(start_detached([sys.executable, {str(fake)!r}, {str(sock)!r}], log), str(log), log)
        print("up")
    """
    address = {"DOCKER_HOST": f"unix://{sock}"}
    done = run_python(source, **address)
    assert (done.stdout, done.stderr) == ("up\n", "")
    _, pid, session = log.read_text(encoding="utf-8").split()
    try:
        assert pid == session, "it has a session of its own: a Ctrl-C in the terminal does not reach it"
        found = subprocess.run(
            [sys.executable, "scripts/ensure_engine.py"],
            cwd=ROOT,
            env=os.environ | address | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 0, found.stderr
        assert f"answers at unix://{sock}" in found.stdout
    finally:
        os.kill(int(pid), 15)


def test_an_engine_that_ends_at_once_is_reported_with_its_last_words(tmp_path: Path) -> None:
    log = tmp_path / "e.log"
    source = f"""
        from pathlib import Path
        from scripts.ensure_engine import NoEngineError, start_detached, wait_for_engine
        log = Path({str(log)!r})
        try:
            wait_for_engine(start_detached(["sh", "-c", "echo no storage driver; exit 4"], log), str(log), log)
        except NoEngineError as error:
            print(error)
    """
    said = run_python(source, DOCKER_HOST=f"unix://{tmp_path}/none.sock").stdout
    assert "exit code 4" in said
    assert "no storage driver" in said


def test_a_named_engine_that_does_not_answer_is_never_replaced(tmp_path: Path) -> None:
    env = os.environ | {"DOCKER_HOST": f"unix://{tmp_path}/none.sock", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "scripts/ensure_engine.py"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "No Docker Engine answers at" in done.stderr
    assert "DOCKER_HOST" in done.stderr
    assert "Traceback" not in done.stderr


def test_make_lists_every_target_that_the_readme_may_name() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "demo", "test", "lint", "check", "lock", "clean"):
        assert f"make {target} " in listed


def test_the_scripts_are_executable_and_parse() -> None:
    for script in ("scripts/setup", ".ci/run", "requirements/compile.sh"):
        assert subprocess.run(["bash", "-n", script], cwd=ROOT, check=False).returncode == 0
    for script in ("scripts/setup", ".ci/run"):
        assert os.access(ROOT / script, os.X_OK)


def chosen_python(**environment: str) -> "subprocess.CompletedProcess[str]":
    """Ask the set-up of which interpreter it would make the environment."""
    given = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    command = ["scripts/setup", "python"]
    return subprocess.run(command, cwd=ROOT, env=given | environment, capture_output=True, text=True, check=False)


def pretend_python(folder: Path, verdict: int) -> Path:
    """A program that answers every question of the set-up's with that exit code."""
    program = folder / "python3"
    program.write_text(f"#!/bin/sh\nexit {verdict}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def test_the_distributions_own_python_comes_before_one_on_the_path(tmp_path: Path) -> None:
    other = pretend_python(tmp_path, 0)
    own = Path("/usr/bin/python3")
    can_install = os.geteuid() == 0 and shutil.which("apt-get") is not None
    needed = "sys" if can_install else "sys, ensurepip, venv"
    is_fit = f"import {needed}; sys.exit(sys.version_info < (3, 11))"
    fits = own.exists() and subprocess.run([own, "-c", is_fit], check=False).returncode == 0
    found = chosen_python(PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert found.stdout.strip() == str(own if fits else other), found.stderr


def test_a_python_that_is_named_is_taken_and_one_that_is_too_old_is_refused(tmp_path: Path) -> None:
    assert chosen_python(PYTHON=sys.executable).stdout.strip() == sys.executable
    too_old = pretend_python(tmp_path, 1)
    refused = chosen_python(PYTHON=str(too_old))
    assert refused.returncode == 1
    assert refused.stderr == f"PYTHON={too_old} is no Python 3.11 or newer: name another one, or none.\n"


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


def start_tiny_server(engine: docker.DockerClient, **environment: str) -> Container:
    return engine.containers.run(
        "playground-test-http",
        detach=True,
        read_only=True,
        cap_drop=["ALL"],
        ports={"7860/tcp": ("127.0.0.1", 0)},
        environment=environment,
    )


def ask(container: Container) -> requests.Response:
    container.reload()
    bindings = container.ports["7860/tcp"]
    assert bindings, container.logs()
    url = f"http://127.0.0.1:{bindings[0]['HostPort']}/any/path"
    with requests.Session() as session:  # the first milliseconds belong to the server's start
        session.mount("http://", HTTPAdapter(max_retries=Retry(total=20, backoff_factor=0.02)))
        return session.get(url, timeout=5)


@pytest.fixture
def tiny_server_image() -> None:
    command = [sys.executable, "-m", "tests.images.build"]
    made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@pytest.mark.engine
@pytest.mark.usefixtures("tiny_server_image")
@pytest.mark.parametrize(
    ("environment", "status"), [({}, 200), ({"UNHEALTHY_AFTER_MS": "0"}, 500), ({"CRASH_AFTER_MS": "60000"}, 200)]
)
def test_the_tiny_web_server_answers_and_ends_cleanly(
    engine: docker.DockerClient, environment: dict[str, str], status: int
) -> None:
    container = start_tiny_server(engine, **environment)
    try:
        reply = ask(container)
        assert reply.status_code == status
        assert reply.json()["status"] in ("ok", "unhealthy")
        assert container.logs() == b"playground-test-http started\n"
        container.stop(timeout=5)
        assert container.wait()["StatusCode"] == 0
    finally:
        container.remove(force=True)


@pytest.mark.engine
@pytest.mark.usefixtures("tiny_server_image")
def test_the_tiny_web_server_crashes_on_request(engine: docker.DockerClient) -> None:
    container = start_tiny_server(engine, CRASH_AFTER_MS="50", NEVER_LISTEN="1")
    try:
        assert container.wait(timeout=20)["StatusCode"] == 3
    finally:
        container.remove(force=True)
