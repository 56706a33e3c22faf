"""The executor: actions in order until one fails, each failure by its kind, each effect guarded and logged."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.resources.desired import Claim
from api.store import NoFreePort, NoSuchPlayground, StaleClaim, Store, StoreUnavailable
from controller.builds.build_logs import BuildLogs
from controller.builds.pool import BuildPool
from controller.domain.actions import (
    Action,
    CancelBuild,
    CreateContainer,
    ForgetPlayground,
    QuarantineHostPort,
    RemoveContainer,
    ReserveHostPort,
    RestartContainer,
    StartBuild,
    StartContainer,
    StopContainer,
)
from controller.domain.observed import BuildInProgress
from controller.domain.outcome import FailureKind
from controller.engine.errors import (
    EngineError,
    EngineFailed,
    EngineRefused,
    EngineUnavailable,
    ImageMissing,
    NameConflict,
    NotFound,
    PortTaken,
)
from controller.executor import Executor
from tests.loop.stubs import HandClock, StubEngine, add_playground
from tests.loop.test_build_pool import Builds
from tests.planner.worlds import playground, wanted

START = StartContainer("c1", "current", "because")
STOP = StopContainer("c0", "older", "because")
REMOVE = RemoveContainer("c0", "older", "because")
RESTART = RestartContainer("c1", "current", "because")
CREATE = CreateContainer(wanted(playground()), "because")


class Effects:
    """An executor on a real store and a stand-in for the engine."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        self.engine = StubEngine()
        self.builds = BuildPool(Builds(), 1, HandClock(), lambda uid: None)
        self.logs = BuildLogs(folder)
        self.leads = True
        fields: dict[str, Any] = {
            "engine": self.engine,
            "store": store,
            "builds": self.builds,
            "build_logs": self.logs,
            "clock": HandClock(),
            "ports": range(7860, 7862),
            "bind_host": "127.0.0.1",
            "stop_grace": 5,
            "leads": lambda claim: self.leads,
        }
        self.executor = Executor(**fields)


@pytest.fixture
def effects(store: Store, tmp_path: Path) -> Iterator[Effects]:
    effects = Effects(store, tmp_path / "builds")
    yield effects
    effects.builds.close()


def test_all_is_done_in_order_and_logged_once_each_with_its_cause(effects: Effects, claim: Claim) -> None:
    actions: tuple[Action, ...] = (CREATE, STOP, START, RESTART, REMOVE)
    with capture_logs() as lines:
        outcome = effects.executor.execute("uid", claim, actions)
    assert (outcome.done, outcome.failed) == (actions, None)
    assert effects.engine.calls == ["create", "stop", "start", "restart", "remove"]
    assert [(line["event"], line["plan"], line["cause"]) for line in lines] == [
        ("action", str(action), "because") for action in actions
    ]


def test_it_stops_at_the_first_failure(effects: Effects, claim: Claim) -> None:
    effects.engine.errors["stop"] = EngineUnavailable("no answer")
    with capture_logs() as lines:
        outcome = effects.executor.execute("uid", claim, (CREATE, STOP, START))
    assert outcome.done == (CREATE,)
    assert outcome.failed is not None
    assert (outcome.failed.action, outcome.failed.kind, outcome.failed.message) == (
        STOP,
        FailureKind.UNAVAILABLE,
        "no answer",
    )
    assert effects.engine.calls == ["create", "stop"]
    assert (lines[-1]["event"], lines[-1]["log_level"], lines[-1]["kind"]) == (
        "action failed",
        "warning",
        "unavailable",
    )


KINDS: list[tuple[Exception, FailureKind]] = [
    (EngineUnavailable("x"), FailureKind.UNAVAILABLE),
    (EngineFailed("x"), FailureKind.FAILED),
    (EngineRefused("x"), FailureKind.REFUSED),
    (EngineError("x"), FailureKind.REFUSED),
    (NotFound("x"), FailureKind.CONFLICT),
    (ImageMissing("x"), FailureKind.CONFLICT),
    (NameConflict("x"), FailureKind.NAME_TAKEN),
    (PortTaken("x"), FailureKind.PORT_TAKEN),
    (StoreUnavailable("x"), FailureKind.UNAVAILABLE),
    (NoFreePort("x"), FailureKind.NO_FREE_PORT),
    (NoSuchPlayground("x"), FailureKind.CONFLICT),
    (StaleClaim("one", 1), FailureKind.STALE_CLAIM),
]


