"""Which server, and with which token: contexts in the user's config file, flags and environment over them.

The file is ``playground/config.yaml`` below ``$XDG_CONFIG_HOME`` (``~/.config``), readable by its owner only. A token
of the file goes to the server it was written for and to no other; likewise the token of a server on this machine.
"""

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from playground_sdk.cli.failures import UsageFailure

__all__ = ["Context", "Contexts", "config_file", "load_contexts", "save_contexts"]


@dataclass(frozen=True, slots=True)
class Context:
    """A server under a name of the user's."""

    server: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Contexts:
    """All contexts, and the name of the one in use (empty: none)."""

    current: str = ""
    known: Mapping[str, Context] = field(default_factory=dict)

    def find(self, name: str) -> Context:
        """The context of that name.

        Raises:
            UsageFailure: there is none.
        """
        if name not in self.known:
            there = ", ".join(self.known) or "none yet; make one with: playground config set NAME --server URL"
            raise UsageFailure(f"There is no context {name!r}. There is: {there}")
        return self.known[name]


def config_file(environ: Mapping[str, str]) -> Path:
    """Where the contexts are kept."""
    home = environ.get("XDG_CONFIG_HOME")
    base = Path(home) if home else Path(environ.get("HOME") or Path.home()) / ".config"
    return base / "playground" / "config.yaml"


def load_contexts(environ: Mapping[str, str]) -> Contexts:
    """Read the contexts; without a file there are none.

    Raises:
        UsageFailure: the file can't be read, or is not what ``playground config`` writes.
    """
    path = config_file(environ)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return Contexts()
    except OSError as exc:
        raise UsageFailure(f"{path} can't be read: {exc.strerror}.") from exc
    return _understood(text, path)


def _understood(text: bytes, path: Path) -> Contexts:
    import yaml  # noqa: PLC0415 (few have contexts, and to load it takes a tenth of a short command)

    try:
        value = yaml.safe_load(text) or {}
        known = {
            str(name): Context(str(entry["server"]), str(entry["token"]) if entry.get("token") else None)
            for name, entry in (value.get("contexts") or {}).items()
        }
        return Contexts(str(value.get("current") or ""), known)
    except (yaml.YAMLError, AttributeError, KeyError, TypeError) as exc:
        raise UsageFailure(f"{path} is not what 'playground config' writes; mend it, or move it away.") from exc


def save_contexts(contexts: Contexts, environ: Mapping[str, str]) -> None:
    """Write the contexts, at once and whole, for the owner's eyes only."""
    import yaml  # noqa: PLC0415 (as above)

    path = config_file(environ)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    entries = {
        name: {"server": one.server, **({"token": one.token} if one.token else {})}
        for name, one in sorted(contexts.known.items())
    }
    text = yaml.safe_dump({"current": contexts.current, "contexts": entries}, sort_keys=False)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".config-")  # made with 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
