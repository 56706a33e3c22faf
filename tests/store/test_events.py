"""Events: equal ones in a row are counted."""

import pytest

from api.resources.conditions import Reason
from api.resources.desired import Claim
from api.resources.event import EventType, NewEvent
from api.store import Store
from tests.store.builders import NOW, apply, claim, report

STARTED = NewEvent(reason=Reason.CONTAINER_STARTED, message="Started.")
EXITED = NewEvent(type=EventType.WARNING, reason=Reason.CONTAINER_EXITED, message="Exited with 1.")


@pytest.fixture
def holder(store: Store) -> Claim:
    return claim(store)


def test_equal_events_in_a_row_are_counted(store: Store, holder: Claim) -> None:
    uid = apply(store).playground.metadata.uid
    store.work.report(holder, uid, report(STARTED, EXITED), now=NOW)
    store.work.report(holder, uid, report(EXITED), now=NOW + 1)
    store.work.report(holder, uid, report(EXITED, STARTED), now=NOW + 2)
    events = store.events.list(uid, 10)
    assert [(event.reason, event.count, event.first_seen, event.last_seen) for event in events] == [
        (Reason.CONTAINER_STARTED, 1, NOW, NOW),
        (Reason.CONTAINER_EXITED, 3, NOW, NOW + 2),
        (Reason.CONTAINER_STARTED, 1, NOW + 2, NOW + 2),
    ]
    assert events[1].type is EventType.WARNING
    assert events[1].playground_name == "hello-1-0-0"


def test_another_message_is_another_event(store: Store, holder: Claim) -> None:
    uid = apply(store).playground.metadata.uid
    other = EXITED.model_copy(update={"message": "Exited with 2."})
    store.work.report(holder, uid, report(EXITED, other), now=NOW)
    assert [event.count for event in store.events.list(uid, 10)] == [1, 1]


def test_the_newest_are_listed_and_the_newest_is_the_last(store: Store, holder: Claim) -> None:
    one, two = (apply(store, model=model).playground.metadata.uid for model in (1, 2))
    store.work.report(holder, one, report(STARTED), now=NOW)
    store.work.report(holder, two, report(EXITED), now=NOW + 1)
    store.work.report(holder, one, report(STARTED), now=NOW + 2)
    assert [event.playground_uid for event in store.events.list(None, 10)] == [two, one]
    assert [event.playground_uid for event in store.events.list(None, 1)] == [one]
    assert [event.playground_uid for event in store.events.list(two, 10)] == [two]


def test_they_outlive_their_playground(store: Store, holder: Claim) -> None:
    uid = apply(store).playground.metadata.uid
    store.work.report(holder, uid, report(STARTED), now=NOW)
    store.playgrounds.request_deletion(uid, now=NOW)
    store.work.remove(holder, uid, now=NOW)
    assert len(store.events.list(uid, 10)) == 1


def test_what_a_container_wrote_is_stored_whatever_it_is(store: Store, holder: Claim) -> None:
    uid = apply(store).playground.metadata.uid
    strange = EXITED.model_copy(update={"message": "a\x00b\udc80c"})
    assert store.work.report(holder, uid, report(strange), now=NOW)
    assert store.events.list(uid, 1)[0].message == "a\ufffdb?c"
