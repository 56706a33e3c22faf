"""Kept logs: several workers that remove containers at once lose none."""

import threading
from collections.abc import Iterator
from pathlib import Path

from structlog.testing import capture_logs

from api.clock import SystemClock
from controller.logs.kept_logs import Caps, KeptLogs
from controller.logs.lines import LogLine, Span

WORKERS, REMOVALS = 3, 50


class OneLine:
    """Every container has printed one line."""

    def lines(self, container: str, span: Span, *, follow: bool = False) -> Iterator[LogLine | None]:
        yield LogLine(1, f"{container} was here")


def test_nobody_prunes_a_folder_away_that_another_one_writes_into(tmp_path: Path) -> None:
    kept = KeptLogs(tmp_path, OneLine(), SystemClock(), Caps(age=0.0))

    def work(uid: str) -> None:
        for number in range(REMOVALS):
            kept.keep(uid, f"container{number}")

    workers = [threading.Thread(target=work, args=(f"uid{number}",)) for number in range(WORKERS)]
    with capture_logs() as logged:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert [line["error"] for line in logged if line["event"] == "log not kept"] == []
