"""Lines of the log: those of one turn of a loop in one piece, what is serious at once, and nothing is lost."""

import asyncio
import threading
from itertools import pairwise
from typing import BinaryIO, cast

from hypothesis import given
from hypothesis import strategies as st

from api.log_lines import PIPE_BUFFER, LineLogger, pieces


class Sink:
    """A file that remembers what it was given at a time."""

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self.written.append(piece)
        return len(piece)

    def flush(self) -> None:
        """Nothing is kept back."""


def logger() -> tuple[LineLogger, Sink]:
    sink = Sink()
    return LineLogger(cast("BinaryIO", sink)), sink


def test_without_a_loop_each_is_written_at_once() -> None:
    log, sink = logger()
    log.info(b"one")
    log.debug(b"two")
    assert sink.written == [b"one\n", b"two\n"]


def test_those_of_one_turn_of_a_loop_are_written_together_after_it() -> None:
    log, sink = logger()

    async def run() -> None:
        log.info(b"one")
        log.info(b"two")
        assert sink.written == []
        await asyncio.sleep(0)
        assert sink.written == [b"one\ntwo\n"]
        log.info(b"three")
        await asyncio.sleep(0)

    asyncio.run(run())
    assert sink.written == [b"one\ntwo\n", b"three\n"]


def test_what_is_serious_is_written_at_once_and_so_is_what_came_before_it() -> None:
    log, sink = logger()

    async def run() -> None:
        log.info(b"one")
        log.error(b"two")
        assert sink.written == [b"one\ntwo\n"]

    asyncio.run(run())
    assert sink.written == [b"one\ntwo\n"]


def test_a_thread_beside_the_loop_waits_for_no_turn_of_it() -> None:
    log, sink = logger()

    async def run() -> None:
        log.info(b"one")
        beside = threading.Thread(target=log.info, args=(b"two",))
        beside.start()
        beside.join()
        assert sink.written == [b"one\ntwo\n"]

    asyncio.run(run())


def test_of_many_threads_no_line_is_lost_and_those_of_each_keep_their_order() -> None:
    log, sink = logger()

    def say(name: int) -> None:
        for number in range(500):
            log.info(b"%d %d" % (name, number))

    async def run() -> None:
        threads = [threading.Thread(target=say, args=(name,)) for name in range(4)]
        for thread in threads:
            thread.start()
        for number in range(500):
            log.info(b"9 %d" % number)
            await asyncio.sleep(0)
        for thread in threads:
            thread.join()

    asyncio.run(run())
    log.flush()
    lines = [tuple(map(int, line.split())) for line in b"".join(sink.written).splitlines()]
    for name in (0, 1, 2, 3, 9):
        assert [number for who, number in lines if who == name] == list(range(500))


def test_what_a_loop_left_is_written_by_who_comes_next() -> None:
    log, sink = logger()

    async def run() -> None:
        asyncio.get_running_loop().call_soon(log.info, b"one")

    asyncio.run(run())
    log.info(b"two")
    assert b"".join(sink.written) == b"one\ntwo\n"


@given(st.lists(st.binary(max_size=PIPE_BUFFER + 10).map(lambda line: line.replace(b"\n", b" ")), max_size=40))
def test_pieces_are_whole_lines_that_fit_a_pipe_and_as_few_as_may_be(lines: list[bytes]) -> None:
    made = list(pieces(lines))
    assert b"".join(made) == b"".join(line + b"\n" for line in lines)
    assert all(piece.endswith(b"\n") for piece in made), "no line is cut"
    assert all(len(piece) <= PIPE_BUFFER for piece in made if piece.count(b"\n") > 1)
    for one, following in pairwise(made):
        assert len(one) + following.index(b"\n") + 1 > PIPE_BUFFER
