"""The log: one JSON object a line from every thread, and nothing a plugin prints can fake one."""

import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from api.telemetry import configure_logging


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    out, err = capsys.readouterr()
    assert out == ""
    return [json.loads(line) for line in err.splitlines()]


def test_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", process="controller")
    log = structlog.get_logger()
    log.info("pass", number=1, what={"a": [1, None]}, odd=object, key={3: 4})
    log.debug("not told")
    log.warning("careful")
    logging.getLogger("somebody").warning("theirs %s", "too")
    logging.getLogger("somebody").info("not told")
    found = lines(capsys)
    assert [(line["event"], line["level"], line["process"]) for line in found] == [
        ("pass", "info", "controller"),
        ("careful", "warning", "controller"),
        ("theirs too", "warning", "controller"),
    ]
    assert found[0]["what"] == {"a": [1, None]}
    assert all(line["time"].endswith("Z") for line in found)


EVIL = 'a\nb\r\x1b[31m"}\n{"event":"fake"}\x00\x7f\x9b\u2028end'


def test_control_characters_do_not_break_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", process="api")
    structlog.get_logger().info(EVIL, value=EVIL)
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert not set(err.rstrip("\n")) & set("\n\r\x1b\x00\x7f\x9b\u2028")
    found = json.loads(err)
    assert (found["event"], found["value"]) == (EVIL, EVIL), "and all of it is still there"


def test_control_characters_do_not_reach_a_console(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "console", process="api")
    structlog.get_logger().info(EVIL, value="red\x1b[31m", other=EVIL)
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert not set(err.rstrip("\n")) & set("\n\r\x1b\x00\x7f\x9b\u2028")


def test_lines_of_other_threads_name_the_process_too(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", process="controller")
    thread = threading.Thread(target=lambda: structlog.get_logger().info("from a worker"))
    thread.start()
    thread.join()
    (line,) = lines(capsys)
    assert (line["event"], line["process"]) == ("from a worker", "controller")


def test_a_traceback_is_in_its_line_without_the_values_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "json", process="controller")
    try:
        token = "hunter2"
        raise ValueError(f"broken with {len(token)} letters")
    except ValueError:
        structlog.get_logger().exception("it broke")
    err = capsys.readouterr().err
    assert len(err.splitlines()) == 1
    assert "broken with 7 letters" in err
    assert "hunter2" not in err
