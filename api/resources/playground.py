"""The Playground resource: metadata, spec (what is wanted), status (what the controller saw)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue, StringConstraints

from api.resources.conditions import Condition, Reason
from api.resources.identity import Identity, Kind, identity_key
from api.resources.secret import VARIABLE_PATTERN
from api.resources.value import Value

GRADIO_PORT = 7860

ENV_LIMIT = 128 * 1024 - 256
"""Bytes of one variable in an environment: Linux takes 128 KiB with its name; PLUGIN_PARAMS is one."""
ENV_TOTAL = 512 * 1024
"""Bytes of all variables that a request may name."""

EnvName = Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN, max_length=256)]


class DesiredRunState(StrEnum):
    """Whether a container shall run."""

    RUNNING = "Running"
    STOPPED = "Stopped"


class RestartPolicy(StrEnum):
    """When a container that ended by itself is started again. Docker itself never restarts one."""

    ALWAYS = "Always"
    ON_FAILURE = "OnFailure"
    NEVER = "Never"


class PluginSource(Value):
    """The plugin as it was resolved when the playground was asked for: a later upload changes nothing here."""

    digest: str
    """`sha256:<hex>` of the plugin's content; the archive lies under it."""
    entrypoint: str | None = None
    """What the launcher imports or runs: `pkg.mod:attr` or a file's path."""
    env: dict[str, str] = Field(default_factory=dict)
    """The environment that the plugin's own config.yaml asks for."""


class Readiness(Value):
    """The probe that decides whether a playground serves."""

    path: str = Field(default="/config", pattern=r"^/[!-~]*$", max_length=1000)
    timeout: float | None = Field(default=None, gt=0, le=3600)
    """Seconds from the container's start to the first success; None takes the operator's default."""


class Resources(Value):
    """Limits of one container; None takes the operator's default."""

    memory: int | None = Field(default=None, ge=6 * 1024 * 1024)
    """Bytes."""
    cpu: float | None = Field(default=None, gt=0)
    """Cores."""
    gpu: int = Field(default=0, ge=0, le=64)
    """Graphics processors for it alone; the engine is asked for some only when this is not 0."""
    shm: int | None = Field(default=None, ge=1024 * 1024)
    """Bytes of shared memory (/dev/shm), which count as its memory; None takes the engine's default, 64 MiB."""


class SecretSet(Value):
    """All variables of one of the operator's secrets, which holds a line `NAME=value` for each."""

    secret: str
    prefix: str = ""
    """Stands before each of their names."""


class PlaygroundSpec(Value):
    """What is wanted. Every change of it is a new generation."""

    kind: Kind = Kind.PLUGIN_RUNTIME
    plugin_release: str
    model: int | None = None
    plugin: PluginSource | None = None
    image: str | None = None
    """An image that is there, instead of one built from a plugin."""
    pinned: bool = False
    """Whether the plugin's content was named by its digest: applying the release again takes no newer upload then."""
    container_port: int = Field(default=GRADIO_PORT, ge=1, le=65535)
    params: dict[str, JsonValue] = Field(default_factory=dict)
    envs: dict[EnvName, str] = Field(default_factory=dict)
    secret_envs: dict[EnvName, str] = Field(default_factory=dict)
    """Variables whose values are the operator's secrets of these names."""
    secret_sets: tuple[SecretSet, ...] = ()
    """Where more variables come from; a later one goes over an earlier one, and `envs` and `secret_envs` over all."""
    hidden_envs: tuple[EnvName, ...] = ()
    """Those of `envs`, in order, whose values were marked secret: they are shown to nobody."""
    private_envs: bool = False
    """Whether the values of `envs` are shown to nobody, as their sender could not say which are secret."""
    state: DesiredRunState = DesiredRunState.RUNNING
    restart_policy: RestartPolicy = RestartPolicy.ALWAYS
    readiness: Readiness = Readiness()
    resources: Resources = Resources()
    wanted_port: int | None = Field(default=None, ge=1, le=65535)
    """The host port it shall have and no other; None takes any free one of the range."""
    ttl: float | None = Field(default=None, gt=0)
    """Seconds after its last change of spec at which it is deleted; None keeps it."""
    egress: bool = True
    """Whether it may reach other networks, as far as the operator lets playgrounds do so at all."""

    @property
    def has_secrets(self) -> bool:
        """Whether it refers to any."""
        return bool(self.secret_envs or self.secret_sets)

    @property
    def secret_names(self) -> frozenset[str]:
        """The secrets that it refers to."""
        return frozenset(self.secret_envs.values()).union(given.secret for given in self.secret_sets)

    @property
    def identity_key(self) -> str:
        """`identity.key`, without the detour over an `Identity`."""
        return identity_key(self.kind, self.plugin_release, self.model)

    @property
    def identity(self) -> Identity:
        """(kind, plugin release, model or none)."""
        return Identity(kind=self.kind, plugin_release=self.plugin_release, model=self.model)


class Failure(Value):
    """The last time it went wrong: kept before anything is removed, so that it can always say why."""

    reason: Reason
    message: str
    at: float
    """Seconds since the epoch."""
    generation: int = 0
    """The generation that failed: a failure of an older one delays nothing."""
    incident: str = ""
    """What failed, as one text: the same incident seen again is not a second failure."""
    exit_code: int | None = None
    oom_killed: bool = False
    log_tail: tuple[str, ...] = ()
    """The last lines the build or the container wrote, at most 100."""


class PlaygroundStatus(Value):
    """What the controller saw; only the controller writes it."""

    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    container_id: str | None = None
    container_name: str | None = None
    image: str | None = None
    endpoint: str | None = None
    restarts: int = 0
    failures: int = 0
    """Failures in a row; reset by a new generation or a period of health."""
    last_failure: Failure | None = None
    next_attempt_at: float | None = None
    probe_failures: int = 0
    """Liveness probes failed in a row."""
    ready_since: float | None = None
    ready_run: str | None = None
    """Which start of which container has served: tells a start that never served from a playground gone bad."""
    ending_run: str | None = None
    """Which start of which container we have set out to end: its end is no failure, whatever came in between."""


class Metadata(Value):
    """Who it is and how often it changed. Times are seconds since the epoch."""

    id: int
    uid: str
    name: str
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, JsonValue] = Field(default_factory=dict)
    backend_container_id: str | None = None
    generation: int = 1
    resource_version: int = 0
    created_at: float
    updated_at: float
    spec_changed_at: float = 0.0
    """When this generation was asked for: what a container did before says nothing about it."""
    restart_requested_at: float | None = None
    deletion_requested_at: float | None = None
    created_by: str | None = None
    """The name of the token that first asked for it."""


class Playground(Value):
    """The resource, whole."""

    metadata: Metadata
    spec: PlaygroundSpec
    status: PlaygroundStatus = PlaygroundStatus()
    host_port: int | None = None
    """The port the ledger holds for it, from first need until deletion."""


def labels_from_list(labels: list[str]) -> dict[str, str]:
    """The platform's list of labels as a map: `gradio` becomes `{"gradio": ""}`, `team=vision` `{"team": "vision"}`."""
    pairs = (label.partition("=") for label in labels)
    return {name: value for name, _, value in pairs if name}


def labels_to_list(labels: dict[str, str]) -> list[str]:
    """The map of labels as the platform's list, the inverse of `labels_from_list`."""
    return [f"{name}={value}" if value else name for name, value in labels.items()]
