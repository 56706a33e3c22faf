"""Containers' logs from a real engine: times, spans, following to the end; and what a restart leaves behind."""

import threading
from contextlib import contextmanager

import pytest

from controller.domain.container_spec import ContainerSpec
from controller.engine.container_logs import DockerContainerLogs
from controller.engine.errors import NotFound
from controller.logs.lines import Span
from tests.engine.conformance import docker_lab

FIRST = "playground-test-http started"
pytestmark = pytest.mark.engine


def test_lines_of_real_containers() -> None:
    with contextmanager(docker_lab)() as lab:
        logs = DockerContainerLogs(None, 10.0)
        spec: ContainerSpec = lab.spec(shm_bytes=8 * 1024 * 1024)
        container = lab.ours.create(spec)
        lab.ours.start(container)
        lab.wait_until(lambda: bool(lab.ours.log_tail(container, 1)))
        (first,) = [line for line in logs.lines(container, Span()) if line is not None]
        assert first.text == FIRST
        assert abs(first.at / 1e9 - lab.now()) < 60
        assert list(logs.lines(container, Span(after=first.at))) == []
        # Restarted in place it keeps its log, and both runs can be told apart.
        lab.ours.restart(container, 1)
        lab.wait_until(lambda: len(lab.ours.log_tail(container, 10)) == 2)
        both = [line.at for line in logs.lines(container, Span()) if line is not None]
        assert [line and line.at for line in logs.lines(container, Span(until=both[0]))] == both[:1]
        assert [line and line.at for line in logs.lines(container, Span(tail=1))] == both[1:]
        # Followed, it ends with the container, and says in between that there is nothing.
        stopper = threading.Timer(6.0, lambda: lab.ours.stop(container, 1))
        stopper.start()
        told = list(logs.lines(container, Span(), follow=True))
        stopper.join()
        assert [line.at for line in told if line is not None] == both
        assert None in told
        with pytest.raises(NotFound):
            list(logs.lines("nobody-at-all", Span()))