@pytest.mark.parametrize(("error", "kind"), KINDS, ids=lambda value: type(value).__name__)
def test_each_error_by_its_kind(effects: Effects, claim: Claim, error: Exception, kind: FailureKind) -> None:
    effects.engine.errors["start"] = error
    failed = effects.executor.execute("uid", claim, (START,)).failed
    assert failed is not None
    assert (failed.kind, failed.message) == (kind, str(error))


def test_a_bug_is_not_taken_for_a_failure_of_the_engine(effects: Effects, claim: Claim) -> None:
    effects.engine.errors["start"] = RuntimeError("a bug")
    with pytest.raises(RuntimeError):
        effects.executor.execute("uid", claim, (START,))


def test_who_does_not_lead_any_more_changes_nothing(effects: Effects, claim: Claim) -> None:
    effects.leads = False
    outcome = effects.executor.execute("uid", claim, (CREATE, START))
    assert outcome.failed is not None
    assert outcome.failed.kind is FailureKind.STALE_CLAIM
    assert effects.engine.calls == []


def test_ports_are_reserved_avoided_preferred_and_quarantined(effects: Effects, store: Store, claim: Claim) -> None:
    uids = [add_playground(store, f"hello@{number}").metadata.uid for number in range(3)]
    reserve = ReserveHostPort(frozenset({7860}), "because")
    assert effects.executor.execute(uids[0], claim, (reserve,)).failed is None
    assert store.ports.reservations() == {uids[0]: 7861}
    preferred = ReserveHostPort(frozenset({7999}), "because", prefer=7999)
    assert effects.executor.execute(uids[1], claim, (preferred,)).failed is None
    assert store.ports.reservations()[uids[1]] == 7999
    none_left = effects.executor.execute(uids[2], claim, (reserve,)).failed
    assert none_left is not None
    assert none_left.kind is FailureKind.NO_FREE_PORT
    quarantine = QuarantineHostPort(7861, 2_000_000.0, "because")
    assert effects.executor.execute(uids[0], claim, (quarantine,)).failed is None
    assert store.ports.reservations() == {uids[1]: 7999}
    anywhere = ReserveHostPort(frozenset(), "because")
    assert effects.executor.execute(uids[2], claim, (anywhere,)).failed is None
    assert store.ports.reservations()[uids[2]] == 7860, "not the one in quarantine"
    again = effects.executor.execute(uids[0], claim, (anywhere,)).failed
    assert again is not None
    assert again.kind is FailureKind.NO_FREE_PORT


def test_a_port_for_a_record_that_is_gone_is_a_conflict(effects: Effects, claim: Claim) -> None:
    failed = effects.executor.execute("gone", claim, (ReserveHostPort(frozenset(), "because"),)).failed
    assert failed is not None
    assert failed.kind is FailureKind.CONFLICT


def test_builds_are_begun_and_cancelled_in_their_pool(effects: Effects, claim: Claim) -> None:
    effects.executor.execute("uid", claim, (StartBuild("app:1", "sha256:x", 1, "because"),))
    assert isinstance(effects.builds.look("uid"), BuildInProgress)
    effects.executor.execute("uid", claim, (CancelBuild("app:1", "because"),))
    assert effects.builds.look("uid") is None


def test_what_is_forgotten_leaves_nothing_but_its_log(effects: Effects, store: Store, claim: Claim) -> None:
    uid = add_playground(store).metadata.uid
    store.playgrounds.request_deletion(uid, now=1.0)
    with effects.logs.write(uid) as write_line:
        write_line("built")
    effects.executor.execute(uid, claim, (ReserveHostPort(frozenset(), "because"), ForgetPlayground("because")))
    assert store.work.load(uid) is None
    assert store.ports.reservations() == {}
    assert effects.logs.tail(uid, 10) == ("built",), "for a while: the collector takes it"
