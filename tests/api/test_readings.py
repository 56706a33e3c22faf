"""What is kept ready to be sent is always what the records say: whoever wrote, whatever happened in between."""

import asyncio
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.http import readings as readings_module
from api.http.lookups import is_number
from api.http.readings import Readings
from api.resources.agent_view import container_detail, container_view
from api.resources.declared import manifest_view
from api.resources.desired import Claim
from api.resources.listing import PlaygroundFilters
from api.resources.playground import DesiredRunState, Playground
from api.store import NameTaken, Store, StoreUnavailable, glance
from tests.api.conftest import Api
from tests.store.builders import NOW, RANGE, apply, claim, report, source, status

_WORDS = ("hello-1-0-0", "hello-1-0-0-2", "same", "shared-name", "0" * 12, "ab" * 6, "abcdef" * 10, "7", "nobody")
_CONTAINER_IDS = ("0" * 12 + "f" * 52, "ab" * 32, "abcdef" * 10 + "abcd")


class World:
    """A store as another process has it, and the readings of this one."""

    def __init__(self, path: Path) -> None:
        self.store, self.own = Store.open(f"sqlite:///{path}"), Store.open(f"sqlite:///{path}")
        found = self.own.glance()
        assert found is not None
        self.readings = Readings(found)
        self.claim: Claim = claim(self.store)
        self.reads = 0

    def close(self) -> None:
        self.own.close()
        self.store.close()

    async def read(self, uids: Sequence[str]) -> tuple[int, tuple[Playground, ...]]:
        """`Playgrounds.some`, without the thread."""
        self.reads += 1
        return self.own.playgrounds.some(uids)

    def check(self) -> None:
        """Every answer is the one of a direct read."""
        store = self.store
        everybody = store.playgrounds.list(PlaygroundFilters(), page=1, page_size=1000).items
        words = {str(each.metadata.id) for each in everybody} | {each.metadata.uid for each in everybody}
        for word in sorted(words | set(_WORDS)):
            found = (store.playgrounds.get(int(word)) if is_number(word) else None) or store.playgrounds.get(word)
            ready = self.readings.detail(word)
            assert (ready.body if ready else None) == (orjson.dumps(container_detail(found)) if found else None), word
            declared, named = store.declared.get(word), self.readings.named(word)
            assert (named.body if named else None) == (orjson.dumps(manifest_view(declared)) if declared else None)
            assert named is None or declared is None or named.version == declared.metadata.resource_version
        page = asyncio.run(self.readings.page("view", self.read, offset=0, size=1000))
        assert page is not None
        assert page.bodies == [orjson.dumps(container_view(each)) for each in everybody]
        assert (page.count, page.remaining, page.version) == (len(everybody), 0, store.journal.version())


@pytest.fixture
def world(tmp_path: Path, migrated: Path) -> Iterator[World]:
    shutil.copyfile(migrated, tmp_path / "records.db")
    made = World(tmp_path / "records.db")
    yield made
    made.close()


def _act(world: World, number: int, dice: random.Random) -> None:
    """One write of a kind, on a playground that the dice choose."""
    store, holder = world.store, world.claim
    living = [each.metadata.uid for each in store.playgrounds.list(PlaygroundFilters(), page=1, page_size=1000).items]
    if number == 0 or not living:
        release = dice.choice(["hello@1.0.0", "hello-1@0.0", "same@1"])
        name = dice.choice([None, None, "same", "7"])
        with suppress(NameTaken):
            apply(store, release, model=dice.choice([None, 1, 2]), name=name)
        return
    uid = dice.choice(living)
    match number:
        case 1:
            store.playgrounds.request_deletion(uid, now=NOW)
        case 2:
            store.work.remove(holder, uid, now=NOW)
        case 3:
            seen = status(container_id=dice.choice(_CONTAINER_IDS), container_name=dice.choice(["shared-name", "same"]))
            store.work.report(holder, uid, report(of=seen), now=NOW)
        case 4:
            store.ports.reserve(holder, uid, address="127.0.0.1", candidates=RANGE, avoid=(), now=NOW)
        case 5:
            store.ports.release(holder, uid)
        case 6:
            store.playgrounds.set_run_state(uid, dice.choice(list(DesiredRunState)), now=NOW)
        case 7:
            store.playgrounds.request_restart(uid, now=NOW)
        case 8:
            times = {"tombstones_before": NOW, "events_before": NOW, "builds_before": NOW}
            store.work.prune(holder, **times, now=NOW, journal_before=NOW + 1)
        case _:
            store.leases.renew(holder, "controller", ttl=15, now=NOW)


@given(acts=st.lists(st.integers(0, 9), min_size=1, max_size=25), seed=st.integers(0, 10**6))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_writes_they_are_what_a_direct_read_is(
    acts: list[int], seed: int, tmp_path_factory: pytest.TempPathFactory, migrated: Path
) -> None:
    path = tmp_path_factory.mktemp("world") / "records.db"
    shutil.copyfile(migrated, path)
    world, dice = World(path), random.Random(seed)
    try:
        for number in acts:
            _act(world, number, dice)
            if dice.random() < 0.7:
                world.check()
        world.check()
    finally:
        world.close()


