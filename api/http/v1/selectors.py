"""Label and field selectors, as Kubernetes writes them. Pure.

Labels: `team=vision`, `team!=vision`, `team in (vision, audio)`, `team notin (…)`, `team` (there), `!team` (not there);
with commas between all must hold. Fields: `status.phase=running`, `metadata.name!=hello`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.http.errors import InvalidRequestError, Problem, one_of
from api.resources.phase import phase
from api.resources.playground import Playground

_KEY = r"[^\s=!,()]+"
_VALUE = r"[^\s=!,()]*"
_SET = re.compile(rf"({_KEY})\s+(in|notin)\s+\(([^()]*)\)")
_EQUAL = re.compile(rf"({_KEY})\s*(==|=|!=)\s*({_VALUE})")
_THERE = re.compile(rf"(!?)\s*({_KEY})")
_PARTS = re.compile(r",(?![^(]*\))")
_FIELDS: dict[str, Callable[[Playground], str]] = {
    "metadata.name": lambda playground: playground.metadata.name,
    "metadata.uid": lambda playground: playground.metadata.uid,
    "spec.plugin.release": lambda playground: playground.spec.plugin_release,
    "spec.state": lambda playground: playground.spec.state,
    "status.phase": phase,
}
FIELD_NAMES = tuple(_FIELDS)


@dataclass(frozen=True, slots=True)
class _Requirement:
    key: str
    wanted: frozenset[str] | None
    """The values of which it shall have one; None for any."""
    negated: bool

    def holds(self, found: str | None) -> bool:
        """For a value, or for none at all: what is not there is not equal to anything."""
        matches = found is not None and (self.wanted is None or found in self.wanted)
        return matches is not self.negated


@dataclass(frozen=True, slots=True)
class Selector:
    """Both selectors of a list or a watch; empty ones match everything."""

    labels: tuple[_Requirement, ...] = ()
    fields: tuple[_Requirement, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether everything matches."""
        return not self.labels and not self.fields

    def matches(self, playground: Playground) -> bool:
        """Whether all requirements hold."""
        labels = playground.metadata.labels
        return all(each.holds(labels.get(each.key)) for each in self.labels) and all(
            each.holds(_FIELDS[each.key](playground)) for each in self.fields
        )


def selector_of(query: Mapping[str, str]) -> Selector:
    """The selectors in a query. Raises InvalidRequestError."""
    return Selector(
        labels=_parse(query.get("labelSelector"), "labelSelector"),
        fields=_parse_fields(query.get("fieldSelector")),
    )


def _parse(text: str | None, name: str) -> tuple[_Requirement, ...]:
    if text is None:
        return ()
    return tuple(_requirement(part.strip(), text, name) for part in _PARTS.split(text))


def _requirement(part: str, text: str, name: str) -> _Requirement:
    among = _SET.fullmatch(part)
    if among is not None:
        values = frozenset(value.strip() for value in among[3].split(","))
        return _Requirement(among[1], values, among[2] == "notin")
    equal = _EQUAL.fullmatch(part)
    if equal is not None:
        return _Requirement(equal[1], frozenset({equal[3]}), equal[2] == "!=")
    there = _THERE.fullmatch(part)
    if there is not None:
        return _Requirement(there[2], None, bool(there[1]))
    message = f"{part!r} is no requirement: write team=vision, team!=vision, team in (vision, audio), team or !team."
    raise InvalidRequestError(Problem(("query", name), message, "selector", text))


def _parse_fields(text: str | None) -> tuple[_Requirement, ...]:
    requirements = _parse(text, "fieldSelector")
    for each in requirements:
        if each.key not in _FIELDS or each.wanted is None:
            known = one_of(FIELD_NAMES)
            message = f"{each.key!r} is no field to select by: {known} is, with = or != and a value."
            raise InvalidRequestError(Problem(("query", "fieldSelector"), message, "selector", text))
    return requirements
