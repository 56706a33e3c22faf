"""One document of a manifest, and what is wrong with one, with the place a person has to look at."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Document", "ManifestError", "Problem", "dotted"]

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: ``fleet.yaml, document 2, line 7: spec.resource: unknown, did you mean …?``.

    ``document`` counts from 1; ``line`` is 0 where there is none, ``path`` is empty where it is about the whole.
    """

    file: str
    document: int
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        place = [self.file]
        if self.document:
            place.append(f"document {self.document}")
        if self.line:
            place.append(f"line {self.line}")
        return f"{', '.join(place)}: " + (f"{self.path}: {self.message}" if self.path else self.message)


class ManifestError(ValueError):
    """Manifests can't be read, or are not right; ``problems`` says all that was found, in the order of the text."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("\n".join(map(str, problems)))


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its content as JSON has it, and the lines its parts were written on.

    ``folder`` is what relative paths in it start from.
    """

    file: str
    number: int
    value: Mapping[str, Any]
    folder: Path
    lines: Mapping[Steps, int] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        """``metadata.name``, or nothing where there is none."""
        metadata = self.value.get("metadata")
        found = metadata.get("name") if isinstance(metadata, Mapping) else None
        return found if isinstance(found, str) else ""

    def problem(self, path: Sequence[str | int], message: str) -> Problem:
        """Make the problem at a path; its line is that of the nearest part that was written down."""
        steps = tuple(path)
        while steps and steps not in self.lines:
            steps = steps[:-1]
        return Problem(self.file, self.number, self.lines.get(steps, 0), dotted(path), message)


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as people do: ``spec.env[0].name``; a key with a dot in it stands in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif not step or set(step) & set(".[] "):
            text += f"[{step!r}]"
        else:
            text += f".{step}" if text else step
    return text
