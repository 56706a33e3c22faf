"""Stop, start, restart, delete: changes of what is wanted."""

import pytest

from api.resources.build import BuildState
from api.resources.playground import DesiredRunState, Playground
from api.store import Store
from tests.store.builders import NOW, apply


@pytest.fixture
def uid(store: Store) -> str:
    return apply(store).playground.metadata.uid


def _there(playground: Playground | None) -> Playground:
    assert playground is not None
    return playground


def _build_states(store: Store) -> list[BuildState]:
    with_builds = store.work.load_all()
    return [build.state for desired in with_builds for build in desired.open_builds]


def test_stopping_is_a_new_generation_and_ends_the_open_builds(store: Store, uid: str) -> None:
    stopped = _there(store.playgrounds.set_run_state(uid, DesiredRunState.STOPPED, now=NOW + 1))
    assert stopped.spec.state is DesiredRunState.STOPPED
    assert stopped.metadata.generation == 2
    assert stopped.metadata.updated_at == NOW + 1
    assert _build_states(store) == []


def test_the_state_it_has_changes_nothing(store: Store, uid: str) -> None:
    before = _there(store.playgrounds.get(uid))
    version, _ = store.work.changed_since(0)
    assert store.playgrounds.set_run_state(uid, DesiredRunState.RUNNING, now=NOW + 1) == before
    assert store.work.changed_since(0)[0] == version


def test_a_restart_is_a_time_and_no_new_generation(store: Store, uid: str) -> None:
    restarted = _there(store.playgrounds.request_restart(uid, now=NOW + 1))
    assert restarted.metadata.restart_requested_at == NOW + 1
    assert restarted.metadata.generation == 1
    assert _build_states(store) == [BuildState.PENDING]


def test_a_deletion_is_asked_for_once_and_ends_the_open_builds(store: Store, uid: str) -> None:
    asked = _there(store.playgrounds.request_deletion(uid, now=NOW + 1))
    assert asked.metadata.deletion_requested_at == NOW + 1
    assert _build_states(store) == []
    assert store.playgrounds.request_deletion(uid, now=NOW + 9) == asked


def test_a_finalizing_playground_is_not_changed_any_more(store: Store, uid: str) -> None:
    finalizing = store.playgrounds.request_deletion(uid, now=NOW)
    assert store.playgrounds.set_run_state(uid, DesiredRunState.STOPPED, now=NOW) == finalizing
    assert store.playgrounds.request_restart(uid, now=NOW) == finalizing


def test_of_nobody_nothing_can_be_wanted(store: Store) -> None:
    assert store.playgrounds.set_run_state("nobody", DesiredRunState.STOPPED, now=NOW) is None
    assert store.playgrounds.request_restart("nobody", now=NOW) is None
    assert store.playgrounds.request_deletion("nobody", now=NOW) is None
