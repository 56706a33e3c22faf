"""Lists: which playgrounds, and one page of them."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from api.resources.identity import Kind
from api.resources.phase import Phase
from api.resources.value import Value

Item = TypeVar("Item")


class PlaygroundFilters(Value):
    """All that is given must hold; equality everywhere."""

    status: Phase | None = None
    plugin_release: str | None = None
    model: int | None = None
    kind: Kind | None = None
    labels: tuple[str, ...] = ()
    """Each `name` (there, with any value) or `name=value`."""


@dataclass(frozen=True)
class Page(Generic[Item]):
    """One page, and how many there are on all pages together."""

    count: int
    items: tuple[Item, ...]
