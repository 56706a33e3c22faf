"""Containers' logs from Docker, with times, as streams that may stay open for hours without holding a deadline open."""

import threading
from collections.abc import Iterator
from typing import Any

import requests
import urllib3.exceptions

from api.resources.log_position import parse_since
from api.resources.secret import masked
from controller.engine.connect import EngineClient, connect
from controller.engine.errors import EngineUnavailable
from controller.engine.hidden import HiddenValues
from controller.engine.log_frames import log_frames, log_refusal
from controller.engine.translate import translated
from controller.logs.lines import LogLine, Span

SILENCE = 5.0
"""Seconds without a line after which a follower is told that there was none."""


class DockerContainerLogs:
    """Reads logs. Every stream has a connection of its own; safe to share between threads."""

    def __init__(self, docker_host: str | None, timeout: float, hidden: HiddenValues | None = None) -> None:
        """`hidden`: what is known already of what containers must not show."""
        self._hidden = hidden or HiddenValues()
        self._docker_host = docker_host
        self._timeout = timeout
        self._lock = threading.Lock()
        self._client: EngineClient | None = None

    def lines(self, container: str, span: Span, *, follow: bool = False) -> Iterator[LogLine | None]:
        """Its lines, as `controller.logs.lines.ContainerLogs` has it.

        A stream that falls silent is asked for again from its last line on, so that no call is without a deadline.
        """
        api = self._api()
        last, tail, hidden = span.after, span.tail, self._hidden_in(api, container)
        while True:
            response = self._ask(api, container, Span(last, span.until, tail), follow=follow)
            try:
                for line in _lines(response):
                    if line.at > last and (span.until is None or line.at <= span.until):
                        last = line.at
                        yield LogLine(line.at, masked(line.text, hidden))
                return
            except urllib3.exceptions.ReadTimeoutError:
                if not follow:
                    raise EngineUnavailable(f"The engine fell silent in the log of {container}.") from None
                tail = tail if last == span.after else None
                yield None
            except (urllib3.exceptions.HTTPError, OSError) as error:
                raise EngineUnavailable(f"The engine broke off the log of {container}: {error}") from error
            finally:
                response.close()

    def _api(self) -> EngineClient:
        """The client of all streams, connected at first need: to connect costs as much as to read a short log."""
        with self._lock:
            if self._client is None:
                self._client = connect(self._docker_host, self._timeout)
            return self._client

    def _hidden_in(self, api: Any, container: str) -> tuple[str, ...]:
        """What the container knows and must not be shown."""
        known = self._hidden.of(container)
        if known is not None:
            return known
        with translated(f"inspect {container}"):
            return self._hidden.learn(api.inspect_container(container))

    def _ask(self, api: Any, container: str, span: Span, *, follow: bool) -> requests.Response:
        query: dict[str, str | int] = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)}
        query["tail"] = "all" if span.tail is None else span.tail
        if span.after:
            query["since"] = _moment(span.after)
        if span.until is not None:
            query["until"] = _moment(span.until + 1)
        try:
            response: requests.Response = api.get(
                f"{api.base_url}/v{api.api_version}/containers/{container}/logs",
                params=query,
                stream=True,
                timeout=(self._timeout, SILENCE if follow else self._timeout),
            )
        except requests.RequestException as error:
            raise EngineUnavailable(f"The engine did not answer for the log of {container}: {error}") from error
        if response.status_code != 200:
            raise log_refusal(response, container)
        return response


def _moment(nanoseconds: int) -> str:
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"


def _lines(response: requests.Response) -> Iterator[LogLine]:
    """The engine's frames, one a line: the time, and the text."""
    for frame in log_frames(response.raw.read):
        moment, _, text = frame.decode(errors="replace").partition(" ")
        try:
            at = parse_since(moment, 0.0).nanoseconds
        except ValueError:
            continue
        yield LogLine(at, text.rstrip("\r\n"))
