"""What becomes of a request for a playground."""

import pytest

from api.resources.build import BuildState
from api.resources.identity import Kind
from api.resources.playground import DesiredRunState
from api.store import NameTaken, Store, ValueRefused
from tests.store.builders import CONTAINER_ID, NOW, apply, claim, serve, source


def test_a_new_identity_is_created(store: Store) -> None:
    applied = apply(store, "hello@1.0.0", labels={"team": "vision"}, annotations={"by": "me"}, params={"size": 5})
    metadata = applied.playground.metadata
    assert applied.outcome == "created"
    assert (metadata.name, metadata.generation, metadata.created_at) == ("hello-1-0-0", 1, NOW)
    assert metadata.labels == {"team": "vision"}
    assert metadata.annotations == {"by": "me"}
    assert metadata.resource_version == 1
    assert applied.build.state is BuildState.PENDING
    assert (applied.build.playground_uid, applied.build.generation) == (metadata.uid, 1)
    assert not applied.build.restarted
    assert store.playgrounds.get(metadata.uid) == applied.playground
    assert store.builds.get(applied.build.id) == applied.build


def test_the_same_again_is_a_restart_and_no_new_generation(store: Store) -> None:
    first = apply(store)
    again = apply(store, now=NOW + 5)
    assert again.outcome == "restarted"
    assert again.playground.metadata.id == first.playground.metadata.id
    assert again.playground.metadata.generation == 1
    assert again.playground.metadata.restart_requested_at == NOW + 5
    assert again.playground.metadata.resource_version > first.playground.metadata.resource_version
    assert not again.build.restarted, "no container was there yet"
    assert {build.id for build in store.work.load_all()[0].open_builds} == {first.build.id, again.build.id}


def test_the_same_again_met_a_container(store: Store) -> None:
    first = apply(store)
    serve(store, first.playground.metadata.uid, claim(store))
    assert apply(store).build.restarted


def test_another_content_is_a_new_generation_and_supersedes_older_builds(store: Store) -> None:
    first = apply(store, plugin=source("sha256:a"))
    serve(store, first.playground.metadata.uid, claim(store))
    changed = apply(store, plugin=source("sha256:b"), now=NOW + 5)
    assert changed.outcome == "configured"
    assert changed.playground.metadata.uid == first.playground.metadata.uid
    assert changed.playground.metadata.generation == 2
    assert changed.playground.metadata.restart_requested_at is None
    assert changed.build.generation == 2
    assert not changed.build.restarted, "its content differs: the container is replaced"
    superseded = store.builds.get(first.build.id)
    assert superseded is not None
    assert superseded.state is BuildState.CANCELLED
    assert superseded.finished_at == NOW + 5
    assert "newer request" in str(superseded.error)


def test_asked_for_again_after_a_stop_it_is_to_run_with_the_container_it_has(store: Store) -> None:
    uid = apply(store).playground.metadata.uid
    serve(store, uid, claim(store))
    store.playgrounds.set_run_state(uid, DesiredRunState.STOPPED, now=NOW)
    again = apply(store)
    assert again.outcome == "configured"
    assert again.playground.spec.state is DesiredRunState.RUNNING
    assert again.playground.metadata.generation == 3
    assert again.build.restarted


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), ("1", 1), (None, {}), ({"a": 1}, {"a": 2})])
def test_parameters_that_python_takes_for_equal_differ(store: Store, before: object, after: object) -> None:
    apply(store, params={"x": before})
    assert apply(store, params={"x": after}).outcome == "configured"


def test_the_order_of_parameters_makes_no_difference(store: Store) -> None:
    apply(store, params={"a": 1, "b": 2})
    assert apply(store, params={"b": 2, "a": 1}).outcome == "restarted"


def test_what_is_not_given_stays(store: Store) -> None:
    apply(store, labels={"a": ""}, annotations={"b": [1]}, backend_container_id="c")
    metadata = apply(store).playground.metadata
    assert (metadata.labels, metadata.annotations, metadata.backend_container_id) == ({"a": ""}, {"b": [1]}, "c")
    metadata = apply(store, labels={}, annotations={}, backend_container_id="d").playground.metadata
    assert (metadata.labels, metadata.annotations, metadata.backend_container_id) == ({}, {}, "d")


def test_identities_are_kind_release_and_model_or_none(store: Store) -> None:
    uids = {
        apply(store, "hello@1.0.0", model=model, kind=kind).playground.metadata.uid
        for model in (None, 0, 1)
        for kind in Kind
    }
    assert len(uids) == 6
    assert len({playground.playground.metadata.name for playground in store.work.load_all()}) == 6


def test_beside_a_finalizing_one_a_new_one_is_created_with_the_same_name(store: Store) -> None:
    old = apply(store).playground.metadata
    store.playgrounds.request_deletion(old.uid, now=NOW)
    new = apply(store)
    assert new.outcome == "created"
    assert new.playground.metadata.name == old.name
    assert new.playground.metadata.uid != old.uid
    assert store.work.keys() == (old.uid, new.playground.metadata.uid)


def test_default_names_that_clash_get_a_number(store: Store) -> None:
    apply(store, "other@1.0.0", name="hello-1-0-0")
    apply(store, "another@1.0.0", name="hello-1-0-0-2")
    assert apply(store, "hello@1.0.0").playground.metadata.name == "hello-1-0-0-3"


def test_a_given_name_that_is_taken_is_refused_and_nothing_is_recorded(store: Store) -> None:
    apply(store, "hello@1.0.0")
    with pytest.raises(NameTaken, match="hello-1-0-0"):
        apply(store, "other@1.0.0", name="hello-1-0-0")
    assert len(store.work.keys()) == 1


def test_the_name_given_at_first_stays(store: Store) -> None:
    apply(store, name="mine")
    assert apply(store, name="yours").playground.metadata.name == "mine"


def test_a_number_beyond_64_bits_is_refused(store: Store) -> None:
    with pytest.raises(ValueRefused):
        apply(store, model=2**70)
    with pytest.raises(ValueRefused):
        apply(store, params={"x": 2**70})
    assert store.work.keys() == ()


def test_a_status_survives_the_same_request(store: Store) -> None:
    uid = apply(store).playground.metadata.uid
    serve(store, uid, claim(store))
    assert apply(store).playground.status.container_id == CONTAINER_ID


def test_the_journal_has_a_new_playground_as_it_is(store: Store) -> None:
    applied = apply(store, params={"a": [1, None, {"b": 0.5}]}, labels={"team": "vision"}, annotations={"x": {"y": 1}})
    (change,) = store.journal.since(0, limit=10).items
    assert change.playground == applied.playground == store.playgrounds.get(applied.playground.metadata.uid)
