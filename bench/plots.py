"""A chart for each scenario: for each thing that was measured, the systems one below the other."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.report import OURS
from bench.result import Result
from bench.samples import Series

mpl.rcParams.update({"svg.hashsalt": "playground", "svg.fonttype": "none", "font.family": "sans-serif"})

_OURS_COLOUR, _OTHERS_COLOUR, _DOTS = "#1a7f5a", "#8a94a6", "#1f2937"


def draw(result: Result, folder: Path) -> Path:
    """Draw one result; returns the SVG file, called as the scenario."""
    groups: dict[tuple[str, str], list[Series]] = {}
    for series in result.findings.series:
        groups.setdefault((series.what, series.unit), []).append(series)
    heights = [len(group) + 1.2 for group in groups.values()]
    figure = Figure(figsize=(8, max(1.6, 0.34 * sum(heights) + 0.5)), layout="constrained")
    axes = figure.subplots(len(groups), squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
    for axis, ((what, unit), group) in zip(axes, groups.items(), strict=True):
        _bars(axis, group)
        axis.set_title(f"{what} ({unit})", loc="left", fontsize=9)
    figure.suptitle(result.title, fontsize=10, x=0.01, ha="left", weight="bold")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.scenario}.svg"
    figure.savefig(path, metadata={"Date": None})
    return path


def _bars(axis: Axes, group: list[Series]) -> None:
    """A bar to the median, a line to p95, a dot for each value."""
    for row, series in enumerate(group):
        colour = _OURS_COLOUR if series.system.startswith(OURS) else _OTHERS_COLOUR
        axis.barh(row, series.p50, height=0.6, color=colour)
        if series.n > 1:
            axis.plot([series.p50, series.p95], [row, row], color=_DOTS, linewidth=1)
            shown = series.values[:: max(1, series.n // 200)]
            axis.plot(shown, [row] * len(shown), "|", color=_DOTS, markersize=4, alpha=0.35)
    axis.set_yticks(range(len(group)), [series.system for series in group], fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.tick_params(axis="x", labelsize=8)
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
