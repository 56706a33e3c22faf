"""The wire form of a playground: `apiVersion: playground/v1`, `kind: Playground`, in camelCase.

One model for what people write and for what is answered; the JSON Schema for editors is made from it. Strict: a text is
a text and a number a number, and what is not known is refused.
"""

import json
from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel

from api.resources.playground import ENV_LIMIT, ENV_TOTAL
from api.resources.quantities import (
    BYTES_PATTERN,
    CPU_PATTERN,
    DURATION_PATTERN,
    parse_bytes,
    parse_cpu,
    parse_duration,
)
from api.resources.secret import NAME_PATTERN as SECRET_NAME
from api.resources.secret import VARIABLE_PATTERN

API_VERSION = "playground/v1"
KIND = "Playground"
DIGEST = r"^sha256:[0-9a-f]{64}$"
_LEAST_MEMORY, _LEAST_SHM = 6 * 1024 * 1024, 1024 * 1024
_LONGEST_TTL, _LONGEST_START = 10 * 365 * 86_400.0, 3600.0
_MAX_LABELS = 100
_MAX_ENV_FROM = 20


def _cores(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("cores are written as 1, 0.5 or 500m")
    parse_cpu(value)
    return str(value)


def _size(least: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError("bytes are written as 512Mi, 2Gi or 1000000")
        if parse_bytes(value) < least:
            raise ValueError(f"at least {least // 2**20}Mi are needed")
        return str(value)

    return check


def _duration(most: float) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not 0 < parse_duration(value) <= most:
            raise ValueError(f"more than nothing and at most {most / 3600:g}h is expected")
        return value

    return check


def _bytes_schema(least: int) -> dict[str, Any]:
    return {"anyOf": [{"type": "string", "pattern": BYTES_PATTERN}, {"type": "integer", "minimum": least}]}


def _release(text: str) -> str:
    code, _, version = text.rpartition("@")
    if not code or not version or not text.isprintable() or text != text.strip():
        raise ValueError("a release is written code@version, such as hello-gradio@1.0.0")
    return text


def _digest(text: str) -> str:
    if len(text) != 71 or not text.startswith("sha256:") or set(text[7:]) - set("0123456789abcdef"):
        raise ValueError(
            "a server takes the digest of a content that is uploaded, sha256:…; "
            "a folder or a ZIP is packed and uploaded by `playground apply`"
        )
    return text


def _image(text: str) -> str:
    if not text.isprintable() or " " in text:
        raise ValueError("an image is written name:tag, in one word")
    return text


def _label_name(text: str) -> str:
    if not text.isprintable() or "=" in text or not text.strip():
        raise ValueError("a label's name is one line of text without '='")
    return text


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("a label's value is one line of text")
    return text


def _no_nul(text: str) -> str:
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("a text holds a NUL, or half of a character")
    return text


Cores = Annotated[
    str,
    BeforeValidator(_cores),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": CPU_PATTERN}, {"type": "number", "exclusiveMinimum": 0}]}),
]
Memory = Annotated[str, BeforeValidator(_size(_LEAST_MEMORY)), WithJsonSchema(_bytes_schema(_LEAST_MEMORY))]
SharedMemory = Annotated[str, BeforeValidator(_size(_LEAST_SHM)), WithJsonSchema(_bytes_schema(_LEAST_SHM))]
_DURATION_SCHEMA = {"type": "string", "pattern": DURATION_PATTERN}
StartTime = Annotated[str, AfterValidator(_duration(_LONGEST_START)), WithJsonSchema(_DURATION_SCHEMA)]
LifeTime = Annotated[str, AfterValidator(_duration(_LONGEST_TTL)), WithJsonSchema(_DURATION_SCHEMA)]
Digest = Annotated[str, AfterValidator(_digest), WithJsonSchema({"type": "string", "pattern": DIGEST})]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
LabelName = Annotated[str, StringConstraints(min_length=1, max_length=300), AfterValidator(_label_name)]
LabelValue = Annotated[str, StringConstraints(max_length=300), AfterValidator(_printable)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]
Timestamp = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]


class Wire(BaseModel):
    """The base of all wire forms."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, use_attribute_docstrings=True
    )


class PluginManifest(Wire):
    """What runs: a release that is known, a content by its digest, or an image that is there."""

    release: Annotated[str, StringConstraints(max_length=300), AfterValidator(_release)] | None = None
    """`code@version`. Applied again, it takes what was uploaded under that name meanwhile."""
    archive: Digest | None = None
    """The digest of an uploaded content, which stays what it is. In a file for `playground apply`: a folder or ZIP."""
    image: Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_image)] | None = None
    """An image that is on the machine, instead of one built from a plugin."""

    @model_validator(mode="after")
    def _one_of_them(self) -> "PluginManifest":
        if self.release is None and self.archive is None and self.image is None:
            raise ValueError("what shall run? Name a release, an archive, or an image")
        if self.image is not None and self.archive is not None:
            raise ValueError("an image runs as it is: leave the archive out, or the image")
        return self


class EnvManifest(Wire):
    """One environment variable: a value, or the name of a secret; with neither it keeps the value that it has."""

    name: Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN, max_length=256)]
    value: Annotated[str, StringConstraints(max_length=ENV_LIMIT), AfterValidator(_no_nul)] | None = None
    secret_ref: Annotated[str, StringConstraints(pattern=SECRET_NAME, max_length=63)] | None = None
    """A secret that the operator has set (`playground-server secret set NAME`). Its value is never shown."""
    secret: bool = False
    """Whether the value is never shown again: not in replies, events or logs."""

    @model_validator(mode="after")
    def _one_of_them(self) -> "EnvManifest":
        if self.value is not None and self.secret_ref is not None:
            raise ValueError(f"{self.name} has a value and a secretRef: which of them?")
        if self.secret and self.secret_ref is not None:
            raise ValueError(f"{self.name} has a secretRef, and is secret by that: leave `secret` out.")
        return self


class EnvFromManifest(Wire):
    """Many variables at once: all lines `NAME=value` of a secret. None of their values is ever shown."""

    secret_ref: Annotated[str, StringConstraints(pattern=SECRET_NAME, max_length=63)]
    """A secret that the operator has set from such lines (`playground-server secret set NAME --env-file`)."""
    prefix: Annotated[str, StringConstraints(pattern=VARIABLE_PATTERN, max_length=100)] | None = None
    """Stands before each of their names: `HF_`."""


class ResourcesManifest(Wire):
    """Limits; what is left out is the operator's default, which is also the most there is."""

    cpu: Cores | None = None
    """Cores: `"1"`, `"500m"`."""
    memory: Memory | None = None
    """Bytes: `2Gi`."""
    gpu: Annotated[int, Field(ge=0, le=64)] | None = None
    """Graphics processors for it alone."""
    shm: SharedMemory | None = None
    """Shared memory (/dev/shm), part of its memory: `64Mi`."""


class PortManifest(Wire):
    """Ports."""

    host: PortNumber | None = None
    """The host port it shall have and no other; it must lie in the server's range."""
    container: PortNumber | None = None
    """The port its page listens on inside; 7860 when left out."""


class ReadinessManifest(Wire):
    """The probe that decides whether it serves."""

    path: Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=1000)] | None = None
    """What is asked for by HTTP GET; `/config` when left out."""
    timeout: StartTime | None = None
    """From the container's start to the first success: `60s`."""


