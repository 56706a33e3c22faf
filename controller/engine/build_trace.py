"""Reading what BuildKit reports while it builds: the ``moby.buildkit.trace`` messages of ``POST /build?version=2``.

Each message is a ``moby.buildkit.v1.StatusResponse``, protobuf in base64. Only a handful of its fields matter to a
reader of the log, so they are decoded by hand. Field numbers, as in BuildKit's ``api/services/control/control.proto``:

    StatusResponse  1 vertexes (Vertex, repeated)   3 logs (VertexLog, repeated)
    Vertex          1 digest   3 name   4 cached   5 started   6 completed   7 error
    VertexLog       1 vertex (a digest)   3 stream (1 stdout, 2 stderr)   4 msg (bytes, cut anywhere: not always whole
                    lines)

A step ("vertex") is one line of the Dockerfile or one of BuildKit's own.
"""

import base64
import binascii
import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.engine.log_tail import LogLine

STDERR = 2
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class TraceError(ValueError):
    """A trace message that is not the protobuf it should be."""


@dataclass(frozen=True)
class Step:
    """A change of one step: started, done, taken from the cache or failed."""

    digest: str
    name: str
    cached: bool
    started: bool
    completed: bool
    error: str


@dataclass(frozen=True)
class Output:
    """A piece of what a step printed on one of its streams (``STDERR`` or another)."""

    digest: str
    stream: int
    data: bytes


def decode_trace(aux: str) -> tuple[list[Step], list[Output]]:
    """The steps and the output of one trace message (base64). Raises TraceError when it is none."""
    try:
        message = base64.b64decode(aux, validate=True)
        steps, outputs = [], []
        for number, value in _fields(message):
            if number == 1 and isinstance(value, bytes):
                steps.append(_step(value))
            elif number == 3 and isinstance(value, bytes):
                outputs.append(_output(value))
    except (binascii.Error, IndexError, UnicodeDecodeError) as error:
        raise TraceError(f"BuildKit sent a progress message that cannot be read: {error}") from error
    return steps, outputs


@dataclass
class TraceLog:
    """Turns trace messages into lines for people: a line per step that begins, then its output, whole lines only.

    Stdout and stderr are put together from their pieces apart: a line of one never lands inside a line of the other.
    """

    _announced: set[str] = field(default_factory=set)
    _done: set[str] = field(default_factory=set)
    _partial: dict[tuple[str, int], str] = field(default_factory=dict)
    _decoders: dict[tuple[str, int], codecs.IncrementalDecoder] = field(default_factory=dict)

    def lines(self, aux: str) -> Iterator[LogLine]:
        """The lines that one trace message completes. Raises TraceError when it is none."""
        steps, outputs = decode_trace(aux)
        for step in steps:
            if (step.started or step.cached) and step.digest not in self._announced:
                self._announced.add(step.digest)
                yield LogLine(f"{step.name} (cached)" if step.cached else step.name)
        for output in outputs:
            yield from self._complete(output)
        for step in steps:
            if step.completed and step.digest not in self._done:
                self._done.add(step.digest)
                yield from self._flush([key for key in self._partial if key[0] == step.digest])
                if step.error:
                    yield LogLine(f"{step.name}: {step.error}", is_error=True)

    def rest(self) -> Iterator[LogLine]:
        """Output that never got its line end, once the build is over."""
        yield from self._flush(list(self._partial))

    def _complete(self, output: Output) -> Iterator[LogLine]:
        key = (output.digest, output.stream)
        decoder = self._decoders.setdefault(key, codecs.getincrementaldecoder("utf-8")("replace"))
        text = self._partial.pop(key, "") + decoder.decode(output.data)
        *whole, partial = text.split("\n")
        for line in whole:
            yield LogLine(_last_overwrite(line), is_error=output.stream == STDERR)
        if partial:
            self._partial[key] = _last_overwrite(partial) if len(partial) > 10_000 else partial

    def _flush(self, keys: list[tuple[str, int]]) -> Iterator[LogLine]:
        for key in keys:
            if partial := self._partial.pop(key):
                yield LogLine(_last_overwrite(partial), is_error=key[1] == STDERR)


def _last_overwrite(line: str) -> str:
    """What a terminal would show of a line that was drawn again and again with carriage returns."""
    return line.rstrip("\r").rpartition("\r")[2]


def _step(message: bytes) -> Step:
    texts = {1: "", 3: "", 7: ""}
    seen: set[int] = set()
    cached = False
    for number, value in _fields(message):
        seen.add(number)
        if number in texts and isinstance(value, bytes):
            texts[number] = value.decode("utf-8", "replace")
        elif number == 4:
            cached = bool(value)
    return Step(texts[1], texts[3], cached, started=5 in seen, completed=6 in seen, error=texts[7])


def _output(message: bytes) -> Output:
    parts = {1: b"", 4: b""}
    stream = 0
    for number, value in _fields(message):
        if number in parts and isinstance(value, bytes):
            parts[number] = value
        elif number == 3 and isinstance(value, int):
            stream = value
    return Output(parts[1].decode("utf-8", "replace"), stream, parts[4])


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Every field of a protobuf message in its order: its number, and an int or the bytes of it."""
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire_type = key >> 3, key & 7
        if wire_type == _VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if wire_type == _BYTES:
            length, position = _varint(message, position)
        elif wire_type in (_FIXED64, _FIXED32):
            length = 8 if wire_type == _FIXED64 else 4
        else:
            raise TraceError(f"BuildKit sent a progress message with the unknown wire type {wire_type}.")
        if position + length > len(message):
            raise TraceError("BuildKit sent a progress message that ends too early.")
        yield number, message[position : position + length]
        position += length


def _varint(message: bytes, position: int) -> tuple[int, int]:
    """The base-128 integer at ``position`` and the position after it."""
    result = shift = 0
    while True:
        byte = message[position]
        position += 1
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result, position
        shift += 7
