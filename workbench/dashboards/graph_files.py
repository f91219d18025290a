"""The drawn graph as the files of other programs: GraphML and DOT."""

from io import BytesIO
from typing import Any

import networkx as nx

from workbench.dashboards.cartography import Chart


def drawn_graph(chart: Chart) -> "nx.MultiDiGraph[str]":
    """Return what a chart shows as a graph: node and edge attributes, without those that have no value."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node, data in chart.slice.nodes.items():
        graph.add_node(node, **_known(data))
    for edge in chart.slice.edges:
        attributes = {"type": edge.type, "path": edge.path, "line": edge.line, "label": edge.label, "count": edge.count}
        graph.add_edge(edge.source, edge.target, edge.type, **_known(attributes))
    return graph


def graphml_file(chart: Chart) -> bytes:
    """Return what a chart shows as GraphML, for yEd, Gephi and networkx."""
    sink = BytesIO()
    nx.write_graphml(drawn_graph(chart), sink)
    return sink.getvalue()


def dot_file(chart: Chart) -> bytes:
    """Return what a chart shows in the DOT language of Graphviz."""
    lines = ["digraph slots {", "  rankdir=LR;"]
    for node, data in chart.slice.nodes.items():
        lines.append(f"  {_quoted(node)} [label={_quoted(data['label'])}, class={_quoted(data['type'])}];")
    lines.extend(
        f"  {_quoted(edge.source)} -> {_quoted(edge.target)} [label={_quoted(edge.type)}];"
        for edge in chart.slice.edges
    )
    return "\n".join([*lines, "}", ""]).encode()


def _known(attributes: Any) -> dict[str, Any]:
    return {key: _plain(value) for key, value in attributes.items() if value not in (None, "")}


def _plain(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return "".join(character if character.isprintable() else " " for character in value)


def _quoted(text: object) -> str:
    escaped = str(_plain(str(text))).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
