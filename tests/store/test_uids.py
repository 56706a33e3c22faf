"""Uids and the ids of builds count with the writes, so that what is written at a time lies side by side."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.clock import uid_of_write
from api.resources.playground import PlaygroundSpec
from api.resources.wanted import WantedPlayground
from api.store import Store
from tests.store.builders import NOW, apply


def test_what_is_made_later_sorts_later(store: Store) -> None:
    applied = [apply(store, model=model) for model in range(20)]
    uids = [each.playground.metadata.uid for each in applied]
    builds = [each.build.id for each in applied]
    assert uids == sorted(set(uids))
    assert builds == sorted(set(builds))
    assert all(re.fullmatch(r"[0-9a-f]{12}", uid) for uid in uids)


def test_the_one_that_was_removed_is_not_met_again(store: Store) -> None:
    first = apply(store).playground.metadata.uid
    store.playgrounds.request_deletion(first, now=NOW)
    again = store.playgrounds.apply(WantedPlayground(spec=PlaygroundSpec(plugin_release="hello@1.0.0")), now=NOW)
    assert again.playground.metadata.uid > first


@given(st.integers(0, 2**63 - 1))
def test_a_count_that_begins_anew_is_as_long(version: int) -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", uid_of_write(version))
    assert uid_of_write(version)[:6] == uid_of_write(version + 2**24)[:6]


@pytest.mark.parametrize("version", [1, 2**24 + 1])
def test_where_the_count_is_the_same_the_rest_tells_them_apart(version: int) -> None:
    assert len({uid_of_write(version) for _ in range(100)}) > 90
