"""A quick chart of a result: bars or a line of one column against another."""

from typing import Any, Final

import pandas as pd
from bokeh.models import BasicTickFormatter, ColumnDataSource, FactorRange
from bokeh.plotting import figure

from workbench.dashboards.figure_files import save_tool
from workbench.dashboards.result_table import Result
from workbench.dashboards.theme import ACCENT, LINE, MONO, QUIET, TEXT, card_figure

KINDS: Final = ("bars", "line")
MOST_BARS: Final = 40
_TICK_PX: Final = 26


def result_chart(result: Result, kind: str, across: int, up: int) -> figure:
    """Return a chart of the column number `up`, which is numeric, against the column number `across`.

    Bars are drawn for the first rows, `MOST_BARS` of them at most, and lie, so that their names can be read.
    """
    return _bars(result, across, up) if kind == "bars" else _line(result, across, up)


def _bars(result: Result, across: int, up: int) -> figure:
    rows = result.frame.iloc[:MOST_BARS]
    words = [_word(value) for value in rows.iloc[:, across]]
    # Factors must differ; a second bar of the same name is told apart by blanks, which nobody sees.
    factors = [word + "\u200b" * words[:n].count(word) for n, word in enumerate(words)]
    plot = _axes(
        result.names[up], "", y_range=FactorRange(factors=factors[::-1], range_padding=0.02),
        height=max(220, 90 + _TICK_PX * len(factors)),
    )  # fmt: skip
    source = ColumnDataSource({"name": factors, "value": rows.iloc[:, up].fillna(0).tolist()})
    plot.xaxis.formatter = BasicTickFormatter(use_scientific=False)
    plot.hbar(y="name", right="value", height=0.72, source=source, fill_color=ACCENT, line_color=None)
    plot.x_range.update(start=min([0, *source.data["value"]]))
    return plot


def _line(result: Result, across: int, up: int) -> figure:
    is_number = across in result.numeric
    x = result.frame.iloc[:, across] if is_number else pd.Series(range(len(result.frame)))
    pairs = sorted((a, b) for a, b in zip(x, result.frame.iloc[:, up], strict=True) if pd.notna(a) and pd.notna(b))
    plot = _axes(result.names[across] if is_number else f"row, by {result.names[across]}", result.names[up], height=340)
    source = ColumnDataSource({"x": [a for a, _ in pairs], "y": [b for _, b in pairs]})
    plot.axis.formatter = BasicTickFormatter(use_scientific=False)
    plot.line("x", "y", source=source, line_color=ACCENT, line_width=2)
    plot.scatter("x", "y", source=source, fill_color=ACCENT, line_color=None, size=5)
    return plot


def _word(value: Any) -> str:
    if value is None or pd.isna(value):
        return "(none)"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 36 else f"{text[:35]}…"


def _axes(across: str, up: str, **options: Any) -> figure:
    """Return an empty figure with readable axes."""
    plot = card_figure(name="result-chart", sizing_mode="stretch_width", tools="", **options)
    plot.add_tools(save_tool(plot, "answer.png"))
    plot.axis.visible = plot.xgrid.visible = True
    plot.xgrid.grid_line_color = LINE
    plot.axis.axis_line_color = plot.axis.major_tick_line_color = LINE
    plot.axis.minor_tick_line_color = None
    plot.axis.major_label_text_color, plot.axis.major_label_text_font = QUIET, MONO
    plot.axis.axis_label_text_color = TEXT
    plot.xaxis.axis_label, plot.yaxis.axis_label = across, up or None
    return plot
