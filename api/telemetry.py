"""Logging of both processes: one JSON object a line, or a console format on a terminal.

Lines go to standard error, as a service manager expects. Values with control characters are escaped, so that nothing a
plugin prints can fake or break a line.
"""

import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog

from api.clock import SystemClock
from api.log_lines import LineLogger

_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
"""Without the values of local variables: a token or a plugin's environment may be among them."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def configure_logging(level: str, log_format: str, *, process: str) -> None:
    """Set structlog up, and send the libraries' own warnings through it.

    Args:
        level: `debug`, `info`, `warning` or `error`.
        log_format: `json`, `console`, or `auto` (console when standard error is a terminal).
        process: `api`, `controller` or `run`; on every line.
    """
    console = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    threshold = getattr(logging, level.upper())

    def name_process(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        line["process"] = process
        return line

    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        name_process,
        structlog.processors.add_log_level,
        _Stamp(),
        structlog.processors.StackInfoRenderer(),
    ]
    ours: list[structlog.typing.Processor]
    renderer: list[structlog.typing.Processor]
    factory: Callable[..., Any]
    if console:
        plain = structlog.dev.plain_traceback
        renderer = [_escape, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
        ours, factory = renderer, structlog.PrintLoggerFactory(file=sys.stderr)
    else:
        tracebacks = structlog.processors.ExceptionRenderer(_TRACEBACKS)
        renderer = [tracebacks, structlog.processors.JSONRenderer(serializer=_dumps)]
        ours = [tracebacks, structlog.processors.JSONRenderer(serializer=_dumped)]
        lines = LineLogger(sys.stderr.buffer)

        def factory(*_: object) -> LineLogger:
            return lines

    structlog.configure(
        processors=[*shared, *ours],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))


class _Stamp:
    """The time of a line, ISO 8601 in UTC with microseconds. Most of it is made once a second."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self._made: tuple[int, str] = (-1, "")

    def __call__(self, _logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """Note it in the line."""
        now = self._clock.now()
        second, text = self._made
        if second != int(now):
            second = int(now)
            text = datetime.fromtimestamp(second, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")
            self._made = (second, text)
        line["time"] = f"{text}.{int((now - second) * 1e6):06d}Z"
        return line


def _escape(_logger: object, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """For the console: the control characters of texts as escapes, so that they neither fake a line nor colour one."""
    return {
        key: _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), value)
        if isinstance(value, str)
        else value
        for key, value in line.items()
    }


def _dumps(value: Any, **named: Any) -> str:
    return _dumped(value, **named).decode()


def _dumped(value: Any, **_: Any) -> bytes:
    """JSON in one line for every reader: the control characters that JSON itself lets through are escaped, too."""
    data = orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)
    if data.isascii() and b"\x7f" not in data:
        return data  # as nearly always, and told quickly: of these JSON itself escapes all others
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", data.decode()).encode()
