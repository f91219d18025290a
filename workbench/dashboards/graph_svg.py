"""The drawn graph as an SVG file: the same places, colours and marks as on the canvas, with every name."""

from collections.abc import Iterator, Mapping, Sequence
from math import cos, pi, sin
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from workbench.dashboards.graph_paint import MARKERS, Columns, Paint, paint_edges, paint_nodes
from workbench.dashboards.theme import CARD, SANS, TEXT

_COLUMN: Final = 96.0
_ROW: Final = 30.0
_MARGIN: Final = 40.0
_NAMES: Final = 190.0
"""Room for the names right of the last column."""
_HEAD: Final = 3.8
_CORNERS: Final[Mapping[str, tuple[int, float]]] = {
    "square": (4, pi / 4), "diamond": (4, 0.0), "triangle": (3, -pi / 2), "hex": (6, 0.0), "star": (5, -pi / 2),
}  # fmt: skip
"""Corners of the markers that are no circles, and where the first stands."""


def svg_file(paint: Paint, title: str, legend: Mapping[str, str]) -> bytes:
    """Return a painted chart as an SVG of its own, without scripts, fonts or anything to be fetched."""
    places = paint.chart.positions
    right = max((x for x, _ in places.values()), default=0.0) * _COLUMN + 2 * _MARGIN + _NAMES
    bottom = max((y for _, y in places.values()), default=0.0) * _ROW + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {right:.0f} {bottom + _ROW:.0f}" '
        f'width="{right:.0f}" height="{bottom + _ROW:.0f}" font-family={quoteattr(SANS)} font-size="11">',
        f"<title>{escape(_plain(title))}</title>",
        f'<rect width="100%" height="100%" fill="{CARD}"/>',
        *_edges(*paint_edges(paint)),
        *_nodes(paint_nodes(paint), [places[node] for node in paint.chart.slice.nodes]),
        *_legend(legend, bottom),
        "</svg>",
    ]
    return "\n".join(parts).encode()


def _edges(lines: Columns, heads: Columns) -> Iterator[str]:
    for xs, ys, color, alpha, width in zip(
        *(lines[key] for key in ("xs", "ys", "color", "alpha", "width")), strict=True
    ):
        points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in zip(xs, ys, strict=True))
        yield (
            f'<polyline points="{points}" fill="none" stroke="{color}" stroke-opacity="{alpha:.2f}" '
            f'stroke-width="{width:.1f}"/>'
        )
    for x, y, angle, color, alpha in zip(*(heads[key] for key in ("x", "y", "angle", "color", "alpha")), strict=True):
        # On the canvas angles turn against the clock, and a triangle of angle 0 points upwards.
        corners = _polygon(_x(x), _y(y), _HEAD, 3, -pi / 2 - angle)
        yield f'<polygon points="{corners}" fill="{color}" fill-opacity="{alpha:.2f}"/>'


def _nodes(nodes: Columns, places: Sequence[tuple[float, float]]) -> Iterator[str]:
    keys = ("label", "kind", "size", "color", "ring", "ring_width", "alpha", "known")
    for place, *values in zip(places, *(nodes[key] for key in keys), strict=True):
        label, kind, size, color, ring, width, alpha, known = values
        x, y, radius = _x(place[0]), _y(place[1]), size / 2
        dress = f'fill="{color}" stroke="{ring}" stroke-width="{width}"'
        yield f'<g opacity="{alpha:.2f}"><title>{escape(_plain(f"{kind} {label} {known}"))}</title>'
        if MARKERS[kind] in _CORNERS:
            yield f'<polygon points="{_polygon(x, y, radius, *_CORNERS[MARKERS[kind]])}" {dress}/>'
        else:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {dress}/>'
        yield f'<text x="{x + radius + 3:.1f}" y="{y + 4:.1f}" fill="{TEXT}">{escape(_plain(label))}</text></g>'


def _legend(legend: Mapping[str, str], y: float) -> Iterator[str]:
    x = _MARGIN
    for name, color in legend.items():
        yield f'<circle cx="{x:.0f}" cy="{y:.0f}" r="5" fill="{color}"/>'
        yield f'<text x="{x + 9:.0f}" y="{y + 4:.0f}" fill="{TEXT}">{escape(_plain(name))}</text>'
        x += 30 + 6.2 * len(name)


def _polygon(x: float, y: float, radius: float, corners: int, start: float) -> str:
    angles = (start + 2 * pi * n / corners for n in range(corners))
    return " ".join(f"{x + radius * cos(angle):.1f},{y + radius * sin(angle):.1f}" for angle in angles)


def _plain(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return "".join(character if character.isprintable() else " " for character in text)


def _x(column: float) -> float:
    return _MARGIN + column * _COLUMN


def _y(row: float) -> float:
    return _MARGIN + row * _ROW
