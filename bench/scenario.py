"""What a scenario is, and what it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.samples import Findings
from tests.testbed.engine import OwnEngine


@dataclass(frozen=True, slots=True)
class Bench:
    """What a scenario runs with."""

    folder: Path
    """A folder of this run, on disk; it is removed at the end."""
    tools: Path
    """A folder that stays, for peers that were installed once."""
    say: Callable[[str], None]
    """Shows progress."""
    scale: float = 1.0
    """How much of the usual number of rounds is run, at least one: `--scale 0.1` shows that a scenario works."""
    engine: OwnEngine | None = None
    """A Docker Engine that nothing else uses, in this process's network namespace. None where none was asked for."""

    @property
    def own(self) -> OwnEngine:
        """The engine, for a scenario that asked for one."""
        assert self.engine is not None, "the scenario says needs_engine=False"
        return self.engine

    def rounds(self, usual: int) -> int:
        """So many rounds, at this run's scale."""
        return max(1, round(usual * self.scale))


@dataclass(frozen=True, slots=True)
class Scenario:
    """A named measurement. `run` measures, and cleans up after itself whatever happens."""

    name: str
    title: str
    """One line: what is measured, for the table and the plot."""
    marks: tuple[int, ...]
    run: Callable[[Bench], Findings]
    needs_engine: bool = True
    """Whether it is run in a network namespace with a Docker Engine of its own (no way out of there), or beside the
    usual engine, as one that builds from a package index must be."""
