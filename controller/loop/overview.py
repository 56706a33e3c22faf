"""The overview: what was last seen settled, and a sweep over everything that finds what is not so any more.

A sweep costs one list of containers and one query, however many playgrounds there are. What is not as it was seen
settled is glanced at (`planner.glance`), some hundreds of records at a time; only what a glance cannot tell needs a
pass. A glance is not made twice of the same: after a break, when nothing is taken for settled any more, a record that
has not been written since and whose containers are listed as they were needs not even be loaded. Losing this memory
costs time only.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from api.resources.desired import DesiredState
from api.store import Store
from controller.domain.look import OF_AN_END, Look
from controller.domain.observed import ContainerState, ListedContainer
from controller.engine.interface import Engine, EngineEvent
from controller.loop.prober import Watcher
from controller.loop.reconciler import PassResult

AT_ONCE = 100
"""Records that are loaded in one go: a query for many, and gone again before they weigh on the garbage collector."""

_OF_A_START = frozenset({"create", "start", "restart"})
_NO_CHANGE = frozenset(
    [
        "oom",
        "health_status",
        "exec_create",
        "exec_start",
        "exec_die",
        "exec_detach",
        "attach",
        "detach",
        "resize",
        "top",
        "archive-path",
        "extract-to-dir",
        "export",
        "copy",
        "commit",
    ]
)
"""Events that leave a container in its state. (The end that an `oom` may bring comes with a `die` of its own.)"""
_ORDER = 2.0
"""Seconds: events come in their order but for less than that, also where some are told again after a break."""

Fingerprint = frozenset[tuple[str, str]]
NOTHING_LEFT: Fingerprint = frozenset({("", "forgotten")})
"""Of a playground whose containers and record are gone."""


class Glances(Protocol):
    """What is asked of a reconciler here."""

    def glance(self, desired: DesiredState, listed: tuple[ListedContainer, ...], /) -> PassResult | None:
        """As `Reconciler.glance`."""


@dataclass(frozen=True, slots=True)
class _Glance:
    """What a glance came to, and all that it depends on: it would come to the same again, whenever that is."""

    versions: tuple[int, int]
    """As `Work.record_versions` has them: the record, its open builds and its secrets are as they were then."""
    listed: tuple[ListedContainer, ...]
    result: PassResult


@dataclass(slots=True)
class _Ears:
    """How well the engine was heard."""

    breaks: int = 0
    latest: float = 0.0
    """The moment of the last event, in seconds since the epoch by the engine's clock."""


