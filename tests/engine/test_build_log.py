"""The log of a build as it is put together from BuildKit's messages, and what is kept of it: no engine is needed."""

import base64

import pytest

from controller.engine.build_trace import STDERR, TraceError, TraceLog
from controller.engine.log_tail import LogLine, LogTail

STDOUT = 1


def field(number: int, value: bytes | int) -> bytes:
    """One field of a protobuf message, as BuildKit would write it (short ones only)."""
    if isinstance(value, int):
        return bytes([number << 3, value])
    assert len(value) < 128
    return bytes([number << 3 | 2, len(value)]) + value


def printed(text: bytes, stream: int = STDOUT) -> str:
    return base64.b64encode(field(3, field(1, b"d") + field(3, stream) + field(4, text))).decode()


def test_output_that_is_cut_anywhere_comes_out_in_whole_lines() -> None:
    log = TraceLog()
    text = "grüezi\n10 %\r50 %\r100 %\r\nno end".encode()
    pieces = [printed(text[at : at + 3]) for at in range(0, len(text), 3)]
    assert [line.text for piece in pieces for line in log.lines(piece)] == ["grüezi", "100 %"]
    assert list(log.rest()) == [LogLine("no end")]


def test_a_step_is_named_once_and_its_error_follows_its_output() -> None:
    log = TraceLog()
    begun = field(1, field(1, b"d") + field(3, b"RUN x") + field(5, b""))
    ended = field(1, field(1, b"d") + field(3, b"RUN x") + field(5, b"") + field(6, b"") + field(7, b"exit 1"))
    cached = field(1, field(1, b"e") + field(3, b"COPY y") + field(4, 1) + field(5, b"") + field(6, b""))
    messages = [base64.b64encode(begun).decode(), printed(b"words"), base64.b64encode(ended + cached).decode()]
    lines = [line for message in messages for line in log.lines(message)]
    assert [line.text for line in lines] == ["RUN x", "COPY y (cached)", "words", "RUN x: exit 1"]
    assert [line.text for line in lines if line.is_error] == ["RUN x: exit 1"]


def test_stderr_never_lands_inside_a_line_of_stdout() -> None:
    log = TraceLog()
    letter = "ü".encode()
    messages = [
        printed(b"half" + letter[:1]),
        printed(b"the cause\nno e", STDERR),
        printed(letter[1:] + b" a line\n"),
        printed(b"nd", STDERR),
    ]
    lines = [line for message in messages for line in log.lines(message)]
    assert lines == [LogLine("the cause", is_error=True), LogLine("halfü a line")]
    assert list(log.rest()) == [LogLine("no end", is_error=True)]


def test_the_cause_on_stderr_that_overtakes_250_lines_of_stdout_is_kept() -> None:
    """BuildKit's two readers, at their worst: the last line written is the first that arrives."""
    log, tail = TraceLog(), LogTail()
    for message in [printed(b"the cause\n", STDERR), *(printed(f"line {i}\n".encode()) for i in range(1, 251))]:
        for line in log.lines(message):
            tail.add(line)
    assert list(tail) == ["the cause", *(f"line {i}" for i in range(152, 251))]


def said(text: str) -> list[LogLine]:
    """A line for each letter: capitals are stderr."""
    return [LogLine(letter, is_error=letter.isupper()) for letter in text]


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        ("", ""),
        ("ab", "ab"),
        ("abcde", "abcde"),
        ("abcdef", "bcdef"),
        ("Aabcdefg", "Adefg"),
        ("aAbBcdefg", "ABefg"),
        ("aAbBcCdefg", "BCefg"),
        ("ABCDEFGH", "DEFGH"),
        ("abcdeABC", "deABC"),
        ("AabBcdCe", "BcdCe"),
        ("AabBcdeCf", "BdeCf"),
        ("AbcdefAghi", "AAghi"),
    ],
)
def test_the_last_five_lines_of_which_two_of_stderr_stay(lines: str, kept: str) -> None:
    tail = LogTail(limit=5, errors=2)
    for line in said(lines):
        tail.add(line)
    assert "".join(tail) == kept
    assert "".join(tail) == kept, "reading it changes nothing"


@pytest.mark.parametrize(("errors", "kept"), [(0, "efghi"), (5, "ABCDi"), (4, "ABCDi"), (3, "BCDhi")])
def test_how_many_of_stderr_stay_is_up_to_the_caller(errors: int, kept: str) -> None:
    tail = LogTail(limit=5, errors=errors)
    for line in said("ABCDefghi"):
        tail.add(line)
    assert "".join(tail) == kept


@pytest.mark.parametrize("errors", [-1, 6])
def test_a_tail_cannot_keep_more_of_stderr_than_it_has_room_for(errors: int) -> None:
    with pytest.raises(ValueError, match="from 0 to 5"):
        LogTail(limit=5, errors=errors)


@pytest.mark.parametrize("raw", [b"\x0a\x7f", b"\x80", b"\x0f", b"\x1a\x05ab"])
def test_what_is_no_trace_message_is_an_error_of_its_own(raw: bytes) -> None:
    with pytest.raises(TraceError):
        list(TraceLog().lines(base64.b64encode(raw).decode()))
    with pytest.raises(TraceError):
        list(TraceLog().lines("not base64!"))
