"""The crash matrix of garbage: each thing that goes x each fault. What may go is gone in the end, and nothing else."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from api.archives.files import ArchiveFiles
from controller.builds.build_logs import BuildLogs
from controller.engine.errors import EngineError, EngineFailed
from controller.loop.collector import Collector
from controller.planner.garbage import Keep
from controller.planner.wanted import LABEL_CONTROLLER, LABEL_RELEASE
from tests.fakes.faults import Crash, Fault, Faults
from tests.faults import checks
from tests.faults.scenarios import serving_from_archive
from tests.faults.world import ANOTHER_CONTROLLER, CONTROLLER, POLICY, Laboratory, World

KEEP = Keep(images_per_plugin=1)
LONG_AGO = 30 * 3600.0
WANTED, UNWANTED, YOUNG = (f"sha256:{letter * 64}" for letter in "abc")
GONE = "0123456789ff"
FAULTS = [fault for fault in Fault if fault is not Fault.HALF_DONE]
"""Nothing here is a restart, which is all that can be done by half."""
ROUNDS = 5
"""Collections after which all that may go is gone, whatever went wrong in the first."""


class _Archives(ArchiveFiles):
    def __init__(self, folder: Path, faults: Faults) -> None:
        super().__init__(folder)
        self._faults = faults

    def delete(self, digest: str) -> bool:
        def do() -> bool:
            return ArchiveFiles.delete(self, digest)

        return self._faults.effect("remove_archive", digest, do, failed=EngineFailed("500 of the disk"))


class _Logs(BuildLogs):
    def __init__(self, folder: Path, faults: Faults) -> None:
        super().__init__(folder)
        self._faults = faults

    def remove(self, uid: str) -> None:
        def do() -> None:
            BuildLogs.remove(self, uid)

        self._faults.effect("remove_log", uid, do, failed=EngineFailed("500 of the disk"))


@dataclass
class Littered:
    """A world with garbage in it, and with things that only look like it."""

    world: World
    uid: str
    archives: _Archives
    logs: _Logs

    def collector(self) -> Collector:
        """That of the controller that has just begun."""
        world = self.world
        return Collector(world.store, world.engine, self.archives, self.logs, POLICY, KEEP, world.clock)

    def collect(self) -> None:
        """Once, as well as it is let."""
        try:
            self.collector().run(self.world.claim())
        except Crash:
            self.world.boot()
        except EngineError:
            pass

    def left(self) -> tuple[object, ...]:
        """All that there is of what is ever collected."""
        archives = sorted(file.digest for file in self.archives.list())
        logs = [file.name for file in self.logs.list()]
        return sorted(self.world.machine.images), sorted(self.world.machine.networks), archives, logs


def littered(lab: Laboratory, folder: Path) -> Littered:
    world = lab.world()
    uid = serving_from_archive(world)
    ours = {LABEL_CONTROLLER: CONTROLLER, LABEL_RELEASE: "old@1"}
    for reference, labels in (
        ("old:1", ours),
        ("old:2", ours),
        ("old:3", ours),
        ("theirs:1", {**ours, LABEL_CONTROLLER: ANOTHER_CONTROLLER}),
        ("nobodys:1", {}),
    ):
        world.machine.add_image(reference, labels)
        world.clock.advance(1.0)
    world.machine.networks = {"old": world.clock.now()}
    archives, logs = _Archives(folder / "archives", world.faults), _Logs(folder / "logs", world.faults)
    for digest in (WANTED, UNWANTED):
        _upload(archives, digest, world.clock.now())
    with logs.write(GONE) as write_line, logs.write(uid) as write_another:
        write_line("built")
        write_another("built")
    for file in (folder / "logs").iterdir():
        os.utime(file, (world.clock.now(), world.clock.now()))
    world.clock.advance(LONG_AGO)
    world.machine.add_image("young:1", {**ours, LABEL_RELEASE: "young@1"})
    world.machine.networks["young"] = world.clock.now()
    _upload(archives, YOUNG, world.clock.now())
    world.faults.begin()
    return Littered(world, uid, archives, logs)


def _upload(archives: ArchiveFiles, digest: str, at: float) -> None:
    with archives.receive() as writer:
        writer.write(b"a plugin")
        path = writer.commit(digest)
    os.utime(path, (at, at))


def test_what_may_go_and_nothing_else(lab: Laboratory, tmp_path: Path) -> None:
    there = littered(lab, tmp_path)
    there.collect()
    images, networks, archives, logs = there.left()
    assert {"old:3", "theirs:1", "nobodys:1", "young:1"} <= set(cast("list[str]", images))
    assert not {"old:1", "old:2"} & set(cast("list[str]", images))
    assert there.world.wanted(there.uid).image in cast("list[str]", images)
    assert (networks, archives, logs) == (["young"], [WANTED, YOUNG], [there.uid])
    effects = ["remove_image", "remove_image", "remove_network", "remove_archive", "remove_log"]
    assert there.world.faults.trace == effects


def run(lab: Laboratory, folder: Path, faults: dict[int, Fault]) -> None:
    """Collect with faults at the effects with these numbers; all that must hold in the end is checked."""
    plain = littered(lab, folder / "plain")
    plain.collect()
    expected = plain.left()
    there = littered(lab, folder / "faulty")
    foreign = checks.foreign(there.world.machine)
    checks.guard(there.world)
    for number, fault in faults.items():
        there.world.faults.at(number, fault)
    for _ in range(ROUNDS):
        there.collect()
    there.world.faults.do_late()
    assert there.left() == expected, there.world.story()
    plan = [str(collection) for collection in there.collector().plan()]
    assert [step.split(",")[0] for step in plan] == ["PruneRecords"], "a tidy world plans nothing but old rows"
    assert checks.foreign(there.world.machine) == foreign
    there.world.settle()
    checks.serves(there.world, there.uid)


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_made_up_for_by_the_next_collections(
    lab: Laboratory, tmp_path: Path, fault: Fault, number: int
) -> None:
    run(lab, tmp_path, {number: fault})


@pytest.mark.chaos
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("first", FAULTS)
def test_all_pairs_of_faults_are_made_up_for(lab: Laboratory, tmp_path: Path, first: Fault) -> None:
    for second in FAULTS:
        for one in range(1, 6):
            for other in range(one + 1, 8):
                run(lab, tmp_path / f"{second.name}-{one}-{other}", {one: first, other: second})
