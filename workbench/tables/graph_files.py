"""A graph as the bytes of a file: GraphML, GEXF, DOT, node-link JSON or Mermaid."""

import io
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final
from xml.etree import ElementTree

import networkx as nx
import orjson

Graph = Any
"""A networkx graph of any kind; its nodes are texts."""

_NOT_XML: Final = re.compile("[^\t\n\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_TEXT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_GEXF_WORDS: Final = {"type": "edge_type", "label": "edge_label"}
"""What GEXF means something else by on an edge, and how our attribute is called there."""


def graphml_file(graph: Graph) -> bytes:
    """Return a graph as GraphML, for yEd, Gephi and networkx.

    Attributes without a value are left out, and characters that XML cannot hold become U+FFFD.
    """
    sink = io.BytesIO()
    nx.write_graphml_xml(_for_xml(graph), sink)
    return sink.getvalue()


def gexf_file(graph: Graph) -> bytes:
    """Return a graph as GEXF 1.2, for Gephi; an edge's type is its `edge_type`, its label its `edge_label`.

    Otherwise as GraphML.
    """
    plain = _for_xml(graph)
    for _, _, data in plain.edges(data=True):
        for word, ours in _GEXF_WORDS.items():
            if word in data:
                data[ours] = data.pop(word)
    writer = nx.readwrite.gexf.GEXFWriter(plain, encoding="utf-8", prettyprint=False, version="1.2draft")
    # The same graph gives the same file, whenever it is written.
    for meta in writer.xml.iter("meta"):
        meta.attrib.pop("lastmodifieddate", None)
    sink = io.BytesIO()
    ElementTree.ElementTree(writer.xml).write(sink, encoding="utf-8", xml_declaration=True)
    return sink.getvalue()


def dot_file(graph: Graph) -> bytes:
    """Return a graph in the DOT language, for Graphviz: crates as boxes, each edge labelled with its type."""
    lines = ["digraph slots {" if graph.is_directed() else "graph slots {", "  node [shape=ellipse];"]
    for node, data in graph.nodes(data=True):
        shape = ", shape=box" if data.get("type") == "crate" else ""
        lines.append(f"  {_dot(node)} [label={_shown(data.get('label', node))}{shape}];")
    arrow = "->" if graph.is_directed() else "--"
    for source, target, data in graph.edges(data=True):
        place = f", tooltip={_shown(_place(data))}" if "path" in data else ""
        lines.append(f"  {_dot(source)} {arrow} {_dot(target)} [label={_shown(data.get('type', ''))}{place}];")
    return "\n".join([*lines, "}", ""]).encode()


def node_link_file(graph: Graph) -> bytes:
    """Return a graph as node-link JSON, in the form of `GET /api/graph`, as networkx and D3 read it."""
    return orjson.dumps(nx.node_link_data(graph, edges="edges"))


def mermaid_file(graph: Graph) -> bytes:
    """Return a graph as a Mermaid flowchart, for READMEs; renderers refuse more than some 500 edges."""
    number = {node: f"n{n}" for n, node in enumerate(graph)}
    return "\n".join(["flowchart LR", *_mermaid_lines(graph, number), ""]).encode()


def _mermaid_lines(graph: Graph, number: Mapping[str, str]) -> Iterator[str]:
    for node, data in graph.nodes(data=True):
        begin, end = ("[", "]") if data.get("type") == "crate" else ("([", "])")
        yield f'  {number[node]}{begin}"{_mermaid(data.get("label", node))}"{end}'
    arrow = "-->" if graph.is_directed() else "---"
    for source, target, data in graph.edges(data=True):
        said = f'|"{_mermaid(data["type"])}"|' if data.get("type") else ""
        yield f"  {number[source]} {arrow}{said} {number[target]}"


def _for_xml(graph: Graph) -> Graph:
    """Return a graph of the same kind that XML can hold, with its edges numbered."""
    plain = type(graph)()
    plain.graph.update({key: _xml_value(value) for key, value in graph.graph.items() if value is not None})
    for node, data in graph.nodes(data=True):
        plain.add_node(_xml_value(node), **_xml_values(data))
    for number, (source, target, data) in enumerate(graph.edges(data=True)):
        ends = _xml_value(source), _xml_value(target)
        if plain.is_multigraph():
            plain.add_edge(*ends, key=f"e{number}", **_xml_values(data))
        else:
            plain.add_edge(*ends, **_xml_values(data))
    return plain


def _xml_values(data: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _xml_value(value) for key, value in data.items() if value is not None}


def _xml_value(value: Any) -> Any:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", value) if isinstance(value, str) else value


def _place(data: Mapping[str, Any]) -> str:
    return f"{data['path']}:{data.get('line', '')}"


def _dot(text: object) -> str:
    """Return a text as a quoted string of DOT: on one line, and without an escape sequence."""
    escaped = _NOT_TEXT.sub(" ", str(text)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _shown(text: object) -> str:
    """Return a text as a label of DOT that shows as it is: Graphviz reads entities such as `&lt;` in labels."""
    return _dot(str(text).replace("&", "&amp;"))


def _mermaid(text: object) -> str:
    """Return a text for a quoted label of Mermaid: everything but letters, digits and plain signs as its number."""
    shown = _NOT_TEXT.sub(" ", str(text))
    return "".join(c if c.isalnum() or c in " -_.,:/" else f"#{ord(c)};" for c in shown)


FORMATS: Final[Mapping[str, Callable[[Graph], bytes]]] = {
    "graphml": graphml_file,
    "gexf": gexf_file,
    "dot": dot_file,
    "json": node_link_file,
    "mmd": mermaid_file,
}
"""The encoder of every format, by the ending of its files."""
