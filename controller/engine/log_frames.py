"""A log as the engine sends it: frames, each with a header that has its length, or a refusal."""

import struct
from collections.abc import Callable, Iterator

import docker.errors
import requests

from controller.engine.errors import EngineError, EngineUnavailable
from controller.engine.translate import translate

_HEADER = 8
_LARGEST = 1024 * 1024


def log_frames(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """The frames' contents, read by so many bytes. Raises EngineUnavailable for what cannot be frames."""
    while True:
        header = read(_HEADER)
        if len(header) < _HEADER:
            return
        (length,) = struct.unpack(">I", header[4:])
        if length > _LARGEST:
            raise EngineUnavailable("The engine sent a log that cannot be read.")
        yield read(length)


def log_refusal(response: requests.Response, container: str) -> EngineError:
    """Why there is no log, when the engine has answered so."""
    with response:
        text = f"The engine gives no log of {container}: {response.text[:300].strip()}"
    return translate(docker.errors.APIError(text, response=response, explanation=text), f"read the log of {container}")
