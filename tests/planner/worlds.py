"""A tiny builder of worlds: what is wanted and what was seen, with all that does not matter filled in.

Times are seconds around `NOW`: asked for 100 s ago, created 60 s ago, started 50 s ago, ended 10 s ago.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from api.resources.build import Build
from api.resources.conditions import Reason
from api.resources.desired import DesiredState, Report
from api.resources.playground import Failure, Metadata, Playground, PlaygroundSpec, PlaygroundStatus, PluginSource
from controller.domain.container_spec import ContainerSpec, Limits
from controller.domain.observed import (
    BuildEnded,
    BuildInProgress,
    ContainerState,
    ImageState,
    Observed,
    ObservedContainer,
    Probe,
    ProbeVerdict,
    Unknown,
)
from controller.domain.outcome import ActionFailed, FailureKind, Outcome
from controller.domain.plan import Plan
from controller.planner import Policy, View, plan, report
from controller.planner.wanted import image_reference, wanted_container

NOW = 1_000_000.0
UID = "0123456789ab"
PORT = 7860
MEBIBYTE = 1024 * 1024
POLICY = Policy(
    controller_id="one",
    build_fingerprint="base/recipe",
    bind_host="127.0.0.1",
    advertise_host="play.example",
    limits=Limits(memory=512 * MEBIBYTE, cpu=2.0, pids=256, tmpfs_bytes=64 * MEBIBYTE),
    allowed_images=frozenset({"mine:*", "code:*"}),
)
PLUGIN = PluginSource(digest="sha256:" + "a" * 64, entrypoint="plugin.gradio_interface:app")
UNSEEN = Unknown("the engine did not answer")
READY = Probe(ProbeVerdict.READY)
NOT_READY = Probe(ProbeVerdict.NOT_READY, "it answered 500")
ABSENT, PRESENT, NOT_LOOKED_AT = ImageState.ABSENT, ImageState.PRESENT, ImageState.NOT_LOOKED_AT


def playground(
    *,
    port: int | None = PORT,
    generation: int = 2,
    status: PlaygroundStatus | None = None,
    asked_at: float = NOW - 100,
    restart_at: float | None = None,
    deleted_at: float | None = None,
    **spec: Any,
) -> Playground:
    """What is wanted; the keywords that are left are the spec's. Generation 2 of a plugin, unless told otherwise."""
    wanted: dict[str, Any] = {"plugin_release": "hello@1.0.0", "plugin": PLUGIN, **spec}
    metadata = Metadata(
        id=1,
        uid=UID,
        name="hello-1-0-0",
        generation=generation,
        created_at=NOW - 1000,
        updated_at=NOW - 100,
        spec_changed_at=asked_at,
        restart_requested_at=restart_at,
        deletion_requested_at=deleted_at,
    )
    return Playground(
        metadata=metadata, spec=PlaygroundSpec(**wanted), status=status or PlaygroundStatus(), host_port=port
    )


def container(name: str = "current", spec_hash: str = "", **fields: Any) -> ObservedContainer:
    """A container that runs; `state=EXITED` also fills in when it ended and exit code 1."""
    state = fields.pop("state", ContainerState.RUNNING)
    ended = state in {ContainerState.EXITED, ContainerState.DEAD}
    defaults: dict[str, Any] = {
        "id": (name + "0123456789ab").encode().hex()[:64],
        "uid": UID,
        "generation": 2,
        "image": "app:1",
        "host_port": PORT,
        "created_at": NOW - 60,
        "started_at": None if state is ContainerState.CREATED else NOW - 50,
        "finished_at": NOW - 10 if ended else None,
        "exit_code": 1 if ended else None,
    }
    return ObservedContainer(name=name, spec_hash=spec_hash, state=state, **(defaults | fields))


def current(of: Playground, **fields: Any) -> ObservedContainer:
    """A container that is as the playground wants it."""
    return container("current", wanted(of).spec_hash, **fields)


