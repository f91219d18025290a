"""Errors and warnings from revision to revision as a small step chart."""

from typing import Final

import pandas as pd
from bokeh.models import ColumnDataSource, CustomJSTickFormatter, HoverTool, Range1d, SingleIntervalTicker

from workbench.dashboards.theme import ACCENT, BAD, LINE, MONO, QUIET, TOOLTIP_STYLE, WARN, card_figure

NEWEST: Final = 400
_TOOLTIP: Final = (
    f'<div style="{TOOLTIP_STYLE}"><b style="color:{ACCENT}">revision @revision</b><br>@taken_at<br>'
    "@errors errors, @warnings warnings<br>@changed manifests changed</div>"
)


class HistoryChart:
    """The newest revisions from left to right, evenly spaced: revisions come in bursts and then not for days."""

    def __init__(self) -> None:
        self.rows = ColumnDataSource(
            {name: [] for name in ("x", "revision", "taken_at", "errors", "warnings", "changed")}
        )
        self._across, self._up = Range1d(start=-0.5, end=0.5), Range1d(start=0, end=1)
        self.plot = card_figure(
            name="history-chart",
            height=180,
            sizing_mode="stretch_width",
            tools="",
            x_range=self._across,
            y_range=self._up,
        )
        self.plot.toolbar_location = None
        self.plot.yaxis.visible = self.plot.ygrid.visible = True
        self.plot.ygrid.grid_line_color = self.plot.yaxis.axis_line_color = LINE
        self.plot.yaxis.major_tick_line_color = self.plot.yaxis.minor_tick_line_color = None
        self.plot.yaxis.major_label_text_color, self.plot.yaxis.major_label_text_font = QUIET, MONO
        self.plot.yaxis.formatter = CustomJSTickFormatter(code="return Number.isInteger(tick) ? String(tick) : ''")
        for column, color in (("warnings", WARN), ("errors", BAD)):
            self.plot.step("x", column, source=self.rows, mode="center", line_color=color, line_width=2)
            dots = self.plot.scatter("x", column, source=self.rows, fill_color=color, line_color=None, size=6)
        self.plot.add_tools(HoverTool(renderers=[dots], tooltips=_TOOLTIP, mode="vline"))

    def draw(self, revisions: pd.DataFrame) -> None:
        """Show the newest of these revisions, which are in order."""
        newest = revisions.iloc[-NEWEST:]
        columns = {name: newest[name].tolist() for name in ("revision", "errors", "warnings", "changed")}
        times = [f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in newest["taken_at"]]
        self.rows.data = {"x": list(range(len(newest))), "taken_at": times, **columns}
        self._across.end = max(0.5, len(newest) - 0.5)
        highest = max([1, *columns["errors"], *columns["warnings"]])
        self._up.end = highest * 1.15
        self.plot.yaxis.ticker = SingleIntervalTicker(interval=max(1, round(highest / 4)))
