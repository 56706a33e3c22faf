"""The global options of one invocation, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for beside the verb; ``token`` is None where none was given."""

    server: str
    token: str | None = field(repr=False)
    quiet: bool
    environ: Mapping[str, str] = field(repr=False)
