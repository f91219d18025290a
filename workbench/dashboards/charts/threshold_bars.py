"""The thresholds of a fleet as interactive histograms, each beside the share of the fleet that sets it."""

from bokeh.layouts import column, row
from bokeh.models import BasicTicker, ColumnDataSource, FactorRange, HoverTool, Range1d
from bokeh.models.layouts import LayoutDOM
from bokeh.plotting import figure

from workbench.dashboards.charts.axes import chart_figure, tooltip
from workbench.dashboards.charts.thresholds import Threshold, Thresholds
from workbench.dashboards.theme import ACCENT, LINE

_HEIGHT = 130


def threshold_bars(found: Thresholds) -> LayoutDOM:
    """Return a row for each threshold: how many crates set which value, and how much of the fleet sets it at all."""
    rows = [row(_values(item), _coverage(item), sizing_mode="stretch_width") for item in found.all]
    return column(*rows, sizing_mode="stretch_width")


def _values(item: Threshold) -> figure:
    bins = item.bins
    source = ColumnDataSource({
        "left": [found.start for found in bins],
        "right": [found.end for found in bins],
        "crates": [found.crates for found in bins],
    })  # fmt: skip
    plot = chart_figure(title=f"{item.title}: {item.note}", height=_HEIGHT, tools="", toolbar_location=None)
    bars = plot.quad(
        left="left", right="right", top="crates", bottom=0, source=source, fill_color=ACCENT, line_color=LINE
    )
    plot.y_range = Range1d(start=0, end=1.08 * max((found.crates for found in bins), default=1))
    plot.yaxis.ticker = BasicTicker(desired_num_ticks=3, min_interval=1)
    plot.xaxis.visible = bool(bins)
    plot.add_tools(HoverTool(renderers=[bars], tooltips=tooltip("@crates crates", "from @left{0.##} to @right{0.##}")))
    return plot


def _coverage(item: Threshold) -> figure:
    source = ColumnDataSource({"row": ["set by"], "share": [item.share], "note": [item.note]})
    plot = chart_figure(
        title=f"set by {item.share:.0%}", height=_HEIGHT, width=170, sizing_mode="fixed", tools="",
        toolbar_location=None, x_range=Range1d(start=0, end=1), y_range=FactorRange(factors=["set by"]),
    )  # fmt: skip
    plot.axis.visible = False
    plot.hbar(y="row", left=0, right=1, height=0.3, source=source, fill_color=LINE, line_color=None)
    bars = plot.hbar(y="row", right="share", height=0.3, source=source, fill_color=ACCENT, line_color=None)
    plot.add_tools(HoverTool(renderers=[bars], tooltips=tooltip("@note")))
    return plot
