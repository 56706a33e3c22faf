"""What the property tests draw from: specs, edits, worlds in any state. Every new field of a spec joins here."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from api.resources.playground import DesiredRunState, PlaygroundSpec, Readiness, Resources, RestartPolicy
from controller.domain.observed import ContainerState

RELEASES = ("hello@1.0.0", "other@2.1.0")
SPEC_HASHES = ("", "0" * 12, "f" * 12)
DIGESTS = ("a", "b", "bad")
"""Contents of plugins; no image can be built of the last."""
_MEGABYTE = 1024 * 1024


@st.composite
def specs(draw: st.DrawFn, release: str = RELEASES[0], *, may_fail: bool = True) -> PlaygroundSpec:
    """Any spec of a release: of an image that is there or of a plugin; of one that never serves, where it may fail."""
    environments = [{}, {"A": "1"}, {"A": "2"}, {"START_DELAY_MS": "3000"}]
    if may_fail:
        environments += [{"CRASH_AFTER_MS": "50"}, {"CRASH_AFTER_MS": "90000"}, {"NEVER_LISTEN": "1"}]
        environments += [{"UNHEALTHY_AFTER_MS": "20000"}]
    digest = draw(st.sampled_from((None, *(DIGESTS if may_fail else DIGESTS[:2]))))
    source: dict[str, Any] = {"image": "ready-made:1"}
    if digest is not None:
        source = {"plugin": {"digest": f"sha256:{digest * 8}"}}
    return PlaygroundSpec(
        plugin_release=release,
        envs=draw(st.sampled_from(environments)),
        params=draw(st.sampled_from(({}, {"size": 1}))),
        state=draw(st.sampled_from(DesiredRunState)),
        restart_policy=draw(st.sampled_from(RestartPolicy)) if may_fail else RestartPolicy.ALWAYS,
        readiness=Readiness(path=draw(st.sampled_from(("/config", "/ready"))), timeout=5.0),
        resources=Resources(memory=draw(st.sampled_from((None, 64 * _MEGABYTE)))),
        **source,
    )


@dataclass(frozen=True)
class Leftover:
    """A container that is there before the controller looks: of one of its playgrounds, or of anybody."""

    owner: str
    """`ours`, `theirs` (another controller), `orphan` (ours, without a record), `foreign` (no label of ours at all)."""
    playground: int
    spec_hash: str | None
    """None: the hash that its playground's spec has now."""
    state: ContainerState
    port: int | None
    """Which of the range; None: the port of its playground."""
    age: float
    takes_name: bool
    """Whether it has the name that the playground's container should get."""


_leftovers = st.builds(
    Leftover,
    owner=st.sampled_from(("ours", "ours", "theirs", "orphan", "foreign")),
    playground=st.integers(0, len(RELEASES) - 1),
    spec_hash=st.sampled_from((None, *SPEC_HASHES)),
    state=st.sampled_from((ContainerState.CREATED, ContainerState.RUNNING, ContainerState.EXITED)),
    port=st.sampled_from((None, 0, 1, 5)),
    age=st.sampled_from((1.0, 100.0, 10_000.0)),
    takes_name=st.booleans(),
)


@dataclass(frozen=True)
class Beginning:
    """A world before the controller looks at it."""

    specs: tuple[PlaygroundSpec, ...]
    """One playground for each, of a release of its own."""
    settled_first: bool
    """Whether the playgrounds were brought to rest before the leftovers came."""
    leftovers: tuple[Leftover, ...]
    host_ports: frozenset[int]
    unseen_ports: frozenset[int]
    passes_before: int
    """How many steps of the controller came between what was asked for and what comes then: unsettled starts."""
    deleted: frozenset[int]
    """Playgrounds whose deletion is asked for."""
    forgets_ports: bool
    """Whether the ledger has lost its reservations, as after a backup was put back."""


@st.composite
def beginnings(draw: st.DrawFn, *, may_fail: bool = True) -> Beginning:
    """Any world: unsettled starts, duplicates, strangers, other controllers' containers, taken ports."""
    ports = st.frozensets(st.integers(0, 3), max_size=2)
    return Beginning(
        specs=tuple(draw(specs(release, may_fail=may_fail)) for release in RELEASES[: draw(st.integers(1, 2))]),
        settled_first=draw(st.booleans()),
        leftovers=tuple(draw(st.lists(_leftovers, max_size=4))),
        host_ports=draw(ports),
        unseen_ports=draw(ports),
        passes_before=draw(st.integers(0, 6)),
        deleted=draw(st.frozensets(st.integers(0, 1), max_size=1)),
        forgets_ports=draw(st.booleans()),
    )


READS = ("listing", "containers_of", "inspected", "published_ports", "has_image", "log_tail")
blindness = st.frozensets(st.sampled_from(READS), min_size=1)
"""Reads of the engine that fail, in any combination."""