@dataclass(frozen=True, slots=True)
class Overview:
    """Safe to share between threads; one thread sweeps."""

    store: Store
    engine: Engine
    reconciler: Glances
    watcher: Watcher
    look_after: Callable[[str, float], None]
    """Has a key looked at in so many seconds."""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _settled: dict[str, tuple[int, Fingerprint]] = field(default_factory=dict)
    _glances: dict[str, _Glance] = field(default_factory=dict)
    _in_pass: dict[str, int] = field(default_factory=dict)
    """The keys that are in a pass, with the number of breaks in the hearing up to its beginning."""
    _ears: _Ears = field(default_factory=_Ears)
    _seen: dict[str, Fingerprint] = field(default_factory=dict)
    """What the last pass saw, settled or not."""
    _looks: dict[str, Look] = field(default_factory=dict)
    """What the last pass saw in full, for the next one."""
    _heard: dict[str, list[EngineEvent]] = field(default_factory=dict)
    """What the engine told of a key while it was in a pass."""
    _disturbed: set[str] = field(default_factory=set)
    """Keys that a pass has had since the sweep began: the pass knows better."""

    def begins(self, uid: str) -> Look | None:
        """A pass of the key begins, and gets the last look; nothing is known of the key until the pass ends."""
        with self._lock:
            self._in_pass[uid] = self._ears.breaks
            self._disturbed.add(uid)
            self._settled.pop(uid, None)
            self._seen.pop(uid, None)
            look = self._looks.pop(uid, None)
        self.watcher.forget(uid)
        return look

    def ends(self, uid: str, result: PassResult | None) -> bool:
        """The pass has ended, with this result or with none; whether the engine told what the pass has not seen."""
        with self._lock:
            breaks = self._in_pass.pop(uid, None)
            self._disturbed.add(uid)
            if result is not None:
                self._seen[uid] = NOTHING_LEFT if result.is_forgotten else result.fingerprint
            if result is not None and result.settled:
                self._settled[uid] = (result.version, result.fingerprint)
            if result is not None and result.look is not None and breaks == self._ears.breaks:
                self._looks[uid] = result.look
            news = [event for event in self._heard.pop(uid, ()) if self._is_news(event)]
        if result is not None and result.watch is not None:
            self.watcher.watch(uid, result.watch)
        return bool(news)

    def heard(self, event: EngineEvent) -> bool:
        """Whether what the engine tells needs a pass now. Heard during one, it is compared with what that comes to."""
        if event.action.partition(":")[0] in _NO_CHANGE:
            return False
        with self._lock:
            if event.at < self._ears.latest - _ORDER:  # its clock was set back: no time is before or after another
                self._forget()
            self._ears.latest = event.at
            if event.uid not in self._in_pass:
                return self._is_news(event)
            self._heard.setdefault(event.uid, []).append(event)
            return False

    def forget(self) -> None:
        """What was settled may not be so any more."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._ears.breaks += 1
        self._settled.clear()
        self._seen.clear()
        self._looks.clear()

    def is_settled(self, uid: str, version: int, listed: Sequence[ListedContainer]) -> bool:
        """Whether it was last seen settled with these containers, and nothing else has been wanted since."""
        return self._settled.get(uid) == (version, fingerprint(listed))

    def sweep(self) -> Iterator[str]:
        """The keys that need a pass, of all playgrounds and all containers of ours.

        Raises EngineError or StoreError when it cannot look.
        """
        with self._lock:
            self._disturbed.clear()
            self._disturbed.update(self._in_pass)
        listed = self._listed()
        versions = self.store.work.versions()
        doubtful = [uid for uid in versions if not self.is_settled(uid, versions[uid], listed.get(uid, ()))]
        self._compare(doubtful, listed)
        unrecorded = sorted(listed.keys() - versions.keys() - {""})
        yield from (uid for uid in unrecorded if not self.is_settled(uid, 0, listed[uid]))
        for first in range(0, len(doubtful), AT_ONCE):
            chunk = doubtful[first : first + AT_ONCE]
            seen = self._glance(chunk, listed)
            yield from (uid for uid in chunk if uid not in seen)
        self._drop_all_but(versions.keys() | listed.keys())

    def _listed(self) -> dict[str, tuple[ListedContainer, ...]]:
        listed: dict[str, tuple[ListedContainer, ...]] = {}
        for container in self.engine.listing():
            listed[container.uid] = (*listed.get(container.uid, ()), container)
        return listed

    def _glance(self, uids: Sequence[str], listed: dict[str, tuple[ListedContainer, ...]]) -> set[str]:
        """Those of them that a glance has found to be as they were, or that a pass is looking after."""
        found = self._glanced_before(uids, listed)
        for desired in self.store.work.load_many([uid for uid in uids if uid not in found]):
            uid = desired.playground.metadata.uid
            containers = listed.get(uid, ())
            result = self.reconciler.glance(desired, containers)
            if result is None:
                self._glances.pop(uid, None)
                continue
            found[uid] = result
            if holds_for_good(desired, result):
                versions = (desired.version, desired.playground.metadata.resource_version)
                self._glances[uid] = _Glance(versions, containers, result)
        return {uid for uid, result in found.items() if self._settle(uid, result)}

    def _glanced_before(
        self, uids: Sequence[str], listed: dict[str, tuple[ListedContainer, ...]]
    ) -> dict[str, PassResult]:
        """What glances of them came to that need not be made again."""
        known = [uid for uid in uids if uid in self._glances]
        versions = self.store.work.record_versions(known) if known else {}
        return {
            uid: glance.result
            for uid in known
            if (glance := self._glances[uid]).versions == versions.get(uid) and glance.listed == listed.get(uid, ())
        }

    def _settle(self, uid: str, result: PassResult) -> bool:
        """Take a glance's word, unless a pass came meanwhile."""
        with self._lock:
            if uid in self._disturbed:
                return False
            self._settled[uid] = (result.version, result.fingerprint)
            if result.watch is not None:
                self.watcher.watch(uid, result.watch, spread=True)
        if result.look_again_after is not None:
            self.look_after(uid, result.look_again_after)
        return True

    def _compare(self, uids: Sequence[str], listed: dict[str, tuple[ListedContainer, ...]]) -> None:
        """Drop the looks that the list does not bear out; where a pass came meanwhile, the list may be what is old."""
        with self._lock:
            for uid in uids:
                look = self._looks.get(uid)
                if look is None or look.agrees(listed.get(uid, ())):
                    continue
                if uid in self._disturbed:
                    self._looks[uid] = look.doubted()
                else:
                    del self._looks[uid]

    def _drop_all_but(self, living: set[str]) -> None:
        with self._lock:
            for known in (self._settled, self._seen, self._glances, self._looks):
                for uid in [uid for uid in known if uid not in living]:
                    del known[uid]

    def _is_news(self, event: EngineEvent) -> bool:
        """Whether it tells what no pass has seen: then the look is not what is, either."""
        if self._is_known(event):
            return False
        look = self._looks.pop(event.uid, None)
        if look is not None and event.container in look.ids:
            self._looks[event.uid] = look.doubted()
        return True

    def _is_known(self, event: EngineEvent) -> bool:
        """Whether it is the echo of what a pass did: what runs has been started, and what is gone has ended."""
        seen = self._seen.get(event.uid, frozenset())
        if seen is NOTHING_LEFT:
            return event.action in OF_AN_END
        look = self._looks.get(event.uid)
        if look is not None and look.knows(event.container, event.action, event.at):
            return True
        return event.action in _OF_A_START and (event.container, ContainerState.RUNNING.value) in seen


def fingerprint(listed: Sequence[ListedContainer]) -> Fingerprint:
    """What tells one look at a playground's containers from another."""
    return frozenset((container.id, container.state.value) for container in listed)


def holds_for_good(desired: DesiredState, result: PassResult) -> bool:
    """Whether time alone does not change what the glance came to: nothing is due, and no restart lies ahead.

    (A restart may have been asked for before the clock was set back, and is overlooked until it is that late again.)
    """
    asked_at = desired.playground.metadata.restart_requested_at
    ahead = asked_at is not None and result.watch is not None and asked_at > result.watch.since
    return result.look_again_after is None and not ahead
