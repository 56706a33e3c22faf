"""Which module of the plugin is its Gradio page."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from api.archives.config import PluginConfig
from api.archives.errors import ArchiveRefused, GradioModuleMissing
from api.archives.reader import PluginArchive

DEFAULT_MODULE = "plugin/gradio_interface.py"
GRADIO_ACTION = "gradio"
ENTRYPOINT_VARIABLE = "PLAYGROUND_ENTRYPOINT"
_DOTTED = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
_LOOK_AT = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """The page: `value` is what the launcher reads, `path` the file that it needs, `source` who named it.

    `value` is a file's path, `pkg.mod` or `pkg.mod:attr`; without an attribute the launcher tries the usual names.
    """

    value: str
    path: str
    source: str

    def environment(self) -> dict[str, str]:
        """The variables a container needs to run this page."""
        return {ENTRYPOINT_VARIABLE: self.value}


def resolve_entrypoint(archive: PluginArchive, config: PluginConfig, hint: str | None = None) -> Entrypoint:
    """The plugin's page, or GradioModuleMissing with all paths that were looked for.

    In this order: the action `gradio`; another action, then the request's `hint` (a path or a dotted name; clients send
    the first action's, whatever it is), where the file speaks of Gradio; plugin/gradio_interface.py; the hint as it is.
    """
    looked_for: dict[str, None] = {}
    for text, source, must_mention in _candidates(config, hint):
        for value, path in _spellings(text):
            looked_for[path] = None
            if path in archive and (not must_mention or _mentions_gradio(archive, path)):
                return Entrypoint(value=value, path=path, source=source)
    raise GradioModuleMissing(tuple(looked_for))


def _candidates(config: PluginConfig, hint: str | None) -> Iterator[tuple[str, str, bool]]:
    """(entry point, who names it, whether its file must mention Gradio), best first."""
    named = {name: action.entrypoint for name, action in config.actions.items() if action.entrypoint}
    if GRADIO_ACTION in named:
        yield named[GRADIO_ACTION], f"actions.{GRADIO_ACTION}", False
    for name, text in named.items():
        if name != GRADIO_ACTION:
            yield text, f"actions.{name}", True
    if hint:
        yield hint, "the request", True
    yield DEFAULT_MODULE, "the default", False
    if hint:
        yield hint, "the request", False


def _spellings(text: str) -> Iterator[tuple[str, str]]:
    """What an entry point may mean: pairs of (the launcher's value, the file it needs), best first."""
    text = text.strip()
    if text.endswith(".py"):
        path = text.removeprefix("./")
        yield path, path
        return
    module, colon, attribute = text.partition(":")
    if not _DOTTED.fullmatch(module) or (colon and not _DOTTED.fullmatch(attribute)):
        return
    if colon:
        yield from ((f"{module}:{attribute}", path) for path in _files(module))
        return
    parent, dot, last = module.rpartition(".")
    yield from ((module, path) for path in _files(module))
    if dot:
        yield from ((f"{parent}:{last}", path) for path in _files(parent))


def _files(module: str) -> tuple[str, str]:
    folder = module.replace(".", "/")
    return f"{folder}.py", f"{folder}/__init__.py"


def _mentions_gradio(archive: PluginArchive, path: str) -> bool:
    try:
        return b"gradio" in archive.read(path, _LOOK_AT)
    except ArchiveRefused:
        return False  # too large to be a page, or damaged: the digest says so in better words
