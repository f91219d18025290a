"""The one look of all pages: its colours, its stylesheets, and Bokeh figures dressed in it."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from bokeh.plotting import figure

PAGE: Final = "#0f172a"
CARD: Final = "#1e293b"
LINE: Final = "#334155"
TEXT: Final = "#e2e8f0"
QUIET: Final = "#94a3b8"
ACCENT: Final = "#22d3ee"
GOOD: Final = "#4ade80"
WARN: Final = "#facc15"
BAD: Final = "#f87171"
MONO: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"
SANS: Final = "ui-sans-serif, system-ui, Segoe UI, Roboto, Helvetica Neue, DejaVu Sans, sans-serif"

SEVERITY_COLORS: Final[Mapping[str | None, str]] = {"error": BAD, "warning": WARN, "hint": "#a5b4fc", None: GOOD}

CLASS_COLORS: Final = (
    "#22d3ee", "#a78bfa", "#4ade80", "#fb923c", "#f472b6", "#60a5fa",
    "#facc15", "#2dd4bf", "#c084fc", "#a3e635", "#fda4af", "#818cf8",
)  # fmt: skip
OTHER_COLOR: Final = "#94a3b8"
TYPE_COLORS: Final[Mapping[str, str]] = {
    "port": "#67e8f9", "foundation": "#fbbf24", "endpoint": "#86efac", "capability": "#f0abfc", "external": "#cbd5e1",
}  # fmt: skip
"""The colours of the nodes of the slot graph that are no crates."""


_FIGURE: Final = ":host { filter: var(--wb-figure-filter, none); }"
"""In the light theme the browser turns the lightness of a figure round: see css/frame.css."""
_TOOLBAR: Final = (
    ":host { --bokeh-icon-color: #cbd5e1; --active-tool-border: #22d3ee; --divider-color: transparent; }"
    ".bk-divider { display: none; }"
)


@cache
def sheet(name: str) -> str:
    """Return one of the stylesheets of `css/`, with the design tokens in front, so that it also works in a notebook."""
    return plain_sheet("tokens") + plain_sheet(name)


@cache
def plain_sheet(name: str) -> str:
    """Return one of the stylesheets of `css/` as it is."""
    return (Path(__file__).parent / "css" / f"{name}.css").read_text("utf-8")


def class_colors(classes: list[str]) -> dict[str, str]:
    """Return a colour for each class, the same for the same classes; those beyond the palette share one."""
    named = sorted(set(classes))
    return {name: CLASS_COLORS[i] if i < len(CLASS_COLORS) else OTHER_COLOR for i, name in enumerate(named)}


def dark_figure(**options: Any) -> figure:
    """Return a Bokeh figure in the colour of a card: no axes, no grid, no logo, drawn on canvas."""
    # WebGL without a GPU takes seconds to set up; canvas draws what we draw at once.
    plot = figure(**{"output_backend": "canvas", "toolbar_location": "above", **options})
    plot.background_fill_color = plot.border_fill_color = CARD
    plot.outline_line_color = None
    plot.axis.visible = False
    plot.grid.visible = False
    plot.toolbar.logo = None
    plot.stylesheets = [_FIGURE]
    plot.toolbar.stylesheets = [_TOOLBAR]
    return plot


def card_figure(**options: Any) -> figure:
    """Return a figure to stand on a card."""
    return on_card(dark_figure(**options))


def on_card(plot: figure) -> figure:
    """Return a figure that a card shows through, which has its own colour in each theme."""
    plot.background_fill_color = plot.border_fill_color = None
    return plot


TOOLTIP_STYLE: Final = (
    f"background:{PAGE};color:{TEXT};border:1px solid #475569;border-radius:8px;padding:8px 10px;"
    f"font:13px/1.45 {SANS};max-width:340px;white-space:normal"
)
