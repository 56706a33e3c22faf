"""The verb ``doctor``: looks at this machine and at the server, and says how to mend what is wrong."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from typing import Any

import typer

from playground_sdk.cli.contexts import config_file
from playground_sdk.cli.failures import FAILED, explain
from playground_sdk.cli.session import Session, endpoint_of, options_of
from playground_sdk.errors import AuthenticationError, NotFoundError, PlaygroundError
from playground_sdk.http import is_loopback
from playground_sdk.manifests.check import API_VERSION

__all__ = ["Check", "doctor"]

_DOCKER_LIMIT_S = 5
_WELL = frozenset({"ok", "healthy"})


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, what was found (``ok``, ``note`` or ``bad``), and how to mend it."""

    what: str
    found: str
    said: str
    mend: str = ""


def doctor(ctx: typer.Context) -> None:
    """Say what is wrong with this machine or the server, and how to mend it; exit code 1 when something is."""
    options = options_of(ctx)
    endpoint = endpoint_of(options)
    session = Session.of(ctx)
    checks: list[Check] = []
    for check in _checks(session, local=is_loopback(endpoint.server)):
        checks.append(check)
        _show(session, check)
    bad = sum(check.found == "bad" for check in checks)
    if bad:
        session.out.note(f"\n{bad} of {len(checks)} are not well.")
        raise typer.Exit(FAILED)
    session.out.note("\nAll is well.")


def _show(session: Session, check: Check) -> None:
    mark = {"ok": "ok  ", "note": "note", "bad": "BAD "}[check.found]
    session.out.line(f"{mark}  {check.what}: {check.said}")
    if check.mend:
        session.out.line(f"      {check.mend}")


def _checks(session: Session, *, local: bool) -> Iterator[Check]:
    """One check after the other; those that need an answer are left out where the server gives none."""
    yield Check("this command", "ok", f"{installed_version('playground-sdk')}, Python {sys.version.split()[0]}")
    yield _config(session)
    yield Check("server", "ok", f"{session.endpoint.server} (from {session.endpoint.server_from})")
    health: dict[str, Any] = {}
    reached = _reachable(session, health, local=local)
    yield reached
    if reached.found == "ok":
        yield _versions(session)
        yield _token(session)
        yield from _health(health)
    if local:
        yield _docker(session.options.environ.get("DOCKER_HOST"))


def _config(session: Session) -> Check:
    """The file of contexts may hold tokens."""
    path = config_file(session.options.environ)
    if not path.exists():
        return Check("config", "ok", f"none ({path})")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Check("config", "bad", f"{path} can be read by others (mode {mode:o})", f"chmod 600 {path}")
    return Check("config", "ok", str(path))


def _reachable(session: Session, health: dict[str, Any], *, local: bool) -> Check:
    """Whether a playground server answers; fills in what it says of itself."""
    try:
        health.update(session.client.health_check())
    except PlaygroundError as exc:
        mend = "Start one with: playground-server run" if local else "Is the address right, and is there a way to it?"
        return Check("reachable", "bad", str(exc), mend)
    if "status" not in health:
        return Check("reachable", "bad", "something answers, and it is no playground server", "Is the address right?")
    return Check("reachable", "ok", "it answers")


def _versions(session: Session) -> Check:
    """Whether both sides speak of resources in the same way."""
    try:
        theirs = session.client.api_version()
    except PlaygroundError:
        said = "the server knows no resources: create, list, get NAME, stop, start and delete work, apply does not"
        return Check("versions", "note", said, "Install a server of this command's version.")
    if theirs == API_VERSION:
        return Check("versions", "ok", f"both speak {API_VERSION}")
    return Check(
        "versions", "bad", f"the server speaks {theirs}, this command {API_VERSION}", "Install the same version."
    )


def _token(session: Session) -> Check:
    where = session.endpoint.token_from
    try:
        session.client.playgrounds.events("doctor-asks-only-whether-the-token-is-right")
    except NotFoundError:
        return Check("token", "ok", f"accepted (from {where})")
    except AuthenticationError:
        said = "none was found" if session.endpoint.token is None else f"the one from {where} is refused"
        return Check("token", "bad", said, "Give the one in the file 'token' of the server's data folder: --token")
    except PlaygroundError as exc:
        failure = explain(exc)
        return Check("token", "bad", str(exc), failure.text if failure else "")
    return Check("token", "ok", f"accepted (from {where})")


def _health(health: dict[str, Any]) -> Iterator[Check]:
    """What the server says of its parts."""
    for part in ("database", "controller", "engine"):
        told = health.get(part)
        word = str(told.get("status")) if isinstance(told, dict) else "unknown"
        yield Check(part, "ok" if word in _WELL else "bad", word)
    for reason in health.get("reasons") or ():
        yield Check("health", "bad", str(reason), _MEND.get(_topic(str(reason)), ""))


_MEND = {
    "controller": "Start it with: playground-server run, or playground-server controller beside the API.",
    "engine": "Is Docker running, and may the server's user use its socket? See: systemctl status docker",
    "database": "The server's log says why; see docs/operating.md.",
}


def _topic(reason: str) -> str:
    return next((word for word in _MEND if word in reason.lower()), "")


def _docker(host: str | None, run: Callable[..., subprocess.CompletedProcess[str]] = subprocess.run) -> Check:
    """The engine of this machine, as this user sees it: a hint only, for the server may use another one."""
    if shutil.which("docker") is None:
        return Check("docker here", "note", "the docker command is not installed; the server does without it")
    try:
        done = run(
            ["docker", "version", "--format", "{{.Server.Version}}"],
            capture_output=True,
            text=True,
            timeout=_DOCKER_LIMIT_S,
            check=False,
            env=dict(os.environ),
        )
    except (OSError, subprocess.TimeoutExpired) as exc:
        return Check("docker here", "note", f"the docker command does not end: {exc}", "Is the Docker daemon well?")
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["it failed"])[0]
        mend = (
            f"DOCKER_HOST is {host}: is that right?" if host else "Start Docker, or join its group: see docker's docs."
        )
        return Check("docker here", "note", said, mend)
    return Check("docker here", "ok", f"Docker Engine {done.stdout.strip()}")
