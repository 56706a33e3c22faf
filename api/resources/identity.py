"""Who a playground is: the identity of which there is one living playground at most, and the names made from it."""

import hashlib
import re
from enum import StrEnum
from functools import cache, lru_cache

from pydantic import Field

from api.resources.value import Value

_SEPARATORS = re.compile(r"([-._])[-._]*")
_PLAIN_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PLAIN_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*")
_NAME_LIMIT = 63  # the length of a DNS label: names may become host names


class Kind(StrEnum):
    """What runs in the container."""

    PLUGIN_RUNTIME = "plugin_runtime"
    CODE_SERVER = "code_server"


class Identity(Value):
    """(kind, plugin release, model or none). Asked for again, it means the same playground."""

    kind: Kind = Kind.PLUGIN_RUNTIME
    plugin_release: str = Field(min_length=1, max_length=300)
    model: int | None = None

    @property
    def key(self) -> str:
        """The identity as one text. A UNIQUE over a NULL model never collides in SQL, so none is written as `-`."""
        return identity_key(self.kind, self.plugin_release, self.model)


def identity_key(kind: Kind, plugin_release: str, model: int | None) -> str:
    """`Identity.key`, for who has its parts."""
    return f"{kind.value}/{plugin_release}/{'-' if model is None else model}"


def split_release(plugin_release: str) -> tuple[str, str | None]:
    """`code@version` split at the last `@`; the version is None where there is no `@`."""
    code, at, version = plugin_release.rpartition("@")
    return (code, version) if at else (plugin_release, None)


def sanitise(text: str, *, separators: str = "-") -> str:
    """`text` in lower case with every run of other characters replaced by `-`: fit for image and container names."""
    kept = _strangers(separators).sub("-", text.lower())
    return _SEPARATORS.sub(r"\1", kept).strip("-._") or "x"


@cache
def _strangers(separators: str) -> re.Pattern[str]:
    """Runs of what may not be in a name with these separators."""
    return re.compile(rf"[^a-z0-9{re.escape(separators)}]+")


def playground_name(identity: Identity) -> str:
    """The default name: readable, a DNS label, and different for different identities.

    Where sanitising or shortening lost something, six hex digits of the identity's hash are appended.
    """
    if identity.kind is Kind.PLUGIN_RUNTIME:
        plain = _plain_name(identity.plugin_release)
        if plain is not None:
            name = plain if identity.model is None else f"{plain}-m{identity.model}"
            if len(name) <= _NAME_LIMIT - 7:
                return name
    parts = [identity.plugin_release.replace("@", "-")]
    if identity.model is not None:
        parts.append(f"m{identity.model}")
    if identity.kind is not Kind.PLUGIN_RUNTIME:
        parts.append(identity.kind)
    wanted = "-".join(parts)
    name = sanitise(wanted.replace(".", "-").replace("_", "-"))
    digest = hashlib.sha256(identity.key.encode()).hexdigest()[:6]
    return f"{name[: _NAME_LIMIT - 7].rstrip('-')}-{digest}"


@lru_cache(maxsize=1024)
def _plain_name(plugin_release: str) -> str | None:
    """The release as it is in a name, when nothing is lost by that; else None."""
    code, version = split_release(plugin_release)
    lossless = _PLAIN_CODE.fullmatch(code) and _PLAIN_VERSION.fullmatch(version or "")
    return f"{code}-{version}".replace(".", "-") if lossless else None


def image_name(plugin_release: str) -> str:
    """`synapse-plugin-<code>-<version>`, sanitised for Docker (the name clients of the platform know)."""
    code, version = split_release(plugin_release)
    parts = [sanitise(code, separators="._-")]
    if version:
        parts.append(sanitise(version, separators="._-"))
    return "-".join(["synapse-plugin", *parts])[:200].rstrip("-._")
