"""Records as they are when all runs well, written without an engine."""

import hashlib
import time

from api.resources.conditions import Condition, ConditionStatus, ConditionType, Reason
from api.resources.desired import Report
from api.resources.playground import PlaygroundSpec, PlaygroundStatus, PluginSource
from api.resources.wanted import WantedPlayground
from api.store import CONTROLLER_LEASE, Store

RELEASE = "hello@1.0.0"
_SOURCE = PluginSource(digest=f"sha256:{'a' * 64}", entrypoint="plugin.gradio_interface:app")
_SEEN = (
    (ConditionType.ACCEPTED, Reason.ACCEPTED),
    (ConditionType.IMAGE_BUILT, Reason.BUILT),
    (ConditionType.PORT_RESERVED, Reason.PORT_RESERVED),
    (ConditionType.CONTAINER_STARTED, Reason.CONTAINER_STARTED),
    (ConditionType.READY, Reason.SERVING),
)


def seed(url: str, count: int) -> tuple[str, ...]:
    """Make a database with so many playgrounds of one release, all of which serve; their names."""
    store, now = Store.open(url), time.time()
    store.migrate()
    store.releases.put("hello", "1.0.0", "Hello", _SOURCE, {}, 1000, now=now)
    claim = store.leases.acquire(CONTROLLER_LEASE, "seed", ttl=600, now=now)
    assert claim is not None, "the database is new"
    names = []
    for number in range(count):
        spec = PlaygroundSpec(plugin_release=RELEASE, model=number, plugin=_SOURCE, params={"a": 1}, envs={"A": "1"})
        wanted = WantedPlayground(spec=spec, labels={"team": "vision"})
        metadata = store.playgrounds.apply(wanted, now=now).playground.metadata
        ports = range(30000, 60000)
        store.ports.reserve(claim, metadata.uid, address="127.0.0.1", candidates=ports, avoid=(), now=now)
        assert store.work.report(claim, metadata.uid, Report(status=_status(metadata.uid, number, now)), now=now)
        names.append(metadata.name)
    store.leases.release(claim, CONTROLLER_LEASE)
    store.close()
    return tuple(names)


def _status(uid: str, number: int, now: float) -> PlaygroundStatus:
    container = hashlib.sha256(uid.encode()).hexdigest()
    return PlaygroundStatus(
        observed_generation=1,
        conditions=tuple(
            Condition(
                type=type_,
                status=ConditionStatus.TRUE,
                reason=reason,
                observed_generation=1,
                last_transition_time=now,
            )
            for type_, reason in _SEEN
        ),
        container_id=container,
        container_name=f"hello-1-0-0-{uid}",
        image="synapse-plugin-hello-1.0.0:0123456789ab",
        endpoint=f"http://127.0.0.1:{30000 + number}",
        ready_since=now,
        ready_run=container,
    )