class SpecManifest(Wire):
    """What is wanted. Every change of it is a new generation."""

    kind: Literal["plugin_runtime", "code_server"] | None = None
    """What runs in the container; `plugin_runtime` when left out."""
    plugin: PluginManifest
    model: Annotated[int, Field(ge=-(10**18), le=10**18)] | None = None
    """The model's number. A release and a model have one playground at most."""
    params: dict[str, JsonValue] | None = None
    """What the plugin finds in PLUGIN_PARAMS, as JSON."""
    env: list[EnvManifest] | None = None
    env_from: Annotated[list[EnvFromManifest], Field(max_length=_MAX_ENV_FROM)] | None = None
    """Where more variables come from; a later one goes over an earlier one, and `env` over all of them."""
    state: Literal["Running", "Stopped"] | None = None
    resources: ResourcesManifest | None = None
    port: PortManifest | None = None
    readiness: ReadinessManifest | None = None
    restart_policy: Literal["Always", "OnFailure", "Never"] | None = None
    """When a container that ended by itself is started again; `Always` when left out."""
    egress: bool | None = None
    """Whether it may reach other networks; `true` when left out, and never more than the operator allows."""
    ttl: LifeTime | None = None
    """It is deleted this long after its last change: `8h`."""

    @model_validator(mode="after")
    def _fits(self) -> "SpecManifest":
        names = Counter(variable.name for variable in self.env or ())
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(f"env has {', '.join(twice[:5])} more than once")
        if sum(len(variable.name) + len((variable.value or "").encode()) for variable in self.env or ()) > ENV_TOTAL:
            raise ValueError(f"env is larger than {ENV_TOTAL} bytes in all")
        if len(json.dumps(self.params or {}, ensure_ascii=False).encode("utf-8", "replace")) > ENV_LIMIT:
            raise ValueError(f"params are longer as JSON than the {ENV_LIMIT} bytes that fit an environment")
        if self.kind == "code_server" and self.plugin.image is None:
            raise ValueError("kind code_server runs an image that is there already: name it as plugin.image")
        return self


class MetadataManifest(Wire):
    """Who it is. What the server alone decides may be in a document, as it was read from one, and is not written."""

    name: Name
    """Lower-case letters, digits and '-'."""
    labels: Annotated[dict[LabelName, LabelValue], Field(max_length=_MAX_LABELS)] | None = None
    annotations: dict[str, JsonValue] | None = None
    uid: str | None = None
    """Given by the server; in a document it guards against writing to another playground of the same name."""
    resource_version: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}$")] | None = None
    """Which state was read; in a document it guards against undoing what others wrote since."""
    generation: int | None = None
    creation_timestamp: Timestamp | None = None
    deletion_timestamp: Timestamp | None = None


class ConditionManifest(Wire):
    """One observation."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    observed_generation: int
    last_transition_time: Timestamp


class FailureManifest(Wire):
    """The last time it went wrong."""

    reason: str
    message: str
    time: Timestamp
    exit_code: int | None = None
    oom_killed: bool = False
    log_tail: list[str] = Field(default_factory=list)


class StatusManifest(Wire):
    """What the controller saw. Only it writes this: in a document it is ignored."""

    phase: str
    message: str | None = None
    observed_generation: int
    conditions: list[ConditionManifest]
    endpoint: str | None = None
    host_port: int | None = None
    container_id: str | None = None
    image: str | None = None
    archive: str | None = None
    """The digest of the plugin's content that the release stood for when it was applied."""
    restarts: int
    failures: int
    last_failure: FailureManifest | None = None
    next_attempt_at: Timestamp | None = None
    expires_at: Timestamp | None = None


class PlaygroundManifest(Wire):
    """A playground: what is wanted, and what was seen."""

    api_version: Literal["playground/v1"]
    kind: Literal["Playground"]
    metadata: MetadataManifest
    spec: SpecManifest
    status: StatusManifest | None = None
