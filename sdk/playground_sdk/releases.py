"""Plugin releases: the value a create can be given, and the calls on ``plugin_releases/``.

A release of another SDK serves as well: whatever has ``code``, ``version`` and (if possible) ``config`` is one.
"""

from collections.abc import Mapping
from typing import Any, Protocol, cast, runtime_checkable

from playground_sdk._base import ClientBase, as_object, segment
from playground_sdk.models import Page

__all__ = ["PluginRelease", "PluginReleaseClientMixin", "ReleaseLike", "entrypoint_path", "release_fields"]


@runtime_checkable
class ReleaseLike(Protocol):
    """What a create reads from a release object; ``config`` and ``plugin`` are read where they are there."""

    @property
    def code(self) -> str:
        """The plugin's code, or already ``code@version``."""

    @property
    def version(self) -> Any:
        """The version; a number is taken for text."""


class PluginRelease:
    """One version of a plugin, described by its ``config.yaml`` (already parsed).

    Raises:
        TypeError: ``config`` is no mapping.
        ValueError: ``code`` or ``version`` is missing.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        if not isinstance(config, Mapping):
            raise TypeError(f"A release's config is a mapping (the parsed config.yaml), not {type(config).__name__}.")
        missing = [key for key in ("code", "version") if config.get(key) in (None, "")]
        if missing:
            raise ValueError(f"A release's config needs {' and '.join(missing)}.")
        self.config: dict[str, Any] = dict(config)

    @property
    def code(self) -> str:
        """The plugin's code."""
        return str(self.config["code"])

    @property
    def version(self) -> str:
        """The version as text; YAML reads an unquoted 1.0 as a number."""
        return str(self.config["version"])

    @property
    def plugin(self) -> Any:
        """The plugin it is a release of: what the config says, else the code."""
        return self.config.get("plugin", self.code)

    @property
    def name(self) -> str:
        """The name for people; the code where there is none."""
        return str(self.config.get("name") or self.code)

    @property
    def category(self) -> str | None:
        """The category, where the config names one."""
        value = self.config.get("category")
        return None if value is None else str(value)

    @property
    def actions(self) -> dict[str, Any]:
        """The actions by name, in the config's order."""
        value = self.config.get("actions")
        return dict(value) if isinstance(value, Mapping) else {}

    @property
    def lookup(self) -> str:
        """``code@version``: what ``get_plugin_release`` and the lists' filters take."""
        return f"{self.code}@{self.version}"

    def __eq__(self, other: object) -> bool:
        return self.config == other.config if isinstance(other, PluginRelease) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.lookup)

    def __repr__(self) -> str:
        return f"PluginRelease({self.lookup})"


class PluginReleaseClientMixin(ClientBase):
    """The calls on ``plugin_releases/``; a lookup is a number or ``code@version``."""

    def list_plugin_releases(self, params: Mapping[str, Any] | None = None) -> Page:
        """One page of the releases the server knows."""
        return cast(
            "Page", as_object(self._transport.request("GET", "plugin_releases/", params=params), "The list of releases")
        )

    def get_plugin_release(self, lookup: int | str) -> dict[str, Any]:
        """One release; raises NotFoundError where it is unknown."""
        return self._object("GET", f"plugin_releases/{segment(lookup, 'A release lookup')}")

    def create_plugin_release(self, plugin: str, version: str) -> dict[str, Any]:
        """Have the server fetch and keep a release; the reply carries its ``id``."""
        return self._object("POST", "plugin_releases/", {"plugin": plugin, "version": str(version)})

    def delete_plugin_release(self, lookup: int | str) -> None:
        """Forget a release; raises ConflictError while a playground uses it."""
        self._transport.request("DELETE", f"plugin_releases/{segment(lookup, 'A release lookup')}")


def release_fields(release: str | ReleaseLike) -> dict[str, Any]:
    """The keys of a create that name the release.

    From a string: ``plugin_release``, and ``plugin`` and ``version`` where it has an ``@`` (the last one divides).
    From an object: its code, plugin and version, and of its first action the name and the entry point.

    Raises:
        TypeError: it is neither.
        ValueError: the string is empty.
    """
    if isinstance(release, str):
        if not release.strip():
            raise ValueError("plugin_release is empty; write code@version.")
        plugin, at, version = release.rpartition("@")
        return {"plugin_release": release, **({"plugin": plugin, "version": version} if at else {})}
    if not isinstance(release, ReleaseLike):
        raise TypeError(
            f"plugin_release must be a 'code@version' string or a PluginRelease, not {type(release).__name__}."
        )
    fields = {
        "plugin_release": str(release.code),
        "plugin": getattr(release, "plugin", None),
        "version": None if release.version is None else str(release.version),
    }
    config = getattr(release, "config", None)
    actions = config.get("actions") if isinstance(config, Mapping) else None
    if isinstance(actions, Mapping) and actions:
        # The first action need not be called "gradio".
        name, action = next(iter(actions.items()))
        fields["action"] = str(name)
        entrypoint = action.get("entrypoint") if isinstance(action, Mapping) else None
        if entrypoint:
            fields["entrypoint"] = entrypoint_path(str(entrypoint))
    return fields


def entrypoint_path(entrypoint: str) -> str:
    """The file behind an entry point: ``pkg.mod:attr`` and ``pkg.mod.attr`` are ``pkg/mod.py``; a path stays one."""
    if entrypoint.endswith(".py") or "/" in entrypoint:
        return entrypoint
    module, colon, _ = entrypoint.partition(":")
    if not colon:
        module = entrypoint.rpartition(".")[0] or entrypoint
    return module.replace(".", "/") + ".py"
