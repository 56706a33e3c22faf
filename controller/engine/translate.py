"""Docker's errors, translated once into ours."""

from collections.abc import Iterator
from contextlib import contextmanager

import docker.errors
import requests

from controller.engine.errors import (
    EngineError,
    EngineFailed,
    EngineRefused,
    EngineUnavailable,
    ImageMissing,
    NameConflict,
    NetworkGone,
    NotFound,
    PortTaken,
)

_PORT_TAKEN = ("port is already allocated", "address already in use", "failed to bind port", "failed to bind host port")
_GOING = ("removal of container", "marked for removal")
_RUNTIME_REFUSED = ("oci runtime", "failed to create shim", "failed to create task", "executable file not found")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Run one call to the engine; `what` names it in the message, such as `create playground-x`."""
    try:
        yield
    except docker.errors.APIError as error:
        raise translate(error, what) from error
    except (requests.RequestException, docker.errors.DockerException, OSError) as error:
        raise EngineUnavailable(f"The engine did not answer ({what}): {error}") from error


def translate(error: docker.errors.APIError, what: str) -> EngineError:
    """The error of ours that an answer of the engine means.

    A 500 is unknown and not a no, except where its text says that the container's runtime or the port refused.
    """
    status = error.response.status_code if error.response is not None else 500
    text = str(error.explanation or error)
    lower = text.lower()
    if any(sign in lower for sign in _PORT_TAKEN):
        return PortTaken(text)
    if status == 404 and what.startswith(("start ", "restart ")) and "network " in lower:
        return NetworkGone(text)
    if status == 404:
        return ImageMissing(text) if "no such image" in lower else NotFound(text)
    if status == 409 and ("is already in use by container" in lower or "already exists" in lower):
        return NameConflict(text)
    if status == 409 and any(sign in lower for sign in _GOING):
        return NotFound(text)  # somebody else is removing it: what is going counts as gone
    if status < 500 or any(sign in lower for sign in _RUNTIME_REFUSED):
        return EngineRefused(f"The engine refuses ({what}): {text}")
    return EngineFailed(f"The engine failed ({what}): {text}")
