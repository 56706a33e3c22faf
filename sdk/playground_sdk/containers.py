"""The calls on ``containers/`` and ``builds/``: playgrounds, kept by the server as they are wanted."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, cast, overload
from urllib.parse import parse_qsl, urlsplit

from playground_sdk._base import ClientBase, as_object, segment
from playground_sdk.models import Build, Container, EventRecord, Page, Usage
from playground_sdk.multipart import MultipartBody
from playground_sdk.releases import ReleaseLike, release_fields
from playground_sdk.wait import OnProgress, await_build, await_status, upload_reporter

__all__ = ["ContainerClientMixin"]

_ROOT = "containers/"
_PAGE_SIZE = 100


class ContainerClientMixin(ClientBase):
    """Create, list, change, look into and delete playgrounds.

    An id is a record's number, a Docker container id (or its first twelve digits or more), or a name.
    """

    def create_container(  # noqa: PLR0913 - a published interface
        self,
        plugin_release: str | ReleaseLike | None = None,
        *,
        model: int | None = None,
        params: Mapping[str, Any] | None = None,
        envs: Mapping[str, Any] | None = None,
        metadata: Mapping[str, Any] | None = None,
        labels: Iterable[str] | None = None,
        plugin_file: str | Path | None = None,
        kind: str | None = None,
        backend_container_id: int | str | None = None,
        image: str | None = None,
        wait: bool = True,
        timeout: float = 300,
        on_progress: OnProgress | None = None,
    ) -> Container:
        """Ask for a playground and, unless ``wait`` is false, wait until it serves.

        Kind, release and model are its identity: asked for again, the same container is started again (the reply
        says ``restarted: true``), or replaced when the archive, ``params`` or ``envs`` have changed.

        Args:
            plugin_release: ``"code@version"`` or a release object; may be left out with ``plugin_file``.
            model: belongs to the identity; 0 is a model, None is none.
            params: reach the app as JSON in ``PLUGIN_PARAMS``.
            envs: further environment variables.
            metadata: kept with the record.
            labels: for filtering lists.
            plugin_file: the plugin as a ZIP archive; streamed from disk.
            kind: ``plugin_runtime`` (the default) or ``code_server``.
            backend_container_id: kept with the record.
            image: what a ``code_server`` runs: an image that is on the server's engine and that its operator allows.
            timeout: seconds to wait after the create was recorded.
            on_progress: called with a Progress for the upload's pieces and at every change while waiting.

        Returns the container; with ``wait=False``, or from a server without builds, the reply to the create as it is.

        Raises:
            ValueError, TypeError, FileNotFoundError, IsADirectoryError: nothing was sent, the arguments are not right.
            ApiError, TransportError: the server refused, or did not answer.
            BuildFailedError, BuildCancelledError: at once, with reason and log lines.
            WaitTimeoutError: it is recorded, and not there yet; says what it waits for.
        """
        fields = _create_fields(plugin_release, plugin_file, model, labels)
        fields |= _given_dicts(params=params, envs=envs, metadata=metadata)
        given = {"kind": kind, "backend_container_id": backend_container_id, "image": image}
        fields |= {key: value for key, value in given.items() if value is not None}
        body: Mapping[str, Any] | MultipartBody = fields
        if plugin_file is not None:
            archive = _archive(plugin_file)
            on_sent = upload_reporter(on_progress, archive.name, self._clock) if on_progress else None
            body = MultipartBody(_form_fields(fields), archive, on_sent=on_sent)
        reply = cast("Container", as_object(self._transport.request("POST", _ROOT, body=body), "The create"))
        build_id = reply.get("build_id")
        if not wait or not build_id:
            return reply
        build = self.wait_for_build(build_id, timeout=timeout, on_progress=on_progress)
        return _created(reply, build)

    def get_build_status(self, build_id: str) -> Build:
        """Where a build is: ``status``, ``message``, ``conditions``, and in the end ``result`` or ``error``."""
        return cast("Build", self._object("GET", f"builds/{segment(build_id, 'A build id')}/"))

    def wait_for_build(self, build_id: str, *, timeout: float = 300, on_progress: OnProgress | None = None) -> Build:
        """Wait until a build is completed, and return its reply; raises as the waiting create does."""
        return await_build(
            lambda: self.get_build_status(build_id),
            build_id,
            timeout=timeout,
            on_progress=on_progress,
            clock=self._clock,
        )

    @overload
    def list_containers(self, params: Mapping[str, Any] | None = None, *, list_all: Literal[False] = False) -> Page: ...
    @overload
    def list_containers(
        self, params: Mapping[str, Any] | None = None, *, list_all: Literal[True]
    ) -> tuple[list[Container], int]: ...
    def list_containers(
        self, params: Mapping[str, Any] | None = None, *, list_all: bool = False
    ) -> Page | tuple[list[Container], int]:
        """One page of the playgrounds as it came, or with ``list_all`` all of them and their number.

        ``params`` filters by equality: ``status``, ``plugin_release``, ``model``, ``kind``, ``label`` (a list: all
        must hold), and chooses ``page`` and ``page_size``.
        """
        if not list_all:
            return self._page(params)
        containers: list[Container] = []
        query: Mapping[str, Any] = {"page_size": _PAGE_SIZE, **(params or {})}
        asked: set[str] = set()
        while True:
            page = self._page(query)
            containers.extend(page["results"])
            following = page.get("next")
            if not following or following in asked:
                return containers, page.get("count", len(containers))
            asked.add(following)
            # Only its query is followed: its host may be one we can't reach, or should not tell the token.
            query = _query(following)

    def get_container(self, container_id: int | str) -> Container:
        """One playground with everything known about it; raises NotFoundError."""
        return cast("Container", self._object("GET", _path(container_id)))

    def update_container(self, container_id: int | str, *, status: str | None = None) -> Container:
        """Ask for another status, ``stopped`` or ``running``; the reply is the playground as it is now."""
        body = {} if status is None else {"status": status}
        return cast("Container", self._object("PATCH", _path(container_id), body))

    def restart_container(self, container_id: int | str) -> Container:
        """Ask for the same container to be started again."""
        return cast("Container", self._object("POST", f"{_path(container_id)}/restart/"))

    def delete_container(self, container_id: int | str) -> None:
        """Ask for a playground to go away; it is gone when ``get_container`` says ``deleted`` or finds nothing."""
        self._transport.request("DELETE", _path(container_id))

    def wait_for_status(
        self,
        container_id: int | str,
        status: str,
        *,
        timeout: float = 300,
        on_progress: OnProgress | None = None,
    ) -> Container | None:
        """Wait until a playground has a status; ``deleted`` also when it is gone (then the result is None).

        Raises:
            StartFailedError: at once, when it has failed instead.
            WaitTimeoutError: not within ``timeout`` seconds; says what it waits for.
        """
        return await_status(
            lambda: self.get_container(container_id),
            str(container_id),
            status,
            timeout=timeout,
            on_progress=on_progress,
            clock=self._clock,
        )

    def get_container_logs(self, container_id: int | str, *, tail: int = 100) -> str:
        """The last ``tail`` lines the app has printed."""
        return self._transport.text(f"{_path(container_id)}/logs/", params={"tail": tail})

    def get_container_usage(self, container_id: int | str) -> Usage:
        """What it uses now: percent of one core, and bytes. The server measures it when asked, for a second or two."""
        return cast("Usage", self._object("GET", f"{_path(container_id)}/resources/"))

    def list_container_events(self, container_id: int | str) -> list[EventRecord]:
        """What has happened to a playground, oldest first."""
        reply = self._object("GET", f"{_path(container_id)}/events/")
        return cast("list[EventRecord]", reply.get("results") or [])

    def _page(self, params: Mapping[str, Any] | None) -> Page:
        return cast("Page", as_object(self._transport.request("GET", _ROOT, params=params), "The list of containers"))


def _path(container_id: int | str) -> str:
    return _ROOT + segment(container_id, "A container id")


def _query(url: str) -> dict[str, list[str]]:
    """The query of a URL, with repeated keys kept."""
    query: dict[str, list[str]] = {}
    for key, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        query.setdefault(key, []).append(value)
    return query


def _create_fields(
    release: str | ReleaseLike | None, plugin_file: str | Path | None, model: int | None, labels: Iterable[str] | None
) -> dict[str, Any]:
    """Check and write what names the playground: release, model, labels."""
    if release is None and plugin_file is None:
        raise ValueError("What should run? Give plugin_release ('code@version') or plugin_file (a ZIP archive).")
    fields = {} if release is None else release_fields(release)
    if model is not None:
        if isinstance(model, bool) or not isinstance(model, int):
            raise TypeError(f"model must be an int, not {type(model).__name__}.")
        fields["model"] = model
    if labels is not None:
        if isinstance(labels, str | Mapping):
            raise TypeError(f"labels must be a list of strings, not {type(labels).__name__}.")
        fields["labels"] = [str(label) for label in labels]
    return fields


def _given_dicts(**values: Mapping[str, Any] | None) -> dict[str, Any]:
    """Those that were given, as plain dicts."""
    for key, value in values.items():
        if value is not None and not isinstance(value, Mapping):
            raise TypeError(f"{key} must be a mapping, not {type(value).__name__}.")
    return {key: dict(value) for key, value in values.items() if value is not None}


def _created(reply: Container, build: Build) -> Container:
    """The completed build's container, with what only the reply to the create tells."""
    container = build.get("result") or reply
    if reply.get("restarted"):
        container.setdefault("restarted", True)
    if reply.get("warnings"):
        container.setdefault("warnings", reply["warnings"])
    return container


def _archive(plugin_file: str | Path) -> Path:
    """The archive's path, when there is such a file."""
    if not isinstance(plugin_file, str | Path):
        raise TypeError(f"plugin_file must be a path, not {type(plugin_file).__name__}.")
    path = Path(plugin_file).expanduser()
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; pack it into a ZIP archive first (playground_sdk.packing does).")
    if not path.is_file():
        raise FileNotFoundError(f"There is no plugin archive at {path}.")
    return path


def _form_fields(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A create's keys as form fields: dicts as JSON text, labels repeated, the rest as text; what is None left out."""
    form: list[tuple[str, str]] = []
    for key, value in fields.items():
        if isinstance(value, list):
            form.extend((key, str(item)) for item in value)
        elif isinstance(value, dict):
            form.append((key, json.dumps(value, allow_nan=False)))
        elif value is not None:
            form.append((key, str(value)))
    return form
