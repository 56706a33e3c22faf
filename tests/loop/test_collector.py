"""The collector: what comes to be wanted while it is at work stays."""

import os
from pathlib import Path
from typing import cast

import pytest

from api.archives.files import ArchiveFiles
from api.resources.desired import Claim
from api.store import Store
from controller.builds.build_logs import BuildLogs
from controller.domain.garbage import ListedImage
from controller.engine.interface import Engine
from controller.loop.collector import Collector
from controller.planner.garbage import Keep
from tests.loop.stubs import HandClock, StubEngine
from tests.planner.worlds import POLICY

NOW = 1_000_000.0
DIGEST = "sha256:" + "a" * 64


class SlowEngine(StubEngine):
    """Has an image to remove; meanwhile an archive is uploaded, if it is told so."""

    def __init__(self, archives: ArchiveFiles, *, uploads: bool) -> None:
        super().__init__()
        self._archives = archives
        self._uploads = uploads

    def images(self) -> tuple[ListedImage, ...]:
        return (ListedImage("sha256:old", (), "hello@1", 0.0, in_use=False),)

    def remove_image(self, reference: str) -> None:
        if self._uploads:
            upload(self._archives, NOW)


def upload(archives: ArchiveFiles, at: float) -> None:
    with archives.receive() as writer:
        writer.write(b"a plugin")
        path = writer.commit(DIGEST)
    os.utime(path, (at, at))


@pytest.mark.parametrize("uploads", [True, False])
def test_an_archive_that_is_uploaded_while_garbage_is_collected_stays(
    store: Store, claim: Claim, tmp_path: Path, uploads: bool
) -> None:
    archives = ArchiveFiles(tmp_path / "archives")
    upload(archives, NOW - 10_000.0)
    engine = cast(Engine, SlowEngine(archives, uploads=uploads))
    logs = BuildLogs(tmp_path / "logs")
    keep = Keep(images_per_plugin=0)
    Collector(store, engine, archives, logs, POLICY, keep, HandClock(NOW)).run(claim)
    assert archives.exists(DIGEST) is uploads
