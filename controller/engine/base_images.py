"""The few engine calls that preparing a base image takes: is it there, pull it, import it, read a file out of it."""

import io
import json
import tarfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

import requests

from controller.engine.connect import EngineClient
from controller.engine.errors import EngineError, EngineRefused, EngineUnavailable, NotFound


@dataclass(frozen=True)
class ImageInfo:
    """What is known about an image on the engine."""

    image_id: str
    labels: Mapping[str, str]


def find_image(api: EngineClient, name: str) -> ImageInfo | None:
    """The image of that name, or None when the engine says that there is none. Raises EngineError."""
    try:
        answer = _call(api, "GET", f"/images/{quote(name)}/json").json()
    except NotFound:
        return None
    return ImageInfo(answer["Id"], answer["Config"].get("Labels") or {})


def tag_image(api: EngineClient, name: str, new_name: str) -> None:
    """Give an image a second name. Raises NotFound, EngineError."""
    repository, tag = split_tag(new_name)
    _call(api, "POST", f"/images/{quote(name)}/tag", params={"repo": repository, "tag": tag})


def pull_image(api: EngineClient, name: str, silence_s: float, on_line: Callable[[str], None]) -> None:
    """Pull an image; give up after ``silence_s`` seconds in which nothing arrives.

    Raises NotFound when the registry has no such image, EngineUnavailable when it cannot be reached or falls silent.
    """
    repository, tag = split_tag(name)
    query = {"fromImage": repository, "tag": tag}
    _stream(api, "/images/create", query, None, (api.timeout, silence_s), on_line)
    if find_image(api, name) is None:
        raise NotFound(f"{name} was pulled, yet it is not on the engine.")


def import_image(
    api: EngineClient, pieces: Iterable[bytes], name: str, changes: Iterable[str], silence_s: float
) -> None:
    """Make an image of a root file system, a tar in pieces. ``changes`` are Dockerfile lines such as ``CMD …``.

    Raises EngineError.
    """
    repository, tag = split_tag(name)
    query: dict[str, str | list[str]] = {"fromSrc": "-", "repo": repository, "tag": tag, "changes": list(changes)}
    _stream(api, "/images/create", query, pieces, (silence_s, silence_s), lambda _line: None)


def read_file(api: EngineClient, image: str, path: str) -> bytes | None:
    """The content of a file in an image, following links; None when there is no such file. Raises EngineError."""
    created = _call(api, "POST", "/containers/create", body={"Image": image, "Cmd": ["none"], "NetworkDisabled": True})
    container = created.json()["Id"]
    try:
        for _hop in range(5):
            try:
                answer = _call(api, "GET", f"/containers/{container}/archive", params={"path": path})
            except NotFound:
                return None
            with tarfile.open(fileobj=io.BytesIO(answer.content)) as archive:
                member = archive.next()
                if member is None or member.isdir():
                    return None
                if not member.issym():
                    content = archive.extractfile(member)
                    return content.read() if content else None
                folder = path.rpartition("/")[0]
                path = member.linkname if member.linkname.startswith("/") else f"{folder}/{member.linkname}"
        return None
    finally:
        _call(api, "DELETE", f"/containers/{container}", params={"force": "true", "v": "true"})


def split_tag(name: str) -> tuple[str, str]:
    """``registry:5000/a/b:c`` as (``registry:5000/a/b``, ``c``); without a tag it is ``latest``."""
    repository, colon, tag = name.rpartition(":")
    return (repository, tag) if colon and "/" not in tag else (name, "latest")


def _call(
    api: EngineClient,
    method: str,
    path: str,
    *,
    params: Mapping[str, str] | None = None,
    body: object = None,
) -> requests.Response:
    try:
        answer = api.request(
            method,
            f"{api.base_url}/v{api.api_version}{path}",
            params=params,
            json=body,
            timeout=api.timeout,
        )
    except requests.RequestException as error:
        raise EngineUnavailable(f"The engine did not answer {method} {path}: {error}") from error
    _check(answer, f"{method} {path}")
    return answer


def _stream(
    api: EngineClient,
    path: str,
    params: Mapping[str, str] | Mapping[str, str | list[str]],
    body: Iterable[bytes] | None,
    timeout: tuple[float, float],
    on_line: Callable[[str], None],
) -> None:
    """A call that answers with JSON messages as it goes on, one of which may be the error."""
    try:
        url = f"{api.base_url}/v{api.api_version}{path}"
        with api.post(url, params=params, data=body, timeout=timeout, stream=True) as answer:
            _check(answer, f"POST {path}")
            for raw in answer.iter_lines():
                message = json.loads(raw) if raw else {}
                if "error" in message:
                    raise _error_of(str(message["error"]))
                if message.get("status") and not message.get("progressDetail"):
                    on_line(" ".join(filter(None, (message.get("id"), message["status"]))))
    except (requests.RequestException, json.JSONDecodeError) as error:
        raise EngineUnavailable(f"The engine broke off POST {path}, or fell silent: {error}") from error


def _error_of(text: str) -> EngineError:
    missing = "not found" in text or "does not exist" in text
    return NotFound(text) if missing else EngineUnavailable(text)


def _check(answer: requests.Response, what: str) -> None:
    if answer.status_code < HTTPStatus.BAD_REQUEST:
        return
    try:
        text = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        text = answer.reason
    if answer.status_code == HTTPStatus.NOT_FOUND:
        raise NotFound(text)
    if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise EngineUnavailable(f"The engine could not do {what}: {text}")
    raise EngineRefused(f"The engine refused {what}: {text}")
