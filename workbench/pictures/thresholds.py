"""The quality thresholds of the crates as a picture. They are limits that crates set themselves, never measurements."""

from typing import Any

from workbench.dashboards.charts.thresholds import Threshold, Thresholds, thresholds
from workbench.dashboards.theme import ACCENT, LINE, QUIET, TEXT
from workbench.fleet.snapshot import Snapshot
from workbench.pictures.picture import Picture


def thresholds_picture(snapshot: Snapshot) -> Picture:
    """Return how the values of each threshold are spread over the fleet, and how much of the fleet sets it."""
    found = thresholds(snapshot)

    def interactive() -> Any:
        from workbench.dashboards.charts.threshold_bars import threshold_bars

        return threshold_bars(found)

    size = (9.5, 1.05 * len(found.all) + 1.0)
    return Picture("Quality thresholds", found.explanation, size, lambda figure: _draw(figure, found), interactive)


def _draw(figure: Any, found: Thresholds) -> None:
    rows = figure.subplots(len(found.all), 2, width_ratios=(5, 1), squeeze=False)
    for item, (values, coverage) in zip(found.all, rows, strict=True):
        _draw_values(values, item)
        _draw_coverage(coverage, item)


def _draw_values(axes: Any, item: Threshold) -> None:
    axes.set_ylabel(item.title.replace(", ", "\n"), rotation=0, ha="right", va="center", color=TEXT)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    bins = item.bins
    if bins:
        widths = [found.end - found.start for found in bins]
        heights = [found.crates for found in bins]
        axes.bar([found.start for found in bins], heights, widths, align="edge", color=ACCENT, edgecolor=LINE)
    else:
        axes.set_xticks([])
    axes.set_title(item.note, loc="right", fontsize=8, color=QUIET)


def _draw_coverage(axes: Any, item: Threshold) -> None:
    axes.barh([0], [1], height=0.3, color=LINE)
    axes.barh([0], [item.share], height=0.3, color=ACCENT)
    axes.set_xlim(0, 1)
    axes.set_ylim(-1, 1)
    axes.axis("off")
    axes.set_title(f"set by {item.share:.0%}", loc="left", fontsize=8, color=QUIET)
