"""What has lost its record: containers, images, archives, logs."""

from textwrap import dedent

from controller.domain.garbage import Inventory, KeptFile, ListedImage
from controller.domain.observed import ContainerState
from controller.planner.backoff import delay
from controller.planner.garbage import Keep, collect
from controller.planner.orphans import GRACE, orphans
from tests.planner.worlds import NOW, container

HOUR = 3600.0


def test_containers_without_a_record_are_removed_once_they_are_old_enough() -> None:
    old = container("old", created_at=NOW - GRACE)
    young = container("young", created_at=NOW - GRACE + 1)
    younger = container("younger", created_at=NOW)
    going = container("going", created_at=NOW - 999, state=ContainerState.REMOVING)
    decided = orphans((old, younger, young, going), NOW)
    assert str(decided) == "Orphaned\n[1] RemoveContainer old, its playground is gone and it is older than 60 s"
    assert decided.look_again == NOW + 1
    assert str(orphans((), NOW)) == "Orphaned"
    assert orphans((), NOW).look_again is None


def image(
    name: str, age: float, *, release: str = "hello@1", tags: tuple[str, ...] | None = None, in_use: bool = False
) -> ListedImage:
    return ListedImage(f"sha256:{name}", (name,) if tags is None else tags, release, NOW - age, in_use)


def test_garbage_is_what_nobody_needs_and_is_old_enough() -> None:
    inventory = Inventory(
        images=(
            image("hello:newest", 1 * HOUR, release="hello@4"),
            image("hello:second", 2 * HOUR, release="hello@3"),
            image("hello:third", 3 * HOUR, release="hello@2"),
            image("hello:wanted", 4 * HOUR),
            image("hello:used", 5 * HOUR, in_use=True),
            image("nameless", 6 * HOUR, tags=()),
            image("young", 60.0, tags=()),
            image("other:1", 9 * HOUR, release="other@1"),
        ),
        archives=(KeptFile("sha256:gone", NOW - HOUR), KeptFile("sha256:new", NOW), KeptFile("sha256:used", 0.0)),
        build_logs=(KeptFile("aaa", NOW - 25 * HOUR), KeptFile("bbb", NOW - HOUR), KeptFile("ccc", 0.0)),
        wanted_images=frozenset({"hello:wanted"}),
        wanted_digests=frozenset({"sha256:used"}),
        uids=frozenset({"ccc"}),
    )
    assert "\n".join(map(str, collect(inventory, NOW, Keep()))) == dedent("""\
        RemoveImage hello:third, unused, and not among the newest 2 of its plugin
        RemoveImage sha256:nameless, it has lost its name
        RemoveArchive sha256:gone, no release and no playground stands for it
        RemoveBuildLog aaa, its playground is gone
        PruneRecords, ended builds, old events, tombstones and quarantines that are over""")


def test_back_off_grows_from_a_second_to_five_minutes_and_is_spread() -> None:
    for failures in range(1, 30):
        base = min(300.0, 4.0 ** (failures - 1))
        assert base <= delay(failures, "uid") <= base * 1.2
    assert delay(0, "uid") >= 1.0
    assert delay(10**9, "uid") <= 360.0
    assert delay(3, "uid") == delay(3, "uid")
    assert len({delay(5, f"uid-{number}") for number in range(50)}) > 25
