"""Builds: handles that end once."""

from api.resources.build import BuildResult, BuildState
from api.resources.desired import Report
from api.resources.playground import DesiredRunState, PlaygroundStatus
from api.store import Store
from tests.store.builders import NOW, apply, claim, report


def test_a_build_comes_with_its_playground_until_that_is_removed(store: Store) -> None:
    applied = apply(store)
    uid = applied.playground.metadata.uid
    assert store.builds.get_with_playground(applied.build.id) == (applied.build, applied.playground)
    store.playgrounds.request_deletion(uid, now=NOW)
    store.work.remove(claim(store), uid, now=NOW)
    found = store.builds.get_with_playground(applied.build.id)
    assert found is not None
    assert found[0].state is BuildState.CANCELLED
    assert "deleted before it served" in str(found[0].error)
    assert found[1] is None


def test_an_unknown_build_is_none(store: Store) -> None:
    for build_id in ("nothing", "a\x00b", "a\udc80b", ""):
        assert store.builds.get(build_id) is None
        assert store.builds.get_with_playground(build_id) is None
        assert store.builds.cancel(build_id, now=NOW) is None


def test_only_an_open_build_can_be_cancelled(store: Store) -> None:
    applied = apply(store)
    ended = BuildResult(id=applied.build.id, state=BuildState.COMPLETED, result={"id": "x", "port": 7860})
    assert store.work.report(claim(store), applied.playground.metadata.uid, report(builds=(ended,)), now=NOW + 1)
    build = store.builds.cancel(applied.build.id, now=NOW + 2)
    assert build is not None
    assert (build.state, build.result, build.finished_at) == (BuildState.COMPLETED, {"id": "x", "port": 7860}, NOW + 1)
    other = apply(store).build
    cancelled = store.builds.cancel(other.id, now=NOW + 2)
    assert cancelled is not None
    assert (cancelled.state, cancelled.finished_at) == (BuildState.CANCELLED, NOW + 2)
    assert store.builds.get(other.id) == cancelled


def test_a_report_ends_only_what_is_still_open(store: Store) -> None:
    applied = apply(store)
    uid, holder = applied.playground.metadata.uid, claim(store)
    store.builds.cancel(applied.build.id, now=NOW)
    late = BuildResult(id=applied.build.id, state=BuildState.COMPLETED, result={})
    assert store.work.report(holder, uid, report(builds=(late,)), now=NOW + 1)
    build = store.builds.get(applied.build.id)
    assert build is not None
    assert build.state is BuildState.CANCELLED


def test_a_report_ends_only_builds_of_its_own_playground(store: Store) -> None:
    mine, other = apply(store, model=1), apply(store, model=2)
    foreign = BuildResult(id=other.build.id, state=BuildState.FAILED, error="no")
    assert store.work.report(claim(store), mine.playground.metadata.uid, report(builds=(foreign,)), now=NOW)
    assert store.builds.get(other.build.id) == other.build


def test_who_is_not_waited_for_any_more_is_stopped_unless_it_has_a_container(store: Store) -> None:
    one, two = apply(store), apply(store)
    uid = one.playground.metadata.uid
    store.builds.cancel(one.build.id, now=NOW)
    waited_for = store.playgrounds.stop_unawaited(uid, now=NOW)
    assert waited_for is not None
    assert waited_for.spec.state is DesiredRunState.RUNNING, "somebody else waits"
    store.builds.cancel(two.build.id, now=NOW)
    version, _ = store.work.changed_since(0)
    stopped = store.playgrounds.stop_unawaited(uid, now=NOW + 1)
    assert stopped is not None
    assert (stopped.spec.state, stopped.metadata.generation) == (DesiredRunState.STOPPED, 2)
    assert store.work.changed_since(version)[1] == (uid,), "the controller hears of it"
    again = apply(store)
    assert (again.outcome, again.playground.spec.state) == ("configured", DesiredRunState.RUNNING)
    has_container = PlaygroundStatus(container_id="c" * 64)
    assert store.work.report(claim(store), uid, Report(status=has_container), now=NOW + 2)
    store.builds.cancel(again.build.id, now=NOW + 3)
    serving = store.playgrounds.stop_unawaited(uid, now=NOW + 3)
    assert serving is not None
    assert serving.spec.state is DesiredRunState.RUNNING
    assert store.playgrounds.stop_unawaited("none", now=NOW) is None
