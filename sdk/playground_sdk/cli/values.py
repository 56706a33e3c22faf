"""Reads the ``key=value`` options of the command line.

The values of ``--param`` and ``--metadata`` are JSON where they are some (``5``, ``true``, ``{"a": 1}``), else text;
those of ``--env`` are always text.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playground_sdk.cli.failures import UsageFailure

__all__ = ["json_pairs", "params_file", "text_pairs"]


def text_pairs(option: str, items: Sequence[str]) -> dict[str, str]:
    """Split ``key=value`` items at the first ``=``.

    Raises:
        UsageFailure: an item has no ``=``, or no key.
    """
    pairs: dict[str, str] = {}
    for item in items:
        key, equals, value = item.partition("=")
        if not equals or not key:
            raise UsageFailure(f"{option} {item!r}: write it as key=value.")
        pairs[key] = value
    return pairs


def json_pairs(option: str, items: Sequence[str]) -> dict[str, Any]:
    """The same, with values that are JSON read as such."""
    return {key: _json_or_text(value) for key, value in text_pairs(option, items).items()}


def params_file(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file.

    Raises:
        UsageFailure: there is no such file, or no JSON object in it.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as exc:
        raise UsageFailure(f"--params-file {path}: {exc.strerror}.") from exc
    except ValueError as exc:
        raise UsageFailure(f"--params-file {path} is no JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise UsageFailure(f"--params-file {path} must hold a JSON object, and holds a {type(value).__name__}.")
    return value


def _json_or_text(value: str) -> Any:
    try:
        return json.loads(value, parse_constant=_not_json)
    except ValueError:
        return value


def _not_json(word: str) -> None:
    """NaN and Infinity are words here: JSON has no such numbers."""
    raise ValueError(word)
