"""A Bokeh figure with axes that can be read, and the tooltip of all charts."""

from typing import Any, Final

from bokeh.plotting import figure

from workbench.dashboards.theme import ACCENT, LINE, QUIET, SANS, TEXT, TOOLTIP_STYLE, dark_figure

_MOST_IN_A_ROW: Final = 4
"""A longer legend is cut off at the end of its row in a narrow figure."""
_COLUMNS: Final = 3
TOOLS: Final = "pan,wheel_zoom,reset,save"


def chart_figure(**options: Any) -> figure:
    """Return an empty figure with axes, on which nothing scrolls until the wheel tool is chosen."""
    plot = dark_figure(**{"sizing_mode": "stretch_width", "tools": TOOLS, "active_scroll": None, **options})
    title: Any = plot.title
    title.update(text_color=TEXT, text_font=SANS, text_font_size="12px")
    plot.axis.visible = True
    plot.axis.axis_line_color = plot.axis.major_tick_line_color = LINE
    plot.axis.minor_tick_line_color = None
    plot.axis.major_label_text_color, plot.axis.major_label_text_font = QUIET, SANS
    plot.yaxis.major_label_text_color = TEXT
    return plot


def tooltip(head: str, *lines: str) -> str:
    """Return a tooltip of a chart: a name, and lines below it."""
    body = "".join(f"<br>{line}" for line in lines)
    return f'<div style="{TOOLTIP_STYLE}"><b style="color:{ACCENT}">{head}</b>{body}</div>'


def dress_legend(plot: figure) -> None:
    """Put the legend below the figure, in its colours."""
    if not plot.legend:
        return
    plot.add_layout(plot.legend[0], "below")
    plot.legend.orientation, plot.legend.location = "horizontal", "left"
    if len(plot.legend[0].items) > _MOST_IN_A_ROW:
        plot.legend.ncols = _COLUMNS
    plot.legend.background_fill_color = plot.legend.border_line_color = None
    plot.legend.label_text_color, plot.legend.label_text_font, plot.legend.label_text_font_size = QUIET, SANS, "12px"
