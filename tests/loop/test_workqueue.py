"""The workqueue: each key once, one worker a key, fair, and delayed by the clock."""

import threading

from controller.loop.workqueue import Workqueue
from tests.loop.stubs import PATIENCE, HandClock


def drain(queue: Workqueue) -> list[str]:
    """All keys that are due, each done at once."""
    keys = []
    while (key := queue.get(timeout=0)) is not None:
        keys.append(key)
        queue.done(key)
    return keys


def test_keys_come_out_once_each_and_in_the_order_they_came() -> None:
    queue = Workqueue(HandClock())
    for key in ("a", "b", "a", "c", "b"):
        queue.add(key)
    assert len(queue) == 3
    assert drain(queue) == ["a", "b", "c"]
    assert queue.get(timeout=0) is None


def test_a_key_in_work_is_not_given_to_a_second_worker_and_goes_round_again() -> None:
    queue = Workqueue(HandClock())
    queue.add("a")
    assert queue.get(timeout=0) == "a"
    queue.add("a")
    queue.add("a")
    assert queue.get(timeout=0) is None
    queue.add("b")
    queue.done("a")
    assert drain(queue) == ["b", "a"], "behind those that waited"
    assert drain(queue) == []


def test_a_key_due_while_in_work_goes_round_again() -> None:
    clock = HandClock()
    queue = Workqueue(clock)
    queue.add("a")
    queue.get(timeout=0)
    queue.add_after("a", 5)
    clock.time += 5
    assert queue.get(timeout=0) is None
    queue.done("a")
    assert drain(queue) == ["a"]


def test_delays_are_the_earliest_that_was_asked_for() -> None:
    clock = HandClock()
    queue = Workqueue(clock)
    queue.add_after("a", 10)
    queue.add_after("a", 5)
    queue.add_after("a", 20)
    queue.add_after("b", 7)
    clock.time += 4.9
    assert drain(queue) == []
    clock.time += 0.2
    assert drain(queue) == ["a"]
    clock.time += 30
    assert drain(queue) == ["b"], "the later times of a are void"


def test_an_add_beats_a_delay_and_uses_it_up() -> None:
    clock = HandClock()
    queue = Workqueue(clock)
    queue.add_after("a", 10)
    queue.add("a")
    assert drain(queue) == ["a"]
    clock.time += 100
    assert drain(queue) == []


def test_no_delay_and_a_negative_one_are_at_once() -> None:
    queue = Workqueue(HandClock())
    queue.add_after("a", 0)
    queue.add_after("b", -1)
    assert drain(queue) == ["a", "b"]


def test_done_says_when_again() -> None:
    clock = HandClock()
    queue = Workqueue(clock)
    for key, again in (("now", 0.0), ("later", 5.0), ("never", None)):
        queue.add(key)
        assert queue.get(timeout=0) == key
        queue.done(key, again)
        if again == 0.0:
            assert drain(queue) == [key]
    clock.time += 5
    assert drain(queue) == ["later"]
    clock.time += 1000
    assert drain(queue) == []


def test_a_hint_during_the_pass_beats_the_time_the_pass_asked_for() -> None:
    queue = Workqueue(HandClock())
    queue.add("a")
    queue.get(timeout=0)
    queue.add("a")
    queue.done("a", 1000.0)
    assert drain(queue) == ["a"]


def test_a_busy_key_does_not_starve_the_others() -> None:
    queue = Workqueue(HandClock())
    queue.add("busy")
    for number in range(20):
        queue.add(f"quiet-{number}")
    seen = []
    for _ in range(40):
        key = queue.get(timeout=0)
        assert key is not None
        seen.append(key)
        queue.done(key, 0.0 if key == "busy" else None)
    assert {f"quiet-{number}" for number in range(20)} < set(seen)


def test_close_lets_all_workers_go() -> None:
    queue = Workqueue(HandClock())
    got: list[str | None] = []
    workers = [threading.Thread(target=lambda: got.append(queue.get())) for _ in range(3)]
    for worker in workers:
        worker.start()
    queue.close()
    for worker in workers:
        worker.join(PATIENCE)
    assert got == [None, None, None]
    queue.add("late")
    assert queue.get() is None


def test_many_threads_never_share_a_key_and_lose_none() -> None:
    queue = Workqueue(HandClock())
    in_work: set[str] = set()
    passes: dict[str, int] = {}
    lock, all_done = threading.Lock(), threading.Event()
    clashes = []

    def work() -> None:
        while (key := queue.get()) is not None:
            with lock:
                if key in in_work:
                    clashes.append(key)
                in_work.add(key)
                passes[key] = passes.get(key, 0) + 1
            queue.add(f"{int(key) % 10}")  # hints while it is worked on
            with lock:
                in_work.discard(key)
                if len(passes) == 200:
                    all_done.set()
            queue.done(key)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for number in range(200):
        queue.add(str(number))
    assert all_done.wait(PATIENCE)
    queue.close()
    for worker in workers:
        worker.join(PATIENCE)
    assert clashes == []
