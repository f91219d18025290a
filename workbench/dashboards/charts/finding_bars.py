"""Findings by group as interactive bars, stacked by severity."""

from bokeh.models import ColumnDataSource, FactorRange, HoverTool, Range1d
from bokeh.plotting import figure

from workbench.dashboards.charts.axes import chart_figure, dress_legend, tooltip
from workbench.dashboards.charts.finding_counts import FindingCounts
from workbench.dashboards.theme import SEVERITY_COLORS
from workbench.fleet.rules import SEVERITIES

_ROW_PX = 26


def finding_bars(counts: FindingCounts) -> figure:
    """Return the figure of some counts."""
    groups = list(counts.groups)
    totals = [counts.groups[group].total() for group in groups]
    columns: dict[str, list[int]] = {
        severity: [counts.groups[group][severity] for group in groups] for severity in SEVERITIES
    }
    source = ColumnDataSource(data={"group": groups, "total": totals, **columns})
    plot = chart_figure(
        name="finding-bars",
        height=130 + _ROW_PX * max(4, len(groups)),
        y_range=FactorRange(factors=groups[::-1]),
        x_range=Range1d(start=0, end=1.04 * max(totals, default=1)),
    )
    plot.hbar_stack(
        SEVERITIES,
        y="group",
        height=0.72,
        source=source,
        color=[SEVERITY_COLORS[severity] for severity in SEVERITIES],
        line_color=None,
        legend_label=list(SEVERITIES),
    )
    words = tooltip("@group", "@total in all", *(f"{severity}: @{severity}" for severity in SEVERITIES))
    plot.add_tools(HoverTool(tooltips=words, point_policy="follow_mouse"))
    dress_legend(plot)
    return plot
