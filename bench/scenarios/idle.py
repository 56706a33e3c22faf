"""Mark 6: a hundred playgrounds serve, and nobody wants anything. What do our processes use meanwhile?"""

import time

from bench.answers import await_all
from bench.peers.ours import Ours
from bench.peers.peer import Instance
from bench.processes import cpu_seconds, memory_bytes, parts_of
from bench.samples import Claim, Findings, Series
from bench.scenario import Bench, Scenario
from tests.testbed.pauses import pause

MANY = 100
WINDOWS = 4
_WINDOW_S, _SETTLING_S = 30.0, 35.0
"""Windows as long as two rounds of probes and a look at everything."""
_MOST_CPU, _MOST_MEMORY = 1.0, 150.0
_MEGABYTE = 1024 * 1024


def run(bench: Bench) -> Findings:
    """Start them, let it settle, and read the kernel's counters before and after each window."""
    many = max(2, round(MANY * bench.scale))
    instances = [Instance(f"idle-{number}", 20000 + number) for number in range(many)]
    with Ours().running(bench) as ours:
        began = time.perf_counter()
        ours.start(instances)
        await_all(ours, instances, began)
        pause(_SETTLING_S)
        assert ours.server.process is not None
        pids = parts_of(ours.server.process.pid)
        cpu: dict[str, list[float]] = {name: [] for name in pids}
        memory: dict[str, list[float]] = {name: [] for name in pids}
        for number in range(bench.rounds(WINDOWS)):
            bench.say(f"window {number + 1}: {_WINDOW_S:g} s")
            before, began = {name: cpu_seconds(pid) for name, pid in pids.items()}, time.perf_counter()
            pause(_WINDOW_S)
            passed = time.perf_counter() - began
            for name, pid in pids.items():
                cpu[name].append(100.0 * (cpu_seconds(pid) - before[name]) / passed)
                memory[name].append(memory_bytes(pid) / _MEGABYTE)
    return _findings(many, cpu, memory)


def _findings(many: int, cpu: dict[str, list[float]], memory: dict[str, list[float]]) -> Findings:
    of_cpu, of_memory = f"share of a core, {many} at rest", f"memory, {many} at rest"
    series = [Series(f"ours: {name}", of_cpu, "%", tuple(values)) for name, values in cpu.items()]
    series += [Series(f"ours: {name}", of_memory, "MB", tuple(values)) for name, values in memory.items()]
    together = Series("ours", of_cpu, "%", tuple(map(sum, zip(*cpu.values(), strict=True))))
    held = Series("ours", of_memory, "MB", tuple(map(sum, zip(*memory.values(), strict=True))))
    claims = (
        Claim(6, f"{many} at rest, both processes, p50", together.p50, _MOST_CPU, "% of a core"),
        Claim(6, f"{many} at rest, both processes, most", max(held.values), _MOST_MEMORY, "MB"),
    )
    return Findings((*series, together, held), claims)


SCENARIO = Scenario("idle", "A hundred at rest", (6,), run)
