"""Finding playgrounds, and what is left of removed ones."""

import pytest

from api.resources.playground import Playground
from api.store import Store
from tests.store.builders import CONTAINER_ID, NOW, apply, claim, serve


@pytest.fixture
def playground(store: Store) -> Playground:
    uid = apply(store, "other@2", model=7).playground.metadata.uid
    serve(store, uid, claim(store), container_id="f" * 64, container_name="other")
    uid = apply(store, name="mine").playground.metadata.uid
    serve(store, uid, claim(store))
    found = store.playgrounds.get(uid)
    assert found is not None
    return found


def test_every_word_that_names_it_finds_it(store: Store, playground: Playground) -> None:
    metadata = playground.metadata
    words: list[int | str] = [metadata.id, str(metadata.id), metadata.uid, metadata.name, "hello-1-0-0-abc"]
    words += [CONTAINER_ID, CONTAINER_ID[:12], CONTAINER_ID[:40], CONTAINER_ID.upper()]
    for word in words:
        assert store.playgrounds.get(word) == playground, word


@pytest.mark.parametrize(
    "word",
    [
        99,
        -1,
        2**80,
        "99",
        "9" * 12,
        "",
        "nobody",
        CONTAINER_ID[:11],
        CONTAINER_ID + "0",
        "a\x00b",
        "a\udc80b",
        "%",
        "_" * 12,
    ],
)
def test_a_word_that_names_nothing_finds_nothing(store: Store, playground: Playground, word: int | str) -> None:
    assert store.playgrounds.get(word) is None
    assert store.playgrounds.tombstone(word) is None


def test_a_living_one_comes_before_a_finalizing_one(store: Store) -> None:
    old = apply(store).playground.metadata
    store.playgrounds.request_deletion(old.uid, now=NOW)
    found = store.playgrounds.get(old.name)
    assert found is not None
    assert found.metadata.uid == old.uid
    new = apply(store).playground
    assert store.playgrounds.get(old.name) == new
    by_uid = store.playgrounds.get(old.uid)
    assert by_uid is not None
    assert by_uid.metadata.deletion_requested_at == NOW


def test_what_was_removed_leaves_a_tombstone(store: Store, playground: Playground) -> None:
    metadata = playground.metadata
    assert store.playgrounds.tombstone(metadata.uid) is None
    store.playgrounds.request_deletion(metadata.uid, now=NOW)
    assert store.work.remove(claim(store), metadata.uid, now=NOW + 1)
    for word in (metadata.id, str(metadata.id), metadata.uid, "mine", CONTAINER_ID[:12], "hello-1-0-0-abc"):
        assert store.playgrounds.get(word) is None
        left = store.playgrounds.tombstone(word)
        assert left is not None, word
        assert (left.uid, left.name, left.record_id, left.deleted_at) == (metadata.uid, "mine", metadata.id, NOW + 1)


def test_a_record_id_is_never_given_out_again(store: Store, playground: Playground) -> None:
    store.playgrounds.request_deletion(playground.metadata.uid, now=NOW)
    store.work.remove(claim(store), playground.metadata.uid, now=NOW)
    assert apply(store).playground.metadata.id > playground.metadata.id


def test_of_several_tombstones_the_newest_answers(store: Store) -> None:
    holder = claim(store)
    for number in range(2):
        uid = apply(store).playground.metadata.uid
        store.playgrounds.request_deletion(uid, now=NOW)
        store.work.remove(holder, uid, now=NOW + number)
    left = store.playgrounds.tombstone("hello-1-0-0")
    assert left is not None
    assert left.deleted_at == NOW + 1
