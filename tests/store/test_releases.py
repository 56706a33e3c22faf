"""Plugin releases."""

import pytest

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
