"""The way to the engine: one low-level client whose every call has a deadline."""

import os
import socket
from typing import TypeAlias

import docker
import docker.errors
import docker.utils
import requests

from controller.engine.errors import EngineUnavailable
from controller.engine.socket_client import SocketClient

EngineClient: TypeAlias = docker.APIClient
"""The low-level client of the engine. Outside this package it is only handed on, never called."""

USUAL_SOCKET = "unix:///var/run/docker.sock"


def engine_address(docker_host: str | None) -> str:
    """The address that ``connect`` will use: the argument, else ``DOCKER_HOST``, else the usual socket."""
    return docker_host or os.environ.get("DOCKER_HOST") or USUAL_SOCKET


def connect(docker_host: str | None, timeout_s: float) -> EngineClient:
    """A client of the engine at ``docker_host`` (default: ``DOCKER_HOST``, else the usual socket).

    Every call waits at most ``timeout_s`` seconds for the connection and for each piece of the answer. The engine is
    asked for its API version here, so a client that is returned has had an answer. TLS follows ``DOCKER_TLS_VERIFY``
    and ``DOCKER_CERT_PATH``, as for the docker command.

    Raises EngineUnavailable, saying what to do, when no engine answers.
    """
    address = engine_address(docker_host)
    try:
        _knock(address, timeout_s)
        timeout = max(1, round(timeout_s))
        if _is_socket(address):
            return SocketClient(_path(address), timeout)
        tls = docker.utils.kwargs_from_env().get("tls", False)
        return docker.APIClient(base_url=address, version="auto", timeout=timeout, tls=tls)
    except (docker.errors.DockerException, requests.RequestException, ValueError, OSError) as error:
        raise EngineUnavailable(f"No Docker Engine answers at {address}: {_advice(error)}") from error


def _is_socket(address: str) -> bool:
    return address.partition("://")[0] in ("unix", "http+unix")


def _path(address: str) -> str:
    return f"/{address.partition('://')[2].lstrip('/')}"


def _knock(address: str, timeout_s: float) -> None:
    """Raise the plain OSError of a UNIX socket that does not answer; docker's own attempt leaves its socket open."""
    if _is_socket(address):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(timeout_s)
            probe.connect(_path(address))


def _advice(error: BaseException) -> str:
    """What happened in a few words, and what mends it."""
    text = f"{error} {error.__cause__ or ''}"
    if isinstance(error, PermissionError):
        return "this user may not use the socket. Add the user to the group `docker` and log in again, or run as root."
    if isinstance(error, FileNotFoundError):
        return (
            "there is no such socket. Install Docker and start it (`make setup` does, as root on Debian or Ubuntu), "
            "or name a running engine with DOCKER_HOST."
        )
    if "Connection refused" in text:
        return "nobody listens there. Start Docker (`systemctl start docker`), or name another engine with DOCKER_HOST."
    if "timed out" in text.lower():
        return "it did not answer in time. Restart Docker if it hangs, or name another engine with DOCKER_HOST."
    return f"{error}. Check DOCKER_HOST and that Docker runs (`docker version`)."