def test_nothing_is_read_twice_while_nothing_is_written(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for model in range(20):
        apply(world.store, model=model)
    world.check()
    assert world.reads == 1, "twenty that are not kept yet are one read"
    monkeypatch.setattr(glance.Glance, "_read", None)
    monkeypatch.setattr(glance.Glance, "_since", None)
    world.store.close()
    page = asyncio.run(world.readings.page("view", world.read, offset=5, size=10))
    assert page is not None
    assert (len(page.bodies), page.count, page.remaining, world.reads) == (10, 20, 5, 1)
    assert world.readings.detail("4") is not None


def test_another_process_writes(client: TestClient, api: Api) -> None:
    uid = apply(api.store).playground.metadata.uid
    assert client.get(f"/containers/{uid}/").json()["status"] == "requested"
    assert client.get("/containers/").json()["count"] == 1
    code = (
        "import sys; from tests.store.builders import *\n"
        "store = Store.open(sys.argv[1]); apply(store, 'other@1'); serve(store, sys.argv[2], claim(store))"
    )
    subprocess.run([sys.executable, "-c", code, api.deps.settings.resolved_database_url, uid], check=True)
    assert client.get(f"/containers/{uid}/").json()["status"] == "running"
    assert [each["status"] for each in client.get("/containers/").json()["results"]] == ["running", "requested"]
    assert client.get("/v1/playgrounds/hello-1-0-0").json()["status"]["phase"] == "running"


def test_a_database_that_was_restored_is_read_anew(world: World, tmp_path: Path) -> None:
    first, second = apply(world.store, model=1), apply(world.store, model=2)
    world.check()
    with sqlite3.connect(tmp_path / "copy.db") as copy, sqlite3.connect(tmp_path / "records.db") as live:
        live.backup(copy)
        for uid in (first.playground.metadata.uid, second.playground.metadata.uid):
            world.store.playgrounds.request_deletion(uid, now=NOW)
            world.store.work.remove(world.claim, uid, now=NOW)
        apply(world.store, model=3)
        world.check()
        copy.backup(live)
    for model in range(4, 12):  # as many versions as there were, and more: numbers alone would not tell
        apply(world.store, model=model)
    world.check()
    copy.close()
    live.close()


def test_of_very_many_changes_only_that_they_are_many_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glance, "MOST_CHANGES", 3)
    for model in range(3):
        apply(world.store, model=model)
    world.check()
    for model in range(3, 9):
        apply(world.store, model=model)
    world.check()


def test_what_is_changed_while_a_page_is_read_is_not_kept_as_it_was(world: World) -> None:
    applied = [apply(world.store, model=model).playground.metadata.uid for model in range(12)]
    times = 0

    async def read(uids: Sequence[str]) -> tuple[int, tuple[Playground, ...]]:
        nonlocal times
        times += 1
        found = await world.read(uids)
        world.store.playgrounds.request_deletion(applied[times], now=NOW)
        return found

    page = asyncio.run(world.readings.page("view", read, offset=0, size=100))
    assert page is not None
    assert [orjson.loads(body)["status"] for body in page.bodies].count("deleting") == times == 1
    world.check()


def test_many_who_ask_for_a_new_page_are_one_read(world: World) -> None:
    for model in range(12):
        apply(world.store, model=model)

    async def all_at_once() -> list[object]:
        pages = (world.readings.page("view", world.read, offset=0, size=100) for _ in range(10))
        return list(await asyncio.gather(*pages))

    assert None not in asyncio.run(all_at_once())
    assert world.reads == 1


def test_records_that_do_not_answer_are_asked_in_the_usual_way(
    client: TestClient, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    uid = apply(api.store).playground.metadata.uid

    def fail(_self: object) -> None:
        raise StoreUnavailable("locked")

    monkeypatch.setattr(glance.Glance, "news", fail)
    assert client.get(f"/containers/{uid}/").json()["uid"] == uid
    assert client.get("/containers/").json()["count"] == 1
    assert client.get("/v1/playgrounds/hello-1-0-0").json()["metadata"]["uid"] == uid
    assert client.get("/v1/playgrounds").json()["items"][0]["metadata"]["uid"] == uid


def test_a_page_may_be_too_large(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings_module, "LARGEST_PAGE", 5)
    assert asyncio.run(world.readings.page("view", world.read, offset=0, size=6)) is None


def test_a_list_goes_on_where_its_page_ended(client: TestClient, api: Api) -> None:
    for model in range(5):
        apply(api.store, model=model)
    first = client.get("/v1/playgrounds?limit=2").json()
    assert first["metadata"]["remainingItemCount"] == 3
    second = client.get(f"/v1/playgrounds?limit=2&continue={first['metadata']['continue']}").json()
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    apply(api.store, model=9)
    last = client.get(f"/v1/playgrounds?limit=2&continue={second['metadata']['continue']}").json()
    names = [item["metadata"]["name"] for page in (first, second, last) for item in page["items"]]
    assert names == [f"hello-1-0-0-m{model}" for model in range(5)]
    assert "continue" not in last["metadata"]


def test_a_release_is_what_the_newest_commit_made_of_it(world: World) -> None:
    assert world.readings.release("hello@1.0.0") is None
    for digest in ("sha256:" + "a" * 64, "sha256:" + "b" * 64):
        put = world.store.releases.put("hello", "1.0.0", "Hello", source(digest), {}, 1, now=NOW)
        assert world.readings.release("hello@1.0.0") == put
        assert world.readings.release("hello@1.0.0") == put, "and once more, as it is kept"
    assert world.store.releases.delete("hello@1.0.0")
    assert world.readings.release("hello@1.0.0") is None
