"""The controller's private port, on the loopback address: what the containers print, and how the engine is.

The API serves without it; what it alone knows is then said to be out of reach. Calls block: run them in a thread.
"""

from dataclasses import dataclass

import requests
from pydantic import JsonValue

from api.resources.desired import DesiredState

CONNECT_TIMEOUT = 0.5
HEALTH_TIMEOUT = 1.0
LOGS_TIMEOUT = 6.0
PLAN_TIMEOUT = 6.0
"""Seconds; the clients of the API give up after ten."""


class ControllerUnreachableError(Exception):
    """No answer, or none that makes sense; the text says which."""


@dataclass(frozen=True, slots=True)
class LogReply:
    """What the controller said about a playground's log: `status` 200 and the lines, or another one and a sentence."""

    status: int
    text: str


class ControllerClient:
    """Asks the controller on 127.0.0.1. `token` is the secret that the two processes share through the data folder.

    The port answers `GET /logs/{uid}?tail=N` with text (404 while nothing has been built or started), `GET /healthz`
    with `{"engine": {"status": "ok" | "unavailable", "message"?}, …}`, and errors with `{"detail": "a sentence"}`.
    """

    def __init__(self, port: int, token: str) -> None:
        self.port = port
        self._headers = {"Authorization": f"Bearer {token}"}
        self._base = f"http://127.0.0.1:{port}"

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return self._headers

    def logs(self, uid: str, tail: int) -> LogReply:
        """The last `tail` lines that the playground `uid` printed. Raises ControllerUnreachableError."""
        reply = self._get(f"/logs/{uid}", {"tail": str(tail)}, LOGS_TIMEOUT)
        reply.encoding = "utf-8"
        return LogReply(reply.status_code, reply.text if reply.status_code == 200 else _sentence(reply))

    def usage(self, uid: str) -> dict[str, JsonValue] | None:
        """What its container uses at the moment; None when none runs. Raises ControllerUnreachableError."""
        return self._about(f"/usage/{uid}")

    def probe(self, uid: str) -> dict[str, JsonValue] | None:
        """`ready`, `detail`, `at`: what a probe met; None when no container runs. Raises ControllerUnreachableError."""
        return self._about(f"/probe/{uid}")

    def strangers(self) -> list[JsonValue]:
        """The engine's containers that are not ours, with few words. Raises ControllerUnreachableError."""
        reply = self._get("/strangers", {}, LOGS_TIMEOUT)
        if reply.status_code != 200:
            raise ControllerUnreachableError(_sentence(reply))
        value = _json(reply)
        if not isinstance(value, list):
            raise ControllerUnreachableError("The controller's answer is no JSON list.")
        return value

    def _about(self, path: str) -> dict[str, JsonValue] | None:
        reply = self._get(path, {}, LOGS_TIMEOUT)
        if reply.status_code == 404:
            return None
        if reply.status_code != 200:
            raise ControllerUnreachableError(_sentence(reply))
        return _object(reply)

    def health(self) -> dict[str, JsonValue]:
        """What the controller says of itself and the engine. Raises ControllerUnreachableError."""
        return _object(self._get("/healthz", {}, HEALTH_TIMEOUT))

    def plan(self, proposed: DesiredState) -> dict[str, JsonValue]:
        """What a pass would do if this were wanted: `situation`, `actions`, and both as `text`.

        Raises ControllerUnreachableError, also when the controller cannot look at the engine.
        """
        reply = self._call("POST", "/plan", timeout=PLAN_TIMEOUT, body=proposed.model_dump_json().encode())
        if reply.status_code != 200:
            raise ControllerUnreachableError(_sentence(reply))
        return _object(reply)

    def _get(self, path: str, query: dict[str, str], timeout: float) -> requests.Response:
        return self._call("GET", path, query=query, timeout=timeout)

    def _call(
        self, method: str, path: str, *, timeout: float, query: dict[str, str] | None = None, body: bytes | None = None
    ) -> requests.Response:
        # A session per call: no environment proxy is asked for the loopback address, and nothing is shared by threads.
        with requests.Session() as session:
            session.trust_env = False
            try:
                return session.request(
                    method,
                    self._base + path,
                    params=query,
                    data=body,
                    headers=self._headers,
                    timeout=(CONNECT_TIMEOUT, timeout),
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                raise ControllerUnreachableError(
                    f"The controller's private port does not answer: {_brief(error)}"
                ) from error


def _json(reply: requests.Response) -> JsonValue:
    try:
        value: JsonValue = reply.json()
    except requests.JSONDecodeError as error:
        raise ControllerUnreachableError("The controller's answer is no JSON.") from error
    return value


def _object(reply: requests.Response) -> dict[str, JsonValue]:
    value = _json(reply)
    if not isinstance(value, dict):
        raise ControllerUnreachableError("The controller's answer is no JSON object.")
    return value


def _sentence(reply: requests.Response) -> str:
    """The `detail` of an error, or what stands for it."""
    try:
        value = reply.json()
    except requests.JSONDecodeError:
        value = None
    detail = value.get("detail") if isinstance(value, dict) else None
    return detail if isinstance(detail, str) else f"The controller answered {reply.status_code}."


def _brief(error: requests.RequestException) -> str:
    if isinstance(error, requests.Timeout):
        return "it takes too long."
    if isinstance(error, requests.ConnectionError):
        return "nothing listens there, or the connection broke."
    return f"{type(error).__name__}."
