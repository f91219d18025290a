"""Graphs as files: what is read back is what was written, and hostile names stay names."""

import io
import json
import re
from html import unescape
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.conftest import snapshot_of
from workbench.config import sample_fleet
from workbench.fleet.graph import slot_graph
from workbench.tables.graph_files import FORMATS, dot_file, gexf_file, graphml_file, mermaid_file, node_link_file
from workbench.workbench import Workbench

Graph = Any
HOSTILE = [
    'a"b',
    "a\nb",
    "a\\",
    'a\\"; evil [label="x',
    "<script>alert(1)</script>",
    "]]>",
    "&lt;b&gt;",
    "größe-数",
    "%%{init}%%",
    "#quot;",
]


@pytest.fixture(scope="module")
def sample() -> Graph:
    return Workbench.scan(sample_fleet()).graph


def values(data: dict[str, Any], *without: str) -> tuple[tuple[str, Any], ...]:
    return tuple(sorted((k, v) for k, v in data.items() if v not in (None, "") and k not in without))


def nodes(graph: Graph) -> dict[str, Any]:
    return {node: values(data) for node, data in graph.nodes(data=True)}


def edges(graph: Graph, *without: str) -> list[Any]:
    return sorted((a, b, values(data, "id", *without)) for a, b, data in graph.edges(data=True))


def hostile_graph(names: list[str]) -> Graph:
    graph: Graph = nx.MultiDiGraph(revision=1)
    for name in names:
        graph.add_node(f"crate:{name}", type="crate", label=name, stale=False, severity=None)
        graph.add_edge(
            f"crate:{name}", "port:1", key=f"OWNS:{name}", type="OWNS", path=name, line=3, declared=name, label=name
        )
        graph.add_edge(f"crate:{name}", "port:1", key="again", type="REFERENCES", path=name, line=4, declared=name)
    graph.nodes["port:1"].update(type="port", label="1")
    return graph


def read_gexf(content: bytes) -> Graph:
    graph = nx.read_gexf(io.BytesIO(content))
    for _, _, data in graph.edges(data=True):
        for word in ("type", "label"):
            if f"edge_{word}" in data:
                data[word] = data.pop(f"edge_{word}")
    return graph


def read_graphml(content: bytes) -> Graph:
    return nx.read_graphml(io.BytesIO(content), force_multigraph=True)


@pytest.mark.parametrize("make", [lambda sample: sample, lambda _: hostile_graph(HOSTILE)], ids=["sample", "hostile"])
def test_graphml_gexf_and_node_link_are_read_back_equal(sample: Graph, make: Any) -> None:
    graph = make(sample)
    for found in (read_graphml(graphml_file(graph)), read_gexf(gexf_file(graph))):
        assert nodes(found) == nodes(graph)
        assert edges(found) == edges(graph)
    again = nx.node_link_graph(json.loads(node_link_file(graph)), edges="edges")
    assert nx.utils.graphs_equal(again, graph)


@given(st.lists(st.text(max_size=12), min_size=1, max_size=4, unique=True))
def test_any_name_can_be_written_as_xml(names: list[str]) -> None:
    graph = hostile_graph(names)
    for content in (graphml_file(graph), gexf_file(graph)):
        assert content.decode()
    assert set(read_gexf(gexf_file(graph))) == set(read_graphml(graphml_file(graph)))


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert "crate:a\ufffdb" in read_graphml(graphml_file(hostile_graph(["a\x00b"])))
    assert "crate:a\ufffdb" in read_gexf(gexf_file(hostile_graph(["a\x1bb"])))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_graph_gives_the_same_file(sample: Graph, name: str) -> None:
    assert FORMATS[name](sample) == FORMATS[name](sample.copy())


QUOTED = r'"(?:[^"\\]|\\.)*"'


def quoted(token: str) -> str:
    """Return what a quoted string of DOT says once its escapes are undone."""
    return re.sub(r"\\(.)", r"\1", token[1:-1])


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12)), min_size=1, max_size=5, unique=True))
def test_dot_has_one_statement_a_line_and_says_each_name(names: list[str]) -> None:
    graph = hostile_graph(names)
    lines = dot_file(graph).decode().split("\n")
    assert (lines[0], lines[-2:]) == ("digraph slots {", ["}", ""])
    node = re.compile(rf"  ({QUOTED}) \[label=({QUOTED})(?:, shape=box)?\];")
    edge = re.compile(rf"  ({QUOTED}) -> ({QUOTED}) \[label=({QUOTED}), tooltip=({QUOTED})\];")
    statements = lines[2:-2]
    labels = [unescape_label(m[2]) for line in statements if (m := node.fullmatch(line))]
    assert len(labels) == len(graph)
    assert (
        sum(bool(edge.fullmatch(line)) for line in statements)
        == graph.number_of_edges()
        == len(statements) - len(graph)
    )
    assert set(labels) == {clean(data["label"]) for _, data in graph.nodes(data=True)}


def unescape_label(token: str) -> str:
    return quoted(token).replace("&amp;", "&")


def clean(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", text)


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=12)), min_size=1, max_size=5, unique=True))
def test_mermaid_has_plain_labels_that_say_each_name(names: list[str]) -> None:
    graph = hostile_graph(names)
    lines = mermaid_file(graph).decode().split("\n")
    assert (lines[0], lines[-1]) == ("flowchart LR", "")
    node = re.compile(r'  n\d+(?:\["([^"<>&`%]*)"\]|\(\["([^"<>&`%]*)"\]\))')
    edge = re.compile(r'  n\d+ -->\|"\w+"\| n\d+')
    labels = [m[1] if m[1] is not None else m[2] for line in lines[1:-1] if (m := node.fullmatch(line))]
    assert {unescape(re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label)) for label in labels} == {
        unescape(clean(data["label"])) for _, data in graph.nodes(data=True)
    }
    assert sum(bool(edge.fullmatch(line)) for line in lines) == graph.number_of_edges()
    assert len(lines) == len(graph) + graph.number_of_edges() + 2


def test_graphs_of_other_kinds_too() -> None:
    plain: Graph = nx.Graph([("a", "b")])
    assert b'"a" -- "b"' in dot_file(plain)
    assert b"n0 --- n1" in mermaid_file(plain)
    assert set(nx.read_graphml(io.BytesIO(graphml_file(plain))).edges) == {("a", "b")}
    assert set(nx.read_gexf(io.BytesIO(gexf_file(plain))).edges) == {("a", "b")}


def test_the_slot_graph_of_a_hostile_fleet() -> None:
    texts = {
        f"c{n}": f"[smart-crate]\nname = {json.dumps(name)}\n[ports]\nhttp = {18020 + n}"
        for n, name in enumerate(HOSTILE)
    }
    graph = slot_graph(snapshot_of(**texts))
    assert nodes(read_graphml(graphml_file(graph))) == nodes(graph)
    assert b"<script>" not in graphml_file(graph) + mermaid_file(graph)
