"""The declarative calls on ``/v1/playgrounds``: say what is wanted, look at what is, follow what changes.

    client = AgentClient(host="http://127.0.0.1:8000", token="…")
    applied = client.playgrounds.apply({"apiVersion": "playground/v1", "kind": "Playground", …})
    client.playgrounds.wait(applied.name)

What is applied here shows in ``client.list_containers()``, and the other way round: the records are the same.

There is no asynchronous client. It would be this code a second time, with its own mistakes; a program that needs one
call beside others has ``await asyncio.to_thread(client.playgrounds.wait, name)``.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, cast

from playground_sdk._base import ClientBase, as_object, segment
from playground_sdk._clock import Clock
from playground_sdk.errors import ClientError, NotFoundError, UnexpectedReplyError
from playground_sdk.http import Transport
from playground_sdk.log_stream import LogStream
from playground_sdk.objects import Playground, ResourceEvent
from playground_sdk.readiness import Awaited, WaitFor, await_playgrounds
from playground_sdk.wait import OnProgress
from playground_sdk.watching import Change, Listing, Watch

__all__ = ["Applied", "Difference", "Playgrounds"]

# Inside the class, `list` is a method.
_Events = list[ResourceEvent]
_Items = list[Playground]
Outcome = Literal["created", "configured", "unchanged"]
_ROOT = "v1/playgrounds"
_PAGE = 500
# The server sends a sign of life every ten seconds.
_SILENCE = 45.0
_GONE = 410
_OUTCOMES = ("created", "configured", "unchanged")


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did, or would do.

    Attributes:
        outcome: ``created``, ``configured`` or ``unchanged``.
        playground: as it is now, or would be.
        plan: of a dry run, what the controller would do, one line each; None where nobody asked.
        note: of a dry run, why there is no plan.
    """

    outcome: Outcome
    playground: Playground
    plan: str | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """The playground's name."""
        return self.playground["metadata"]["name"]


@dataclass(frozen=True, slots=True)
class Difference:
    """What an apply would change: ``before`` is None where there is nothing yet."""

    before: Playground | None
    applied: Applied

    @property
    def same(self) -> bool:
        """Whether an apply would change nothing."""
        return self.applied.outcome == "unchanged"


