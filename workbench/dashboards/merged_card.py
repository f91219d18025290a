"""What the Mux sees laid over what is declared, as a map on a page, redrawn when it differs."""

from typing import Final

from markupsafe import Markup

from workbench.dashboards.charts.crate_map_figure import crate_map_figure
from workbench.dashboards.charts.merged_map import merged_map
from workbench.dashboards.figure_pane import FigurePane
from workbench.dashboards.panes import column, html_pane, show
from workbench.dashboards.theme import on_card
from workbench.fleet.merged import Merged

MOST_WITH_UNSEEN: Final = 120
"""Of more nodes than this only what is seen is drawn."""


class MergedCard:
    """A card with the map, and a sentence that says what is to be seen."""

    def __init__(self) -> None:
        self.shown: Merged | None = None
        self.said = html_pane()
        self.figure = FigurePane()
        title = html_pane(Markup("<h2>Map</h2>"))
        self.view = column("card", title, self.said, column("scroll", self.figure))

    def show(self, merged: Merged | None) -> None:
        """Draw a merged topology, unless it is the one that is drawn."""
        if merged is None or merged == self.shown:
            return
        self.shown = merged
        is_large = len(merged.nodes) > MOST_WITH_UNSEEN
        drawn = merged_map(merged, unseen=not is_large)
        note = " What is declared and unseen is not drawn." if is_large else ""
        self.figure.object = on_card(crate_map_figure(drawn, min_width=700))
        show(self.said, Markup('<p class="quiet">{}{}</p>').format(drawn.said, note))
