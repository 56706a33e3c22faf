"""The wire forms beside the playground's own: lists, events, releases, dry runs, messages of streams, errors.

What is answered is made by hand where it is quick; these models describe it, and the tests hold the two together.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue

from api.resources.manifest import PlaygroundManifest, Timestamp, Wire


class Open(Wire):
    """A form that may gain fields."""

    model_config = ConfigDict(extra="ignore")


class ListMetadata(Wire):
    """Which state a list shows, and how to go on."""

    resource_version: str
    """Watch from here to miss nothing."""
    continue_: Annotated[str | None, Field(alias="continue")] = None
    """Give it back as `continue` for the next page."""
    remaining_item_count: int | None = None


class PlaygroundList(Wire):
    """Playgrounds as of one moment."""

    api_version: Literal["playground/v1"]
    kind: Literal["PlaygroundList"]
    metadata: ListMetadata
    items: list[PlaygroundManifest]


class EventMetadata(Wire):
    """Which event it is."""

    name: str
    resource_version: str


class InvolvedObject(Wire):
    """What it happened to."""

    kind: Literal["Playground"]
    name: str
    uid: str


class EventManifest(Wire):
    """Something that happened, once or several times in a row."""

    api_version: Literal["playground/v1"]
    kind: Literal["Event"]
    metadata: EventMetadata
    involved_object: InvolvedObject
    type: Literal["Normal", "Warning"]
    reason: str
    message: str
    count: int
    first_timestamp: Timestamp
    last_timestamp: Timestamp


class EventList(Wire):
    """Events, the newest last."""

    api_version: Literal["playground/v1"]
    kind: Literal["EventList"]
    metadata: ListMetadata
    items: list[EventManifest]


class ReleaseMetadata(Wire):
    """Which release it is, as `code@version`."""

    name: str
    creation_timestamp: Timestamp
    update_timestamp: Timestamp


class ReleaseSpec(Wire):
    """What it stands for now."""

    code: str
    version: str
    title: str
    archive: str
    """The digest of its content."""
    size: int
    """Bytes of the upload."""
    entrypoint: str | None
    env_names: list[str]
    """The variables its config.yaml sets; values may be secrets."""


class PluginReleaseManifest(Wire):
    """A plugin release that was uploaded."""

    api_version: Literal["playground/v1"]
    kind: Literal["PluginRelease"]
    metadata: ReleaseMetadata
    spec: ReleaseSpec
    warnings: list[str] | None = None
    """What is odd about an upload, and was let pass."""


class PluginReleaseList(Wire):
    """Releases, the oldest first."""

    api_version: Literal["playground/v1"]
    kind: Literal["PluginReleaseList"]
    metadata: ListMetadata
    items: list[PluginReleaseManifest]


class PlanView(Wire):
    """What the reconciler would do in its next pass."""

    situation: str
    actions: list[str]
    text: str


class DryRun(Wire):
    """What a write would come to."""

    api_version: Literal["playground/v1"]
    kind: Literal["DryRun"]
    result: Literal["created", "configured", "unchanged", "deleted"]
    object: PlaygroundManifest
    plan: PlanView | None
    plan_unavailable: str | None = None
    """Why there is no plan."""


class WatchMessage(Wire):
    """A line of a watch. `object` is a playground or an event; of a BOOKMARK, only its version."""

    type: Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]
    object: dict[str, JsonValue]


class LogMessage(Wire):
    """A line of a log stream."""

    type: Literal["log", "heartbeat", "end"]
    at: str | None = None
    """Give it back as `since` to go on after this line."""
    line: str | None = None
    reason: str | None = None
    """Why the stream has ended."""


class Flaw(Open):
    """One thing that is wrong with a request."""

    loc: list[str | int]
    msg: str
    type: str
    line: int | None = None
    column: int | None = None
    document: int | None = None


class Error(Open):
    """Every error: a sentence, or all that is wrong. With `Accept: application/problem+json`, RFC 9457."""

    detail: str | list[Flaw]


class Health(Open):
    """Whether the process can do its work."""

    status: Literal["ok", "unavailable"]
    reason: str | None = None


MODELS: tuple[type[Wire], ...] = (
    PlaygroundManifest,
    PlaygroundList,
    EventManifest,
    EventList,
    PluginReleaseManifest,
    PluginReleaseList,
    DryRun,
    WatchMessage,
    LogMessage,
    Error,
    Health,
)
