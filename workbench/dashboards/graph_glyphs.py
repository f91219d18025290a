"""The glyphs that the slot graph is drawn with."""

from bokeh.core.properties import value
from bokeh.models import (
    ColumnDataSource,
    MultiLine,
    NodesAndLinkedEdges,
    NodesOnly,
    Scatter,
    StaticLayoutProvider,
    Text,
)
from bokeh.models.renderers import GlyphRenderer, GraphRenderer

from workbench.dashboards.theme import CARD, SANS, TEXT


def graph_renderer(nodes: ColumnDataSource, edges: ColumnDataSource, layout: StaticLayoutProvider) -> GraphRenderer:
    """Return the renderer of nodes and edges. Pointing at a node lights its edges up, a tap selects nodes only.

    What a selection dims is painted into the columns, because Bokeh's own selection knows no neighbours.
    """
    node = Scatter(
        marker="marker", size="size", fill_color="color", fill_alpha="alpha",
        line_color="ring", line_width="ring_width", line_alpha="alpha",
    )  # fmt: skip
    pointed = node.clone()
    pointed.update(line_color=TEXT, line_width=2.5, fill_alpha=1, line_alpha=1)
    edge = MultiLine(line_color="color", line_alpha="alpha", line_width="width")
    lit = MultiLine(line_color=TEXT, line_alpha=0.9, line_width=2)
    return GraphRenderer(
        layout_provider=layout,
        node_renderer=GlyphRenderer(
            data_source=nodes, glyph=node, selection_glyph=node, nonselection_glyph=node, hover_glyph=pointed
        ),
        edge_renderer=GlyphRenderer(
            data_source=edges, glyph=edge, selection_glyph=edge, nonselection_glyph=edge, hover_glyph=lit
        ),
        inspection_policy=NodesAndLinkedEdges(),
        selection_policy=NodesOnly(),
    )


def arrow_glyph() -> Scatter:
    """Return the glyph of arrowheads."""
    return Scatter(
        marker="triangle",
        x="x",
        y="y",
        angle="angle",
        size="size",
        fill_color="color",
        fill_alpha="alpha",
        line_color=None,
    )


def name_glyph(style: str) -> Text:
    """Return the glyph of names, right of their nodes, readable over edges."""
    return Text(
        x="x", y="y", text="label", x_offset="offset", text_baseline="middle",
        text_font=value(SANS), text_font_size="11px",
        text_font_style=style, text_color=TEXT, text_alpha="alpha",
        background_fill_color=CARD, background_fill_alpha=0.72,
    )  # fmt: skip
