"""Small Panel parts that all pages are put together from, dressed in the theme."""

from typing import Any

import panel as pn
from markupsafe import Markup

from workbench.dashboards.theme import sheet


def html_pane(markup: Markup | None = None, **options: Any) -> pn.pane.HTML:
    """Return a pane for markup. Only `Markup` goes in, so that text of manifests is always escaped."""
    options.setdefault("sizing_mode", "stretch_width")
    return pn.pane.HTML(str(markup or ""), stylesheets=[sheet("pane")], margin=0, **options)


def column(kind: str, *parts: Any, **options: Any) -> pn.Column:
    """Return parts laid out as one kind of `css/layout.css`: page, card, split, filters."""
    options.setdefault("sizing_mode", "stretch_width")
    return pn.Column(*parts, css_classes=[f"wb-{kind}"], stylesheets=[sheet("layout")], margin=0, **options)


def control(kind: type[Any], label: str, **options: Any) -> Any:
    """Return a widget of a kind, labelled and dressed in the theme."""
    return kind(label=label, stylesheets=[sheet("widget")], margin=0, **options)


def show(pane: pn.pane.HTML, markup: Markup) -> None:
    """Put markup into a pane, unless it is there already."""
    text = str(markup)  # A `Markup` would escape itself once more on its way to the browser.
    if pane.object != text:
        pane.object = text
