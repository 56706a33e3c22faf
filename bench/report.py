"""Results as a person reads them: Markdown tables, the same on the screen and in the docs. Pure."""

from collections.abc import Iterable, Sequence

from bench.marks import MARKS
from bench.result import Result
from bench.samples import Claim, Series

OURS = "ours"


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    if value == 0:
        return "0"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}"


def tables(result: Result) -> str:
    """All of one scenario: what was measured, what is claimed, on what."""
    parts = [f"### {result.title}", _where(result), _series(result.findings.series)]
    if result.findings.claims:
        parts.append(claims([result]))
    parts += [f"Not measured: {name} ({why})." for name, why in result.findings.skipped]
    parts += list(result.findings.notes)
    return "\n\n".join(parts)


def pages(results: Sequence[Result]) -> str:
    """All scenarios with their plots, for the docs; the plots stand in the folder `performance`."""
    return "\n\n".join(f"{tables(each)}\n\n![{each.title}](performance/{each.scenario}.svg)" for each in results)


def claims(results: Iterable[Result]) -> str:
    """What the marks claim of the results, in the marks' order."""
    found = sorted(((claim, result.scenario) for result in results for claim in result.findings.claims), key=_order)
    rows = [
        (str(claim.mark), claim.text, f"{_quantity(claim.value, claim.unit)}", _limit(claim), _word(claim), scenario)
        for claim, scenario in found
    ]
    return table(("mark", "claim", "measured", "limit", "held", "scenario"), rows)


def marks() -> str:
    """The marks themselves."""
    return table(("mark", "what"), [(str(mark), text) for mark, text in MARKS.items()])


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(head), " | ".join("---" for _ in head), *(" | ".join(row) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def _order(item: tuple[Claim, str]) -> tuple[int, str]:
    claim, scenario = item
    return claim.mark, scenario


def _where(result: Result) -> str:
    machine = result.machine
    scale = "" if result.scale == 1 else f", at scale {result.scale:g}"
    return (
        f"Measured {result.at} in {result.took:.0f} s{scale}: {machine.cores} cores, {machine.memory_gib:g} GiB, Linux "
        f"{machine.kernel}, Python {machine.python}, {machine.engine}, load before {machine.load:g}. "
        f"`make bench ONLY={result.scenario}`"
    )


def _series(series: Sequence[Series]) -> str:
    rows = []
    for each in series:
        base = next((other for other in series if other.what == each.what and other.system == OURS), None)
        ratio = "" if base is None or base is each or not base.p50 else f"{number(each.p50 / base.p50)} ×"
        quantiles = [number(value) for value in (each.p50, each.p95, each.p99)]
        rows.append((each.what, each.system, each.unit, str(each.n), *quantiles, ratio))
    return table(("what", "system", "unit", "n", "p50", "p95", "p99", "p50 to ours"), rows)


def _quantity(value: float, unit: str) -> str:
    return f"{number(value)} {unit}".strip()


def _limit(claim: Claim) -> str:
    return f"{'≤' if claim.better == 'below' else '≥'} {_quantity(claim.limit, claim.unit)}"


def _word(claim: Claim) -> str:
    return "yes" if claim.held else "**no**"
