"""On what it was measured: a figure without this says nothing."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from controller.engine.connect import connect
from controller.engine.errors import EngineError


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine and what runs on it. `load` is the average of the last minute, before the scenario began."""

    cores: int
    memory_gib: float
    kernel: str
    python: str
    engine: str
    version: str
    load: float


def look() -> Machine:
    """This machine, now."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=os.cpu_count() or 1,
        memory_gib=round(memory / 2**30, 1),
        kernel=platform.release(),
        python=platform.python_version(),
        engine=_engine(),
        version=version("playground-server"),
        load=load(),
    )


def load() -> float:
    """The load average of the last minute."""
    return float(Path("/proc/loadavg").read_text().split()[0])


def _engine() -> str:
    try:
        with connect(None, 10) as api:
            return f"Docker Engine {api.version()['Version']}"
    except EngineError:
        return "none"
