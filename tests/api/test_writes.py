"""Writes from the event loop: grouped, answered after the commit, and none hurts another."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from api.http.writes import Writes
from api.resources.listing import PlaygroundFilters
from api.resources.wanted import Applied
from api.store import NameTaken, Store, StoreUnavailable
from api.store.database import Transaction
from api.store.group_commit import GroupCommit, GroupLost
from tests.api.conftest import Api
from tests.store.builders import NOW, wanted


class Counting:
    """A group commit that is watched."""

    def __init__(self, store: Store) -> None:
        made = store.group_commit()
        assert made is not None
        self.group: GroupCommit = made
        self.commits = 0
        self.may_commit = threading.Event()
        self.may_commit.set()
        commit = made.commit

        def counted() -> bool:
            assert self.may_commit.wait(30)
            self.commits += 1
            return commit()

        self.group.commit = counted  # type: ignore[method-assign]  # watched, as the loop calls it


@pytest.fixture
def counting(api: Api) -> Counting:
    return Counting(api.store)


def count(store: Store) -> int:
    return store.playgrounds.list(PlaygroundFilters(), page=1, page_size=1).count


async def _all(writes: Writes, store: Store, releases: list[tuple[str, str | None]]) -> list[Applied | BaseException]:
    works = [store.playgrounds.applying(wanted(release, name=name), now=NOW) for release, name in releases]
    return await asyncio.gather(*(writes.write(work, as_it_is) for work in works), return_exceptions=True)


def as_it_is(applied: Applied) -> Applied:
    return applied


def test_what_comes_together_is_one_commit(api: Api, counting: Counting) -> None:
    writes = Writes(counting.group, api.store.write)
    told = asyncio.run(_all(writes, api.store, [(f"plugin@{number}", None) for number in range(70)]))
    assert all(isinstance(each, Applied) for each in told), told
    assert count(api.store) == 70
    assert counting.commits == 3
    versions = [each.playground.metadata.resource_version for each in told if isinstance(each, Applied)]
    assert versions == list(range(1, 71)), "in the order in which they came"


def test_some_that_fail_hurt_no_other(api: Api, counting: Counting) -> None:
    writes = Writes(counting.group, api.store.write)
    asked = [(f"plugin@{number}", "mine" if number % 5 == 0 else None) for number in range(20)]
    told = asyncio.run(_all(writes, api.store, asked))
    assert [type(each) for each in told if not isinstance(each, Applied)] == [NameTaken] * 3
    assert count(api.store) == 17
    assert isinstance(told[0], Applied), "the first one got the name"


def test_nobody_is_told_before_the_commit(api: Api, counting: Counting) -> None:
    writes = Writes(counting.group, api.store.write)
    counting.may_commit.clear()

    async def run() -> None:
        asked = [("plugin@1", None), ("plugin@2", "mine"), ("plugin@3", "mine")]
        telling = asyncio.create_task(_all(writes, api.store, asked))
        done, _ = await asyncio.wait([telling], timeout=0.3)
        assert not done
        assert count(api.store) == 0
        counting.may_commit.set()
        assert [type(each) for each in await telling] == [Applied, Applied, NameTaken]

    asyncio.run(run())


def test_a_group_that_is_lost_twice_is_written_one_by_one(
    api: Api, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = Writes(counting.group, api.store.write)
    run = counting.group.run

    def lose(work: Callable[[Transaction], object], *, carefully: bool) -> object:
        result = run(work, carefully=carefully)
        if isinstance(result, Applied) and result.playground.spec.plugin_release == "plugin@2":
            counting.group.abandon()
            raise GroupLost(StoreUnavailable("full"))
        return result

    monkeypatch.setattr(counting.group, "run", lose)
    told = asyncio.run(_all(writes, api.store, [(f"plugin@{number}", None) for number in range(5)]))
    assert [type(each) for each in told] == [Applied, Applied, StoreUnavailable, Applied, Applied]
    assert count(api.store) == 4


def test_records_that_can_not_be_written_are_told_to_all_who_wait(
    api: Api, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes = Writes(counting.group, api.store.write)

    def refuse() -> bool:
        raise StoreUnavailable("no")

    monkeypatch.setattr(counting.group, "try_begin", refuse)
    told = asyncio.run(_all(writes, api.store, [("plugin@1", None), ("plugin@2", None)]))
    assert [type(each) for each in told] == [StoreUnavailable] * 2
    monkeypatch.undo()
    assert isinstance(asyncio.run(_all(writes, api.store, [("plugin@3", None)]))[0], Applied)


def test_a_crash_of_a_work_is_that_works_own(api: Api, counting: Counting) -> None:
    writes = Writes(counting.group, api.store.write)

    def crash(_transaction: Transaction) -> Applied:
        raise ZeroDivisionError

    async def run() -> list[object]:
        good = api.store.playgrounds.applying(wanted(), now=NOW)
        told = (writes.write(crash, as_it_is), writes.write(good, as_it_is))
        return list(await asyncio.gather(*told, return_exceptions=True))

    assert [type(each) for each in asyncio.run(run())] == [ZeroDivisionError, Applied]


def test_threads_of_the_process_write_in_between(api: Api, counting: Counting) -> None:
    writes = Writes(counting.group, api.store.write)

    async def run() -> None:
        for number in range(10):
            in_thread = asyncio.to_thread(api.store.playgrounds.apply, wanted(f"thread@{number}"), now=NOW)
            results = await asyncio.gather(in_thread, _all(writes, api.store, [(f"loop@{number}", None)]))
            assert isinstance(results[1][0], Applied)

    asyncio.run(run())
    assert count(api.store) == 20
    assert api.store.journal.version() == 20


def test_a_reply_is_ready_before_the_commit_and_told_after_it(api: Api, counting: Counting) -> None:
    writes = Writes(counting.group, api.store.write)
    ready, committed = asyncio.Event(), threading.Event()
    commit = counting.group.commit

    def once_it_is_ready() -> bool:
        due = commit()
        committed.set()
        return due

    def then(applied: Applied) -> str:
        ready.set()
        return f"{applied.outcome} {committed.is_set()}"

    async def run() -> str:
        counting.may_commit.clear()
        telling = asyncio.create_task(writes.write(api.store.playgrounds.applying(wanted(), now=NOW), then))
        await asyncio.wait_for(ready.wait(), 30)
        assert not telling.done()
        counting.may_commit.set()
        return await telling

    counting.group.commit = once_it_is_ready  # type: ignore[method-assign]  # watched, as the loop calls it
    assert asyncio.run(run()) == "created False"
    assert committed.is_set()


def test_a_reply_that_crashes_is_that_ones_own_and_its_write_is_done(api: Api, counting: Counting) -> None:
    writes = Writes(counting.group, api.store.write)

    def crash(_applied: Applied) -> Applied:
        raise ZeroDivisionError

    async def run() -> list[object]:
        works = [api.store.playgrounds.applying(wanted(model=model), now=NOW) for model in (1, 2)]
        told = (writes.write(works[0], crash), writes.write(works[1], as_it_is))
        return list(await asyncio.gather(*told, return_exceptions=True))

    assert [type(each) for each in asyncio.run(run())] == [ZeroDivisionError, Applied]
    assert count(api.store) == 2
