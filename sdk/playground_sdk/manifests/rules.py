"""The rules of a Playground that its JSON Schema can't say, or says in a way that no person wants to read.

The server checks the same ones; a test feeds both with the same documents. A value of the wrong type is left to the
schema, which tells it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from playground_sdk.manifests.quantities import parse_bytes, parse_cpu, parse_duration
from playground_sdk.schema import Steps, Violation

__all__ = ["at", "rule_violations"]

_ENV_LIMIT = 128 * 1024 - 256  # bytes of one variable that Linux takes; PLUGIN_PARAMS is one
_ENV_TOTAL = 512 * 1024
_LEAST_MEMORY, _LEAST_SHM = 6 * 1024 * 1024, 1024 * 1024
_LONGEST_TTL, _LONGEST_START = 10 * 365 * 86_400.0, 3600.0


def at(value: object, *steps: str) -> Any:
    """What is at a path of names, or None."""
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def rule_violations(playground: Mapping[str, Any]) -> Iterator[Violation]:
    """Everything that breaks a rule; for a path that is told here the schema need not speak."""
    yield from _plugin(playground)
    yield from _quantities(playground)
    yield from _labels(playground)
    yield from _environment(playground)


def _plugin(playground: Mapping[str, Any]) -> Iterator[Violation]:
    plugin = at(playground, "spec", "plugin")
    if not isinstance(plugin, Mapping):
        return
    place: Steps = ("spec", "plugin")
    release, archive, image = (plugin.get(name) for name in ("release", "archive", "image"))
    if release is None and archive is None and image is None and set(plugin) <= {"release", "archive", "image"}:
        yield Violation(place, "what shall run? Name a release, an archive, or an image.")
    if image is not None and archive is not None:
        yield Violation(place, "an image runs as it is: leave the archive out, or the image.")
    if isinstance(release, str) and not _is_release(release):
        yield Violation((*place, "release"), "a release is written code@version, such as hello-gradio@1.0.0.")
    if isinstance(image, str) and image and (not image.isprintable() or " " in image):
        yield Violation((*place, "image"), "an image is written name:tag, in one word.")
    if at(playground, "spec", "kind") == "code_server" and image is None:
        yield Violation(place, "kind code_server runs an image that is there already: name it as plugin.image.")


def _is_release(text: str) -> bool:
    code, _, version = text.rpartition("@")
    return bool(code and version) and text.isprintable() and text == text.strip()


def _quantities(playground: Mapping[str, Any]) -> Iterator[Violation]:
    def size(least: int) -> Callable[[Any], None]:
        def check(value: str | int) -> None:
            if parse_bytes(value) < least:
                raise ValueError(f"at least {least // 2**20}Mi are needed")

        return check

    def duration(most: float) -> Callable[[Any], None]:
        def check(value: str) -> None:
            if not 0 < parse_duration(value) <= most:
                raise ValueError(f"more than nothing and at most {most / 3600:g}h is expected")

        return check

    checks: list[tuple[tuple[str, ...], tuple[type, ...], Callable[[Any], object]]] = [
        (("resources", "cpu"), (str, int, float), parse_cpu),
        (("resources", "memory"), (str, int), size(_LEAST_MEMORY)),
        (("resources", "shm"), (str, int), size(_LEAST_SHM)),
        (("readiness", "timeout"), (str,), duration(_LONGEST_START)),
        (("ttl",), (str,), duration(_LONGEST_TTL)),
    ]
    for path, types, check in checks:
        value = at(playground, "spec", *path)
        if isinstance(value, types) and not isinstance(value, bool):
            try:
                check(value)
            except ValueError as exc:
                yield Violation(("spec", *path), f"{exc}" if str(exc).endswith("?") else f"{exc}.")


def _labels(playground: Mapping[str, Any]) -> Iterator[Violation]:
    labels = at(playground, "metadata", "labels")
    for name, value in labels.items() if isinstance(labels, Mapping) else ():
        if not name.isprintable() or "=" in name or not name.strip():
            yield Violation(("metadata", "labels", name), "a label's name is one line of text without '='.")
        elif isinstance(value, str) and not value.isprintable():
            yield Violation(("metadata", "labels", name), "a label's value is one line of text.")


def _environment(playground: Mapping[str, Any]) -> Iterator[Violation]:
    env = at(playground, "spec", "env")
    first: dict[str, int] = {}
    total = 0
    for index, entry in enumerate(env if isinstance(env, list) else ()):
        name, value = at(entry, "name"), at(entry, "value")
        if not isinstance(name, str):
            continue
        place = ("spec", "env", index)
        if first.setdefault(name, index) != index:
            yield Violation((*place, "name"), f"{name} is there already, as spec.env[{first[name]}].")
        if value is not None and at(entry, "secretRef") is not None:
            yield Violation(place, f"{name} has a value and a secretRef: which of them?")
        if at(entry, "secret") is True and at(entry, "secretRef") is not None:
            yield Violation(place, f"{name} has a secretRef, and is secret by that: leave `secret` out.")
        value = value if isinstance(value, str) else ""
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            yield Violation((*place, "value"), "it holds a NUL, or half of a character.")
        total += len(name) + len(value.encode("utf-8", "replace"))
    if total > _ENV_TOTAL:
        yield Violation(("spec", "env"), f"it is larger than {_ENV_TOTAL} bytes in all.")
    params = at(playground, "spec", "params")
    if isinstance(params, Mapping):
        text = json.dumps(params, ensure_ascii=False).encode("utf-8", "replace")
        if len(text) > _ENV_LIMIT:
            say = f"as JSON they are longer than the {_ENV_LIMIT} bytes that fit an environment."
            yield Violation(("spec", "params"), say)
