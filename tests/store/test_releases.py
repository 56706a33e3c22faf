"""Plugin releases."""

import pytest

from api.resources.release import ReleaseChange
from api.store import ReleaseInUse, Store
from tests.store.builders import NOW, apply, claim, source


def test_a_release_is_found_by_id_and_by_code_and_version(store: Store) -> None:
    release = store.releases.put("a@b", "1.0", "A", source(), {"actions": {"gradio": {}}}, 123, now=NOW)
    assert release.plugin_release == "a@b@1.0"
    for lookup in (release.id, str(release.id), "a@b@1.0"):
        assert store.releases.get(lookup) == release
    for lookup in (99, 2**70, "99", "a@b", "a\x00b", "a\udc80", "", "x@1"):
        assert store.releases.get(lookup) is None


def test_uploaded_again_it_keeps_its_id_and_stands_for_the_new_content(store: Store) -> None:
    first = store.releases.put("hello", "1", "Hello", source("sha256:a"), {}, 1, now=NOW)
    again = store.releases.put("hello", "1", "Hello!", source("sha256:b"), {"x": 1}, 2, now=NOW + 1)
    assert (again.id, again.created_at, again.updated_at) == (first.id, NOW, NOW + 1)
    assert (again.name, again.source.digest, again.config, again.size) == ("Hello!", "sha256:b", {"x": 1}, 2)
    assert store.releases.list(page=1, page_size=9).count == 1


def test_a_release_in_use_cannot_be_deleted(store: Store) -> None:
    release = store.releases.put("hello", "1.0.0", "Hello", source(), {}, 1, now=NOW)
    uid = apply(store, "hello@1.0.0").playground.metadata.uid
    with pytest.raises(ReleaseInUse, match="hello-1-0-0") as refused:
        store.releases.delete(release.id)
    assert refused.value.names == ("hello-1-0-0",)
    store.playgrounds.request_deletion(uid, now=NOW)
    with pytest.raises(ReleaseInUse):
        store.releases.delete("hello@1.0.0")
    store.work.remove(claim(store), uid, now=NOW)
    assert store.releases.delete("hello@1.0.0")
    assert not store.releases.delete("hello@1.0.0")
    assert not store.releases.delete(99)


def test_archives_of_releases_and_of_playgrounds_are_in_use(store: Store) -> None:
    assert store.releases.digests_in_use() == frozenset()
    store.releases.put("hello", "1.0.0", "Hello", source("sha256:new"), {}, 1, now=NOW)
    apply(store, plugin=source("sha256:old"))
    apply(store, "image@1", image="nginx")
    assert store.releases.digests_in_use() == {"sha256:new", "sha256:old"}


def test_a_change_can_be_taken_back_as_long_as_nobody_relies_on_it(store: Store) -> None:
    def change(digest: str, at: float) -> ReleaseChange:
        return store.releases.change("hello", "1", digest, source(digest), {"from": digest}, 1, now=at)

    first = change("sha256:a", NOW)
    assert first.before is None
    second = change("sha256:b", NOW + 1)
    assert second.before == first.after
    assert not store.releases.take_back(first), "it was changed since"
    assert store.releases.take_back(second)
    assert store.releases.get("hello@1") == first.after
    assert not store.releases.take_back(second), "once"
    uid = apply(store, "hello@1").playground.metadata.uid
    assert not store.releases.take_back(first), "a playground is of it"
    store.playgrounds.request_deletion(uid, now=NOW)
    assert not store.releases.take_back(first), "also one that is finalizing"
    store.work.remove(claim(store), uid, now=NOW)
    assert store.releases.take_back(first)
    assert store.releases.get("hello@1") is None
    assert not store.releases.take_back(first)
