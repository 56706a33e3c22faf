"""One suite for the fake engine and for real Docker: what the controller relies on and the fake may not get wrong."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from controller.domain.observed import ContainerState
from controller.engine.errors import ImageMissing, NameConflict, NotFound, PortTaken
from tests.engine.conformance import Lab, docker_lab, fake_lab
from tests.fakes.machine import CRASHED, FIRST_LINE

GRACE = 15
"""Seconds that a container has to end by itself when it is stopped: many, for a machine that is busy."""


@pytest.fixture(params=["fake", pytest.param("docker", marks=pytest.mark.engine)])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    yield from fake_lab() if request.param == "fake" else docker_lab()


# Create.


def test_a_created_container_is_observed_as_it_was_asked_for(lab: Lab) -> None:
    before = lab.now()
    spec = lab.spec()
    made = lab.ours.create(spec)
    seen = lab.only()
    assert (seen.id, seen.name, seen.uid) == (made, spec.name, lab.uid)
    assert (seen.spec_hash, seen.generation, seen.image) == ("0123456789ab", 7, lab.image)
    assert (seen.state, seen.host_port) == (ContainerState.CREATED, spec.host_port)
    assert (seen.started_at, seen.finished_at, seen.exit_code, seen.oom_killed) == (None, None, None, False)
    assert before - 1 <= seen.created_at <= lab.now() + 1


def test_a_container_is_found_by_its_id_as_long_as_it_is_there(lab: Lab) -> None:
    one, two = lab.ours.create(lab.spec("one")), lab.ours.create(lab.spec("two"))
    assert [seen.id for seen in lab.ours.inspected([two, "0" * 64, one])] == [two, one]
    lab.ours.remove(one)
    (seen,) = lab.ours.inspected([one, two])
    assert (seen,) == lab.ours.containers_of(lab.uid)


def test_a_create_again_gives_our_own_container(lab: Lab) -> None:
    spec = lab.spec()
    assert lab.ours.create(spec) == lab.ours.create(spec)
    lab.ours.start(spec.name)
    assert lab.ours.create(spec) == lab.only().id


def test_a_name_that_a_stranger_has_is_a_conflict_and_the_stranger_stays(lab: Lab) -> None:
    spec = lab.spec()
    stranger = lab.foreign(spec.name, None)
    with pytest.raises(NameConflict):
        lab.ours.create(spec)
    assert lab.ours.containers_of(lab.uid) == ()
    with pytest.raises(NameConflict):
        lab.ours.create(spec)
    lab.ours.log_tail(stranger, 1)  # raises NotFound if it were gone


def test_a_name_that_another_controller_or_playground_has_is_a_conflict(lab: Lab) -> None:
    spec = lab.spec()
    lab.theirs.create(lab.spec(theirs=True))
    with pytest.raises(NameConflict):
        lab.ours.create(spec)
    other = lab.spec("two", uid="0" * 12)
    lab.ours.create(other)
    with pytest.raises(NameConflict):
        lab.ours.create(replace(spec, name=other.name))


def test_an_image_that_is_not_there(lab: Lab) -> None:
    missing = "playground-test-no-such-image:1"
    assert lab.ours.has_image(lab.image)
    assert not lab.ours.has_image(missing)
    with pytest.raises(ImageMissing):
        lab.ours.create(lab.spec(image=missing))
    assert lab.ours.containers_of(lab.uid) == ()


# Start, stop, restart, remove.


def test_a_start_by_id_or_by_name_and_once_more(lab: Lab) -> None:
    spec = lab.spec()
    made = lab.ours.create(spec)
    lab.ours.start(spec.name)
    started = lab.only()
    assert started.state is ContainerState.RUNNING
    assert started.started_at is not None
    lab.ours.start(made)
    assert lab.only() == started


def test_what_is_not_there_cannot_be_started_but_is_stopped_and_removed(lab: Lab) -> None:
    nobody = f"{lab.run}-nobody"
    with pytest.raises(NotFound):
        lab.ours.start(nobody)
    with pytest.raises(NotFound):
        lab.ours.restart(nobody, GRACE)
    with pytest.raises(NotFound):
        lab.ours.log_tail(nobody, 10)
    lab.ours.stop(nobody, GRACE)
    lab.ours.remove(nobody)


def test_a_stop_ends_it_with_its_exit_code_and_once_more_changes_nothing(lab: Lab) -> None:
    spec = lab.spec()
    made = lab.ours.create(spec)
    lab.ours.stop(made, GRACE)
    assert lab.only().state is ContainerState.CREATED
    lab.ours.start(made)
    lab.ours.stop(made, GRACE)
    ended = lab.only()
    assert (ended.state, ended.exit_code) == (ContainerState.EXITED, 0)
    assert ended.started_at is not None
    assert ended.finished_at is not None
    assert ended.started_at < ended.finished_at
    lab.ours.stop(made, GRACE)
    assert lab.only() == ended


def test_a_restart_keeps_the_container_and_begins_another_run(lab: Lab) -> None:
    made = lab.ours.create(lab.spec())
    lab.ours.start(made)
    first = lab.only()
    lab.ours.restart(made, GRACE)
    second = lab.only()
    assert (second.id, second.state, second.host_port) == (first.id, ContainerState.RUNNING, first.host_port)
    assert second.run != first.run
    lab.ours.stop(made, GRACE)
    lab.ours.restart(made, GRACE)
    assert lab.only().state is ContainerState.RUNNING


def test_a_started_again_container_shows_no_older_exit_code(lab: Lab) -> None:
    made = lab.ours.create(lab.spec())
    lab.ours.start(made)
    lab.kill(made)
    lab.wait_until(lambda: lab.only().has_ended)
    killed = lab.only()
    assert (killed.exit_code, killed.oom_killed) == (137, False)
    lab.ours.start(made)
    again = lab.only()
    assert again.exit_code is None
    assert again.finished_at == killed.finished_at


def test_a_crash_shows_its_exit_code_and_the_log(lab: Lab) -> None:
    made = lab.ours.create(lab.spec(environment={"CRASH_AFTER_MS": "100"}))
    lab.ours.start(made)
    lab.wait_until(lambda: lab.only().has_ended)
    assert lab.only().exit_code == CRASHED
    assert lab.ours.log_tail(made, 10) == (FIRST_LINE,)
    lab.ours.start(made)
    lab.wait_until(lambda: len(lab.ours.log_tail(made, 10)) == 2)
    assert lab.ours.log_tail(made, 1) == (FIRST_LINE,)


def test_one_that_needs_too_much_memory_is_killed_and_says_so(lab: Lab) -> None:
    lab.run_out_of_memory(lab.spec())
    lab.wait_until(lambda: lab.only().has_ended)
    assert (lab.only().exit_code, lab.only().oom_killed) == (137, True)


def test_a_removal_kills_and_once_more_is_success(lab: Lab) -> None:
    made = lab.ours.create(lab.spec())
    lab.ours.start(made)
    lab.ours.remove(made)
    assert lab.ours.containers_of(lab.uid) == ()
    lab.ours.remove(made)


def test_many_removals_of_one_at_once_are_all_success(lab: Lab) -> None:
    made = lab.ours.create(lab.spec())
    lab.ours.start(made)
    failures: list[Exception] = []

    def remove() -> None:
        try:
            lab.ours.remove(made)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=remove) for _ in range(1 if lab.run == "fake" else 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    lab.wait_until(lambda: lab.ours.containers_of(lab.uid) == ())


# Ports.


@pytest.mark.parametrize("holder", ["a container", "a process"])
def test_a_port_that_is_taken_leaves_the_container_created(lab: Lab, holder: str) -> None:
    spec = lab.spec()
    if holder == "a container":
        lab.foreign(f"{lab.run}-{lab.uid}-holder", spec.host_port)
    else:
        lab.listen(spec.host_port)
    made = lab.ours.create(spec)
    with pytest.raises(PortTaken):
        lab.ours.start(made)
    seen = lab.only()
    assert (seen.state, seen.started_at, seen.exit_code) == (ContainerState.CREATED, None, None)
    assert seen.error
    with pytest.raises(PortTaken):
        lab.ours.restart(made, GRACE)


def test_a_stopped_container_whose_port_was_taken_stays_as_it_ended(lab: Lab) -> None:
    spec = lab.spec()
    made = lab.ours.create(spec)
    lab.ours.start(made)
    lab.ours.stop(made, GRACE)
    ended = lab.only()
    lab.foreign(f"{lab.run}-{lab.uid}-holder", spec.host_port)
    with pytest.raises(PortTaken):
        lab.ours.start(made)
    seen = lab.only()
    assert (seen.state, seen.started_at, seen.finished_at) == (ended.state, ended.started_at, ended.finished_at)
    assert seen.exit_code == 128


def test_a_stopped_container_holds_no_port(lab: Lab) -> None:
    spec = lab.spec()
    made = lab.ours.create(spec)
    assert spec.host_port not in lab.ours.published_ports()
    lab.ours.start(made)
    assert spec.host_port in lab.ours.published_ports()
    lab.ours.stop(made, GRACE)
    assert spec.host_port not in lab.ours.published_ports()
    second = lab.ours.create(lab.spec("two", host_port=spec.host_port))
    lab.ours.start(second)
    assert spec.host_port in lab.ours.published_ports()


def test_published_ports_are_everybodys(lab: Lab) -> None:
    port = lab.free_port()
    lab.foreign(f"{lab.run}-{lab.uid}-somebody", port)
    theirs = lab.spec("theirs", theirs=True)
    lab.theirs.start(lab.theirs.create(theirs))
    assert {port, theirs.host_port} <= lab.ours.published_ports()


# Lists and events.


def test_lists_show_what_is_ours_and_nothing_else(lab: Lab) -> None:
    mine = lab.ours.create(lab.spec())
    lab.ours.start(mine)
    second = lab.ours.create(lab.spec("second"))
    other = lab.ours.create(lab.spec("other", uid="f" * 12))
    theirs = lab.theirs.create(lab.spec("theirs", theirs=True))
    lab.foreign(f"{lab.run}-{lab.uid}-foreign", None)
    listed = {row.id: (row.uid, row.state) for row in lab.ours.listing()}
    assert listed == {
        mine: (lab.uid, ContainerState.RUNNING),
        second: (lab.uid, ContainerState.CREATED),
        other: ("f" * 12, ContainerState.CREATED),
    }
    assert {c.id for c in lab.ours.containers_of(lab.uid)} == {mine, second}
    assert [row.id for row in lab.theirs.listing()] == [theirs]
    assert [c.id for c in lab.theirs.containers_of(lab.uid)] == [theirs]


def test_events_since_a_moment_are_those_of_ours(lab: Lab) -> None:
    since = lab.now()
    theirs = lab.theirs.create(lab.spec("theirs", theirs=True, uid="e" * 12))
    lab.theirs.start(theirs)
    lab.foreign(f"{lab.run}-{lab.uid}-foreign", None)
    made = lab.ours.create(lab.spec())
    lab.ours.start(made)
    lab.kill(made)
    lab.ours.start(made)
    lab.ours.stop(made, GRACE)
    lab.ours.remove(made)
    wanted = ["create", "start", "die", "start", "die", "destroy"]
    seen = []
    stream = lab.ours.events(since, threading.Event())
    for event in stream:
        assert event.uid == lab.uid
        assert since - 1 <= event.at <= lab.now() + 1
        if event.action in wanted:
            seen.append(event.action)
        if event.action == "destroy":
            break
    assert seen == wanted


def test_an_engine_that_is_there_answers(lab: Lab) -> None:
    lab.ours.ping()


def test_what_is_asked_costs_so_many_requests(lab: Lab) -> None:
    """The fake counts what Docker is asked: who is held to a number of requests by the one is by the other."""

    def cost(ask: Callable[[], object]) -> int:
        before = lab.requests()
        ask()
        return lab.requests() - before

    lab.ours.create(lab.spec("first"))  # the first of all asks for the engine's cores, too
    spec = lab.spec("second")
    assert cost(lambda: lab.ours.has_image(lab.image)) == 1
    assert cost(lambda: lab.ours.has_image(lab.image)) == 0, "it was there a moment ago"
    assert cost(lambda: lab.ours.create(spec)) == 1
    assert cost(lambda: lab.ours.create(spec)) == 2, "whose it is that has the name is looked at"
    first, second = (container.id for container in lab.ours.containers_of(lab.uid))
    assert cost(lambda: lab.ours.start(second)) == 1
    assert cost(lambda: lab.ours.containers_of(lab.uid)) == 3
    assert cost(lambda: lab.ours.inspected([second])) == 1
    assert cost(lambda: lab.ours.inspected([])) == 0
    assert cost(lambda: lab.ours.log_tail(second, 5)) == 1
    assert cost(lab.ours.listing) == 1
    assert cost(lab.ours.published_ports) == 1
    assert cost(lambda: lab.ours.stop(second, GRACE)) == 1
    assert cost(lambda: lab.ours.restart(second, GRACE)) == 1
    assert cost(lambda: lab.ours.remove(first)) == 1
