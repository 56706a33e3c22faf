"""The global options of one invocation, as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Options"]


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for beside the verb; None where nothing was."""

    server: str | None
    token: str | None = field(repr=False)
    context: str | None
    quiet: bool
    environ: Mapping[str, str] = field(repr=False)
