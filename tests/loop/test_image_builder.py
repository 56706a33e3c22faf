"""From an archive to an image: what every failure becomes, and what the log of a build keeps."""

import threading
from pathlib import Path

import pytest

from api.archives.files import ArchiveFiles
from api.archives.reader import PluginArchive
from controller.builds.build_logs import MAX_BYTES, MAX_LINE, BuildLogs
from controller.builds.image_builder import ImageBuilder
from controller.builds.pool import BuildError, BuildJob
from controller.builds.recipe import BuildOptions
from controller.engine.errors import (
    BuildCancelled,
    BuildTimedOut,
    EngineFailed,
    EngineRefused,
    EngineUnavailable,
    ImageBuildFailed,
)
from tests.archives.ziplab import plain_zip, plugin_files
from tests.loop.stubs import StubEngine

UID = "0123456789ab"


class Bench:
    """A builder on a stand-in for the engine, and one archive."""

    def __init__(self, folder: Path) -> None:
        self.engine = StubEngine()
        self.archives = ArchiveFiles(folder / "archives")
        self.logs = BuildLogs(folder / "logs")
        self.digest = self.keep(plain_zip(folder / "plugin.zip", plugin_files()))
        self.steps: list[str] = []

    def keep(self, path: Path) -> str:
        with self.archives.receive() as writer:
            writer.write(path.read_bytes())
            writer.flush()
            with PluginArchive(writer.path) as archive:
                digest = archive.content_digest()
            writer.commit(digest)
        return digest

    def build(self, digest: str | None = None) -> BuildError | None:
        builder = ImageBuilder(
            engine=self.engine,
            archives=self.archives,
            logs=self.logs,
            controller_id="one",
            base_image="base:1",
            options=BuildOptions(),
            deadline=60.0,
        )
        job = BuildJob(UID, "app:1", digest or self.digest, 1)
        return builder.build(job, threading.Event(), self.steps.append)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_build_streams_its_context_and_keeps_its_log(bench: Bench) -> None:
    assert bench.build() is None
    assert bench.steps == ["step 1"]
    assert b"FROM base:1" in bench.engine.built[0]
    assert (bench.logs.tail(UID, 1) or ())[-1] == "step 1"


FAILURES: list[tuple[Exception, BuildError | None]] = [
    (ImageBuildFailed("pip failed", ["line"]), BuildError("pip failed", ("line",))),
    (BuildTimedOut("too long", ["line"]), BuildError("too long", ("line",))),
    (BuildCancelled("cancelled"), None),
    (EngineUnavailable("it went away"), None),
    (EngineFailed("its disk is full"), BuildError("its disk is full", by_engine=True)),
    (EngineRefused("no"), BuildError("no")),
    (
        RuntimeError("a bug"),
        BuildError("The build broke inside the controller: RuntimeError('a bug'). Its log has the details."),
    ),
]


@pytest.mark.parametrize(("error", "answer"), FAILURES, ids=lambda value: type(value).__name__)
def test_every_failure_is_an_answer(bench: Bench, error: Exception, answer: BuildError | None) -> None:
    bench.engine.errors["build"] = error
    assert bench.build() == answer


def test_without_its_base_image_it_says_how_to_get_one(bench: Bench) -> None:
    bench.engine.has = False
    error = bench.build()
    assert error is not None
    assert "base:1 is not on this machine" in error.message
    assert "playground-server base-image" in error.message
    assert (error.terminal, bench.engine.calls) == (False, ["has_image"])


def test_an_archive_that_is_gone_or_refused_needs_a_change(bench: Bench, tmp_path: Path) -> None:
    gone = bench.build("sha256:" + "0" * 64)
    assert gone is not None
    assert gone.terminal
    greedy = plugin_files() | {"config.yaml": b"code: a\nname: A\npackage_manager_options: ['--evil']\n"}
    refused = bench.build(bench.keep(plain_zip(tmp_path / "greedy.zip", greedy)))
    assert refused is not None
    assert refused.terminal
    assert "--evil" in refused.message
    assert "build" not in bench.engine.calls


def test_logs_are_capped_and_begin_anew(tmp_path: Path) -> None:
    logs = BuildLogs(tmp_path)
    assert logs.tail(UID, 10) is None
    with logs.write(UID) as write_line:
        write_line("x" * (MAX_LINE + 100))
        for number in range(MAX_BYTES // 1000):
            write_line(f"{number} " + "y" * 1000)
    lines = logs.tail(UID, 10_000) or ()
    assert len(lines[0]) == MAX_LINE
    assert (tmp_path / f"{UID}.log").stat().st_size <= MAX_BYTES
    with logs.write(UID) as write_line:
        write_line("anew")
        write_line("\ud800 is no text")
    assert logs.tail(UID, 10) == ("anew", "? is no text")
    assert logs.tail(UID, 1) == ("? is no text",)
    assert logs.tail(UID, 0) == ()
    logs.remove(UID)
    logs.remove(UID)
    assert logs.tail(UID, 1) is None


def test_a_build_that_is_being_ended_does_not_write_into_the_next_ones_log(tmp_path: Path) -> None:
    logs = BuildLogs(tmp_path)
    with logs.write(UID) as old_line:
        old_line("old " * 100)
        with logs.write(UID) as new_line:
            new_line("new")
            old_line("late")
            assert logs.tail(UID, 10) == ("new",)


@pytest.mark.parametrize("uid", ["", "../evil", "a/b", "a.b", "a b"])
def test_a_log_is_never_outside_its_folder(tmp_path: Path, uid: str) -> None:
    with pytest.raises(ValueError, match="no playground's uid"):
        BuildLogs(tmp_path).tail(uid, 1)