class Playgrounds(ClientBase):
    """The playgrounds of a server as resources; :attr:`playground_sdk.AgentClient.playgrounds` is one."""

    def __init__(self, transport: Transport, clock: Clock) -> None:
        self._transport = transport
        self._clock = clock

    def apply(
        self,
        manifest: Mapping[str, Any],
        *,
        dry_run: bool = False,
        resource_version: str | None = None,
    ) -> Applied:
        """Create a playground, or change it into what the manifest says; the same again changes nothing.

        Args:
            manifest: the document, as a dictionary; ``status`` is ignored.
            dry_run: only tell what would be done.
            resource_version: change only this version of it (``If-Match``).

        Raises:
            ValidationError: the manifest is not right; ``detail`` lists everything.
            ConflictError: it has changed since that version, or is being deleted.
        """
        name = manifest.get("metadata", {}).get("name")
        path = f"{_ROOT}/{segment(name, 'metadata.name')}"
        params = {"dryRun": "All"} if dry_run else None
        headers = {"If-Match": f'"{resource_version}"'} if resource_version else None
        reply = self._transport.exchange("PUT", path, params=params, body=dict(manifest), headers=headers)
        return _applied(as_object(reply.value, f"PUT {path}"), reply.headers)

    def diff(self, manifest: Mapping[str, Any]) -> Difference:
        """Tell what an apply would change, and change nothing; raises as :meth:`apply` does."""
        after = self.apply(manifest, dry_run=True)
        try:
            before = self.get(after.name)
        except NotFoundError:
            before = None
        return Difference(before, after)

    def get(self, name: str) -> Playground:
        """One playground; raises NotFoundError."""
        return cast("Playground", self._object("GET", _path(name)))

    def list(self, *, labels: str = "", fields: str = "") -> list[Playground]:
        """All playgrounds that the selectors match.

        Such as ``labels="team=vision,tier!=gold"`` and ``fields="status.phase=failed"``.
        """
        return self.listing(labels=labels, fields=fields).items

    def listing(self, *, labels: str = "", fields: str = "") -> Listing:
        """The same, with the resource version to watch from."""
        first: dict[str, Any] = {"limit": _PAGE, **_selectors(labels, fields)}
        params, items = dict(first), _Items()
        while True:
            try:
                page = as_object(self._transport.request("GET", _ROOT, params=params), "The list of playgrounds")
            except ClientError as exc:
                if exc.status_code != _GONE or params == first:
                    raise
                params, items = dict(first), _Items()  # the moment it was of is forgotten: list anew
                continue
            metadata = page.get("metadata") or {}
            items.extend(page.get("items") or [])
            if not metadata.get("continue"):
                return Listing(items, str(metadata.get("resourceVersion") or ""))
            params["continue"] = metadata["continue"]

    def watch(
        self,
        *,
        labels: str = "",
        fields: str = "",
        resource_version: str | None = None,
        patience: float = 300,
    ) -> Iterator[Change]:
        """Yield every change, for ever; without a version, first everything there is.

        The connection may break and the server restart: the watch goes on where it was, missing nothing and telling
        nothing twice. It gives up when the server has not answered for ``patience`` seconds.
        """
        selectors = _selectors(labels, fields)

        def stream(version: str) -> AbstractContextManager[Iterator[str]]:
            params = {"watch": "true", "resourceVersion": version, **selectors}
            return self._transport.lines(_ROOT, params=params, accept="application/jsonl", silence=_SILENCE)

        listing: Callable[[], Listing] = lambda: self.listing(labels=labels, fields=fields)  # noqa: E731
        return Watch(stream, listing, self._clock, patience).changes(resource_version)

    def wait(
        self,
        name: str,
        condition: WaitFor = "Ready",
        *,
        timeout: float = 300,
        on_progress: OnProgress | None = None,
    ) -> Playground | None:
        """Wait until a playground is ready (and return it), or with ``"delete"`` until it is gone.

        Raises:
            StartFailedError: at once, when it has failed instead; with the reason and the last log lines.
            NotFoundError: there is none, or no more.
            WaitTimeoutError: the time is over; says what it was waiting for.
        """
        found = next(self.wait_for({name: ""}, condition, timeout=timeout, on_progress=on_progress))
        if found.error is not None:
            raise found.error
        return found.playground

    def wait_for(
        self,
        names: Mapping[str, str],
        condition: WaitFor = "Ready",
        *,
        timeout: float = 300,
        on_progress: OnProgress | None = None,
    ) -> Iterator[Awaited]:
        """Wait for several at once, and yield each as soon as it is decided; a failure is in its ``error``.

        ``names`` has for each name the uid that is meant, or an empty text for whichever has the name.
        """

        def fetch() -> Mapping[str, Playground]:
            if len(names) > 1:
                return {item["metadata"]["name"]: item for item in self.list()}
            (name,) = names
            try:
                return {name: self.get(name)}
            except NotFoundError:
                return {}

        return await_playgrounds(fetch, names, condition, timeout=timeout, clock=self._clock, on_progress=on_progress)

    def logs(
        self,
        name: str,
        *,
        follow: bool = False,
        tail: int | None = None,
        since: str | None = None,
        previous: bool = False,
        build: bool = False,
    ) -> Iterator[str]:
        """Yield the lines of a playground's log; with ``follow`` those to come as well, across broken connections.

        Args:
            tail: only so many of the last lines.
            since: only lines newer than this: a duration such as ``10m``, or an ISO-8601 time.
            previous: of the container before this one.
            build: of the image's build.
        """
        flags = {"previous": previous, "build": build}
        params = {key: "true" for key, on in flags.items() if on}
        params |= {key: str(value) for key, value in (("tail", tail), ("since", since)) if value is not None}
        return LogStream(self._transport, f"{_path(name)}/log", self._clock).lines(params, follow=follow)

    def events(self, name: str | None = None) -> _Events:
        """What has happened to one playground, or to all, oldest first."""
        path = "v1/events" if name is None else f"{_path(name)}/events"
        reply = self._object("GET", path)
        return cast("_Events", reply.get("items") or [])

    def watch_events(
        self, name: str | None = None, *, resource_version: str | None = None, patience: float = 300
    ) -> Iterator[ResourceEvent]:
        """Yield the events of one playground, or of all, as they are recorded or counted again; first those there are.

        As :meth:`watch`, it survives broken connections, and goes on after the ``resource_version`` of an event that
        was told before; where the server has forgotten what came since, it begins again with the events there are, and
        leaves out those that it has told already.
        """
        path = "v1/events" if name is None else f"{_path(name)}/events"

        def stream(version: str) -> AbstractContextManager[Iterator[str]]:
            params = {"watch": "true", "resourceVersion": version}
            return self._transport.lines(path, params=params, accept="application/jsonl", silence=_SILENCE)

        def listing() -> Listing:
            reply = self._object("GET", path)
            version = str((reply.get("metadata") or {}).get("resourceVersion") or "")
            return Listing(reply.get("items") or [], version)

        watch = Watch(stream, listing, self._clock, patience, key="name", deletions=False)
        return (cast("ResourceEvent", change.playground) for change in watch.changes(resource_version))

    def patch(self, name: str, change: Mapping[str, Any], *, resource_version: str | None = None) -> Applied:
        """Change parts of a playground: a JSON merge patch, where null takes a field away."""
        headers = {"Content-Type": "application/merge-patch+json"}
        if resource_version:
            headers["If-Match"] = f'"{resource_version}"'
        reply = self._transport.exchange("PATCH", _path(name), body=dict(change), headers=headers)
        return _applied(as_object(reply.value, f"PATCH {_path(name)}"), reply.headers)

    def set_state(self, name: str, state: Literal["Running", "Stopped"]) -> Applied:
        """Have it run, or stop it; it keeps its record and its port."""
        return self.patch(name, {"spec": {"state": state}})

    def restart(self, name: str) -> None:
        """Ask for the same container to be started again; not a change of the spec."""
        self._transport.request("POST", f"{_path(name)}/restart")

    def delete(self, name: str) -> None:
        """Ask for a playground to go away, its container and its port with it; :meth:`wait` for ``delete``."""
        self._transport.request("DELETE", _path(name))


def _path(name: str) -> str:
    return f"{_ROOT}/{segment(name, 'A playground name')}"


def _selectors(labels: str, fields: str) -> dict[str, str]:
    return {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}


def _applied(value: dict[str, Any], headers: Mapping[str, str]) -> Applied:
    """Read the reply to an apply or a patch; that to a dry run carries the plan beside the object.

    Raises:
        UnexpectedReplyError: it says no result.
    """
    outcome = headers.get("Playground-Result") or value.get("result")
    if outcome not in _OUTCOMES:
        raise UnexpectedReplyError(f"The server did not say what became of it ({outcome!r}); is it of this version?")
    if value.get("kind") != "DryRun":
        return Applied(cast("Outcome", outcome), cast("Playground", value))
    plan = value.get("plan")
    text = plan.get("text") if isinstance(plan, dict) else plan
    note = str(value.get("planUnavailable") or "")
    return Applied(
        cast("Outcome", outcome), cast("Playground", value["object"]), None if text is None else str(text), note
    )
