"""`playground-server doctor`: what has to be so on this machine, looked at one by one. Reads only.

Each finding is one line: `ok`, `warning` (it works, and something should be known) or `problem` (it will not work).
"""

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from api.settings import Settings
from api.store import Store, StoreError
from controller import bridges, firewall
from controller.engine.connect import engine_address
from controller.engine.docker_engine import DockerEngine
from controller.engine.errors import EngineError
from controller.host_ports import listening_ports


class Level(StrEnum):
    """How a finding is meant."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at and what was seen."""

    level: Level
    about: str
    text: str

    def __str__(self) -> str:
        return f"{self.level.value:<8} {self.about}: {self.text}"


def findings(settings: Settings, api_user: str | None = None) -> Iterator[Finding]:
    """Everything, in order. `api_user` is whom the API runs as, where that is not this process's user."""
    yield _data_dir(settings)
    yield from _token_files(settings)
    yield _database(settings)
    yield from _engine(settings)
    yield _ports(settings)
    yield _bridges(settings)
    yield _firewall(settings)
    yield _socket(settings, api_user)


def _data_dir(settings: Settings) -> Finding:
    folder = settings.data_dir
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding(Level.PROBLEM, "data folder", f"{folder} cannot be written to: see to the rights of {there}.")
    if there == folder and folder.stat().st_mode & 0o007:
        return Finding(Level.WARNING, "data folder", f"Everybody may look into {folder}: run chmod o= on it.")
    return Finding(Level.OK, "data folder", f"{folder} is writable.")


def _token_files(settings: Settings) -> Iterator[Finding]:
    for name in ("token", "controller-token"):
        path = settings.data_dir / name
        if not path.exists():
            continue
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o007:
            yield Finding(Level.PROBLEM, "token file", f"Everybody may read {path} ({mode:04o}): run chmod 600 on it.")
        else:
            yield Finding(Level.OK, "token file", f"{path} has mode {mode:04o}.")


def _database(settings: Settings) -> Finding:
    store = None
    try:
        if not settings.database_url and not (settings.data_dir / "playground.db").exists():
            return Finding(Level.OK, "database", "It is not there yet; the first start makes it.")
        store = Store.open(settings.resolved_database_url)
        store.check_schema()
    except StoreError as error:
        return Finding(Level.PROBLEM, "database", str(error))
    finally:
        if store is not None:
            store.close()
    return Finding(Level.OK, "database", "It answers, and has this version's schema.")


def _engine(settings: Settings) -> Iterator[Finding]:
    engine = DockerEngine(settings.docker_host, _controller_id(settings), settings.engine_timeout)
    try:
        engine.ping()
        has_base = engine.has_image(settings.base_image)
    except EngineError as error:
        yield Finding(Level.PROBLEM, "engine", str(error))
        return
    yield Finding(Level.OK, "engine", f"It answers at {engine_address(settings.docker_host)}.")
    if has_base:
        yield Finding(Level.OK, "base image", f"{settings.base_image} is there.")
    else:
        mend = "run `playground-server base-image`, or name another with PLAYGROUND_BASE_IMAGE."
        yield Finding(Level.PROBLEM, "base image", f"{settings.base_image} is not on this machine: {mend}")


def _ports(settings: Settings) -> Finding:
    ports = settings.port_range
    taken = sorted(listening_ports() & set(ports))
    text = f"{ports[0]}-{ports[-1]}, {len(taken)} of {len(ports)} in use"
    if len(taken) == len(ports):
        return Finding(Level.PROBLEM, "port range", f"{text}: no playground can start. Widen PLAYGROUND_PORT_RANGE.")
    return Finding(Level.OK, "port range", f"{text}.")


def _bridges(settings: Settings) -> Finding:
    seen = bridges.look(settings)
    return Finding(Level.OK if seen.suffices else Level.WARNING, "bridges", seen.text)


def _firewall(settings: Settings) -> Finding:
    controller_id = _controller_id(settings)
    if not controller_id:
        return Finding(Level.WARNING, "firewall", "No controller has run here yet, so it has no bridges to look after.")
    match firewall.in_force(controller_id):
        case firewall.InForce.YES:
            return Finding(Level.OK, "firewall", "Playgrounds reach neither this host nor link-local addresses.")
        case firewall.InForce.NO:
            return Finding(
                Level.WARNING,
                "firewall",
                "Playgrounds reach this host's services through their gateway, and link-local addresses: run "
                "`playground-server firewall --apply` as root, at each boot.",
            )
        case _:
            return Finding(Level.WARNING, "firewall", "Whether the rules are loaded only root can see, with nft there.")


def _controller_id(settings: Settings) -> str:
    """Whose containers are ours; empty before the first start, since looking shall make nothing."""
    path = settings.data_dir / "controller-id"
    return settings.controller_id or (path.read_text().strip() if path.is_file() else "")


def _socket(settings: Settings, api_user: str | None) -> Finding:
    """Whether the API's user may speak to the engine, which is as good as being root."""
    scheme, _, path = engine_address(settings.docker_host).partition("://")
    if scheme != "unix":
        return Finding(
            Level.WARNING, "API's rights", f"The engine is at {scheme}://: see that the API cannot reach it."
        )
    try:
        user = pwd.getpwnam(api_user) if api_user else pwd.getpwuid(os.geteuid())
        rights = Path(path).stat()
    except (KeyError, OSError) as error:
        return Finding(Level.WARNING, "API's rights", f"They cannot be looked at: {error}.")
    groups = os.getgrouplist(user.pw_name, user.pw_gid)
    if _may_write(rights, user.pw_uid, groups):
        return Finding(
            Level.WARNING,
            "API's rights",
            f"The user {user.pw_name} may use the engine's socket {path}, which is as much as root: run the API as "
            "another (`playground-server doctor --api-user NAME` looks at that one).",
        )
    return Finding(Level.OK, "API's rights", f"The user {user.pw_name} may not use the engine's socket {path}.")


def _may_write(rights: os.stat_result, uid: int, groups: list[int]) -> bool:
    if uid == 0:
        return True
    if uid == rights.st_uid:
        return bool(rights.st_mode & stat.S_IWUSR)
    return bool(rights.st_mode & (stat.S_IWGRP if rights.st_gid in groups else stat.S_IWOTH))
