"""A pane for figures that may stand in any application."""

from typing import Any

import panel as pn
import param


class FigurePane(pn.pane.Bokeh):
    """Shows a figure, also where a template dresses everything in its design, as `panel serve` of a notebook does.

    Panel 1.9 and 1.10 would set the design on the figure itself, which has no such property.
    """

    def __init__(self, figure: Any = None, **options: Any) -> None:
        super().__init__(figure, **{"sizing_mode": "stretch_width", "margin": 0, **options})  # type: ignore[no-untyped-call]

    def _param_change(self, *events: param.parameterized.Event) -> None:
        super()._param_change(*(event for event in events if event.name != "design"))
