"""Values for the store's tests, with all that does not matter filled in."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from api.resources.conditions import Condition, ConditionStatus, ConditionType, Reason
from api.resources.desired import Claim, Report
from api.resources.event import NewEvent
from api.resources.playground import PlaygroundSpec, PlaygroundStatus, PluginSource
from api.resources.wanted import Applied, WantedPlayground
from api.store import CONTROLLER_LEASE, Store

T = TypeVar("T")

NOW = 1_000_000.0
CONTAINER_ID = "0123456789abcdef" * 4
RANGE = range(7860, 8861)


def wanted(
    plugin_release: str = "hello@1.0.0",
    *,
    name: str | None = None,
    labels: dict[str, str] | None = None,
    annotations: dict[str, Any] | None = None,
    backend_container_id: str | None = None,
    **spec: Any,
) -> WantedPlayground:
    """A request; the keywords that are left are the spec's."""
    return WantedPlayground(
        spec=PlaygroundSpec(plugin_release=plugin_release, **spec),
        name=name,
        labels=labels,
        annotations=annotations,
        backend_container_id=backend_container_id,
    )


def apply(store: Store, *arguments: Any, now: float = NOW, **keywords: Any) -> Applied:
    """Record the request that `wanted` makes of the arguments."""
    return store.playgrounds.apply(wanted(*arguments, **keywords), now=now)


def source(digest: str = "sha256:" + "a" * 64) -> PluginSource:
    """A plugin's content."""
    return PluginSource(digest=digest, entrypoint="plugin.gradio_interface:app")


def claim(store: Store, holder: str = "one", *, now: float = NOW) -> Claim:
    """The controller's lease, taken by the holder; it must be free by then."""
    taken = store.leases.acquire(CONTROLLER_LEASE, holder, ttl=15.0, now=now)
    assert taken is not None
    return taken


def stale_claim(store: Store) -> Claim:
    """A claim whose lease went to somebody else."""
    old = claim(store, "old", now=NOW - 100)
    claim(store, "new", now=NOW)
    return old


def status(
    reason: Reason = Reason.SERVING,
    *,
    container_id: str | None = CONTAINER_ID,
    container_name: str | None = "hello-1-0-0-abc",
    generation: int = 1,
    **fields: Any,
) -> PlaygroundStatus:
    """A status as a pass reports it: ready when the reason is `Serving`."""
    ready = ConditionStatus.TRUE if reason is Reason.SERVING else ConditionStatus.FALSE
    return PlaygroundStatus(
        observed_generation=generation,
        conditions=(Condition(type=ConditionType.READY, status=ready, reason=reason, observed_generation=generation),),
        container_id=container_id,
        container_name=container_name,
        **fields,
    )


def report(*events: NewEvent, of: PlaygroundStatus | None = None, **fields: Any) -> Report:
    """A report with that status and those events."""
    return Report(status=of or status(), events=events, **fields)


def serve(store: Store, uid: str, holder: Claim, **fields: Any) -> None:
    """Report that it serves."""
    assert store.work.report(holder, uid, report(of=status(**fields)), now=NOW)


def at_once(count: int, call: Callable[[int], T]) -> list[T | Exception]:
    """Call it in so many threads that all start together; what each returned or raised."""
    barrier = threading.Barrier(count)

    def one(number: int) -> T | Exception:
        barrier.wait()
        try:
            return call(number)
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))


def only(results: Iterable[T | Exception], kind: type[T]) -> list[T]:
    """The results, all of which must be of that type."""
    found = list(results)
    assert all(isinstance(result, kind) for result in found), found
    return [result for result in found if isinstance(result, kind)]
