"""Small Panel parts that all pages are put together from, dressed in the theme."""

from collections.abc import Callable
from typing import Any, Final

import panel as pn
from markupsafe import Markup

from workbench.dashboards.theme import sheet

_HIDDEN: Final = "wb-gone"


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


def search_box(label: str, placeholder: str, width: int) -> pn.widgets.TextInput:
    """Return a field whose `value_input` follows as one types."""
    box: pn.widgets.TextInput = control(pn.widgets.TextInput, label, placeholder=placeholder, width=width)
    return box


def type_in(box: pn.widgets.TextInput, text: str) -> None:
    """Put a text into a search box, as if it had been typed and entered."""
    box.param.update(value=text, value_input=text)


def action(label: str, on_click: Callable[[Any], None], tone: str = "", **options: Any) -> pn.widgets.Button:
    """Return a button; its tone is `primary` or `danger`, or none."""
    classes = ["wb-action", *([f"wb-{tone}"] if tone else [])]
    button: pn.widgets.Button = control(pn.widgets.Button, label, css_classes=classes, **options)
    button.on_click(on_click)
    return button


def check_box(words: str, is_checked: bool = False, **options: Any) -> pn.widgets.CheckBoxGroup:
    """Return a box to check, whose value is a list of its words or empty; unlike `Checkbox` it has a name for all."""
    value = [words] if is_checked else []
    box: pn.widgets.CheckBoxGroup = control(
        pn.widgets.CheckBoxGroup, "", options=[words], value=value, css_classes=["wb-check"], **options
    )
    return box


def check(box: pn.widgets.CheckBoxGroup, is_checked: bool) -> None:
    """Check a box, or clear it."""
    box.value = list(box.options) if is_checked else []


def reveal(part: pn.Column, is_shown: bool) -> None:
    """Show or hide a column, whose own `visible` the rules of `css/layout.css` outweigh."""
    classes = [name for name in part.css_classes if name != _HIDDEN] + ([] if is_shown else [_HIDDEN])
    if part.css_classes != classes:
        part.css_classes = classes


def show(pane: pn.pane.HTML, markup: Markup) -> None:
    """Put markup into a pane, unless it is there already."""
    text = str(markup)  # A `Markup` would escape itself once more on its way to the browser.
    if pane.object != text:
        pane.object = text