def older(**fields: Any) -> ObservedContainer:
    """A container of the generation before, on the same port."""
    return container("older", "0" * 12, **{"generation": 1, "created_at": NOW - 900, "started_at": NOW - 890, **fields})


def wanted(of: Playground, policy: Policy = POLICY) -> ContainerSpec:
    """The container that the playground wants (on the usual port while none is reserved)."""
    there = of if of.host_port is not None else of.model_copy(update={"host_port": PORT})
    spec = wanted_container(there, policy)
    assert spec is not None
    return spec


def image(of: Playground) -> str:
    """The image that the playground wants."""
    return image_reference(of.spec, POLICY)


def view(
    of: Playground,
    *containers: ObservedContainer,
    unseen: bool = False,
    now: float = NOW,
    policy: Policy = POLICY,
    open_builds: Iterable[Build] = (),
    **observed: Any,
) -> View:
    """One look; the keywords that are left are the observation's (image, build, probe, taken_ports, log_tail)."""
    seen = Observed(containers=UNSEEN if unseen else containers, **observed)
    return View(DesiredState(playground=of, open_builds=tuple(open_builds)), seen, now, policy)


def building(of: Playground | str, step: str = "") -> BuildInProgress:
    """A build in progress, of the wanted image or of the one that is named."""
    return BuildInProgress(of if isinstance(of, str) else image(of), NOW - 5, step)


def built(of: Playground, error: str | None = None, *, ended_at: float = NOW - 1, terminal: bool = False) -> BuildEnded:
    """A build of the wanted image that ended."""
    tail = ("Collecting nonsense", "ERROR: no such package") if error else ()
    return BuildEnded(image(of), ended_at, error, tail, terminal)


def failed(incident: str = "", *, at: float = NOW - 10, generation: int = 2, **fields: Any) -> Failure:
    """A failure that was reported 10 s ago."""
    defaults: dict[str, Any] = {"reason": Reason.CONTAINER_EXITED, "message": "It exited with code 1."}
    return Failure(at=at, generation=generation, incident=incident, **(defaults | fields))


def after(failure: Failure, *, next_in: float | None = 30.0, failures: int = 1, **fields: Any) -> PlaygroundStatus:
    """The status after that failure; the next attempt is so many seconds from `NOW` (None: only a change can help)."""
    next_at = None if next_in is None else NOW + next_in
    return PlaygroundStatus(last_failure=failure, next_attempt_at=next_at, failures=failures, **fields)


def open_build(**fields: Any) -> Build:
    """A build that somebody waits for."""
    defaults: dict[str, Any] = {"id": "build-1", "playground_uid": UID, "generation": 2, "created_at": NOW - 100}
    return Build(**(defaults | fields))


def planned(look: View) -> str:
    """`str(plan(look))`, with the names that carry hashes written as `<wanted>` and `<image>`."""
    return readable(str(plan(look)), look.playground)


def readable(text: str, of: Playground) -> str:
    """The text with the names that carry hashes written as `<wanted>` and `<image>`."""
    return text.replace(wanted(of).name, "<wanted>").replace(image(of), "<image>")


def all_done(decided: Plan) -> Outcome:
    """Every action succeeded."""
    return Outcome(decided.actions)


def stopped_at(decided: Plan, kind: FailureKind, message: str = "no", *, number: int = 0) -> Outcome:
    """The action with that number (from 0) failed."""
    return Outcome(decided.actions[:number], ActionFailed(decided.actions[number], kind, message))


def reported(look: View, outcome: Outcome | None = None) -> Report:
    """The report of a pass in which all went well, or as the outcome says."""
    decided = plan(look)
    return report(look, decided, all_done(decided) if outcome is None else outcome)


def told(look: View, outcome: Outcome | None = None) -> Playground:
    """The playground with the status of that pass."""
    return look.playground.model_copy(update={"status": reported(look, outcome).status})


def with_policy(**fields: Any) -> Policy:
    """The policy with these fields changed."""
    return replace(POLICY, **fields)
