"""The installer options that a plugin may set in `package_manager_options`: an allow-list, with their values checked.

They never reach Dockerfile text: they go as a JSON list into the build context, for the installer script to read.
"""

import itertools
import re
import shlex
from collections.abc import Iterable
from typing import Literal

from controller.builds.errors import RecipeInvalid

Manager = Literal["pip", "uv"]

_URL = re.compile(r"https?://[^\s]+")
_WORD = re.compile(r":(?:all|none):|[A-Za-z0-9][A-Za-z0-9._,:+=<>!~\[\]-]*")
_LOCAL = re.compile(r"[^/\\-][^\\]*")
_SHORT = {"-i": "--index-url", "-f": "--find-links", "-U": "--upgrade", "-c": "--constraint", "-P": "--upgrade-package"}

_FLAGS_OF_BOTH = frozenset(
    {"--pre", "--no-deps", "--upgrade", "--no-build-isolation", "--no-index", "--require-hashes", "--no-cache-dir"}
)
_FLAGS = {
    "pip": _FLAGS_OF_BOTH
    | {"--force-reinstall", "--prefer-binary", "--no-cache", "--use-pep517", "--ignore-installed"},
    "uv": _FLAGS_OF_BOTH | {"--reinstall", "--no-build", "--no-cache", "--no-sources", "--native-tls"},
}
_URLS = frozenset({"--index-url", "--extra-index-url"})
_WORDS_OF_BOTH = frozenset({"--only-binary", "--no-binary", "--trusted-host"})
_WORDS = {
    "pip": _WORDS_OF_BOTH | {"--upgrade-strategy", "--timeout", "--default-timeout", "--retries"},
    "uv": _WORDS_OF_BOTH
    | {"--index-strategy", "--prerelease", "--resolution", "--upgrade-package", "--no-build-package", "--torch-backend"}
    | {"--allow-insecure-host", "--exclude-newer"},
}
_PATHS = frozenset({"--find-links", "--constraint"})


def checked_options(options: Iterable[str], manager: Manager) -> tuple[str, ...]:
    """The options as separate arguments, each on the allow-list of `manager`.

    An item may be `--name`, `--name=value`, `--name value`, or the name with its value as the next item. Raises
    RecipeInvalid for everything else.
    """
    words = _words(options)
    result: list[str] = []
    while words:
        word = words.pop(0)
        name, equals, value = word.partition("=")
        name = _SHORT.get(name, name)
        if name in _FLAGS[manager] and not equals:
            result.append(name)
            continue
        if name not in _URLS | _WORDS[manager] | _PATHS:
            raise RecipeInvalid(
                f"package_manager_options: {word[:120]!r} is not allowed with {manager}. Allowed are "
                f"{', '.join(sorted(_FLAGS[manager] | _URLS | _WORDS[manager] | _PATHS))}."
            )
        if not equals:
            if not words:
                raise RecipeInvalid(f"package_manager_options: {name} needs a value.")
            value = words.pop(0)
        result += [name, _checked_value(name, value)]
    return tuple(result)


def local_paths(options: Iterable[str]) -> tuple[str, ...]:
    """The values of checked options that are paths inside the plugin."""
    arguments = list(options)
    pairs = itertools.pairwise(arguments)
    return tuple(value for name, value in pairs if name in _PATHS and not _URL.fullmatch(value))


def _words(options: Iterable[str]) -> list[str]:
    words: list[str] = []
    for option in options:
        try:
            words += shlex.split(option)
        except ValueError as error:
            raise RecipeInvalid(f"package_manager_options: {option[:120]!r} can't be read ({error}).") from None
    return words


def _checked_value(name: str, value: str) -> str:
    is_url = _URL.fullmatch(value) is not None
    if name in _URLS:
        good = is_url
    elif name in _PATHS:
        good = is_url or (_LOCAL.fullmatch(value) is not None and ".." not in value.split("/") and ":" not in value)
    else:
        good = _WORD.fullmatch(value) is not None
    if not good or not value.isprintable():
        raise RecipeInvalid(f"package_manager_options: {value[:120]!r} is no value for {name}.")
    return value
