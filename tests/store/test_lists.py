"""Pages and filters."""

from typing import Any

import pytest

from api.resources.conditions import Reason
from api.resources.identity import Kind
from api.resources.listing import PlaygroundFilters
from api.resources.phase import Phase
from api.store import Store
from tests.store.builders import NOW, apply, claim, report, source, status


@pytest.fixture
def filled(store: Store) -> Store:
    holder = claim(store)
    for model in range(5):
        labels = {"gradio": "", "team": "vision" if model % 2 else "text"}
        uid = apply(store, model=model, labels=labels).playground.metadata.uid
        if model < 2:
            reason = Reason.SERVING if model else Reason.CONTAINER_EXITED
            store.work.report(holder, uid, report(of=status(reason)), now=NOW)
    apply(store, "other@2.0.0", kind=Kind.CODE_SERVER)
    return store


def models(store: Store, *, page: int = 1, page_size: int = 100, **filters: Any) -> tuple[int, list[int | None]]:
    found = store.playgrounds.list(PlaygroundFilters(**filters), page=page, page_size=page_size)
    return found.count, [playground.spec.model for playground in found.items]


def test_pages_follow_the_record_ids(filled: Store) -> None:
    assert models(filled) == (6, [0, 1, 2, 3, 4, None])
    assert models(filled, page=1, page_size=2) == (6, [0, 1])
    assert models(filled, page=3, page_size=2) == (6, [4, None])
    assert models(filled, page=4, page_size=2) == (6, [])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"plugin_release": "hello@1.0.0"}, [0, 1, 2, 3, 4]),
        ({"plugin_release": "hello"}, []),
        ({"model": 0}, [0]),
        ({"model": 2**70}, []),
        ({"kind": Kind.CODE_SERVER}, [None]),
        ({"labels": ("gradio",)}, [0, 1, 2, 3, 4]),
        ({"labels": ("team=vision",)}, [1, 3]),
        ({"labels": ("gradio", "team=text")}, [0, 2, 4]),
        ({"labels": ("gradio=",)}, [0, 1, 2, 3, 4]),
        ({"labels": ("team=",)}, []),
        ({"status": Phase.RUNNING}, [1]),
        ({"status": Phase.FAILED}, [0]),
        ({"status": Phase.REQUESTED}, [2, 3, 4, None]),
        ({"status": Phase.REQUESTED, "labels": ("team=text",), "model": 4}, [4]),
        ({"status": Phase.DELETED}, []),
    ],
)
def test_filters_must_all_hold(filled: Store, filters: dict[str, Any], expected: list[int | None]) -> None:
    assert models(filled, **filters) == (len(expected), expected)


def test_filters_that_are_computed_page_as_well(filled: Store) -> None:
    assert models(filled, status=Phase.REQUESTED, page=2, page_size=3) == (4, [None])


def test_a_listed_playground_carries_its_port(filled: Store) -> None:
    uid = filled.work.keys()[0]
    port = filled.ports.reserve(claim(filled), uid, address="127.0.0.1", candidates=range(7, 9), avoid=(), now=NOW)
    found = filled.playgrounds.list(PlaygroundFilters(), page=1, page_size=1)
    assert found.items[0].host_port == port == 7


def test_releases_page_too(store: Store) -> None:
    for number in range(3):
        store.releases.put("hello", f"{number}", "Hello", source(), {}, 10, now=NOW)
    found = store.releases.list(page=2, page_size=2)
    assert found.count == 3
    assert [release.plugin_release for release in found.items] == ["hello@2"]
