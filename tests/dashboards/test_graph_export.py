"""The drawn graph as files that other programs read."""

from io import BytesIO
from xml.etree import ElementTree

import networkx as nx
import pytest

from workbench import Workbench
from workbench.dashboards import TopologyPage
from workbench.dashboards.cartography import Cartographer, Chart
from workbench.dashboards.graph_export import drawn_graph
from workbench.dashboards.graph_paint import Paint
from workbench.dashboards.graph_svg import svg_file
from workbench.dashboards.slot_view import SlotView
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot
from workbench.tables.graph_files import graphml_file

SVG = "{http://www.w3.org/2000/svg}"
BAD = 'a"b\\<i>&\x7f'


@pytest.fixture
def chart(snapshot: Snapshot) -> Chart:
    return Cartographer().chart(snapshot, SlotView(mode="around", focus="crate:public-ingress", hops=1))


def chart_of_bad_names() -> Chart:
    text = '[smart-crate]\nname = \'x\'\nversion = "1"\n[dependencies]\na = "{}"\n'
    escaped = BAD.replace("\\", "\\\\").replace('"', '\\"').replace("\x7f", "\\u007F")
    manifest = parse_manifest("x/smart-crate.toml", text.format(escaped).encode())
    return Cartographer().chart(Snapshot().apply({"x/smart-crate.toml": manifest}), SlotView(("crate", "external")))


@pytest.mark.parametrize("mode", ["around", "by-class"])
def test_the_files_hold_what_is_drawn(snapshot: Snapshot, mode: str) -> None:
    chart = Cartographer().chart(snapshot, SlotView(mode=mode, focus="crate:public-ingress", hops=1))
    graph = nx.read_graphml(BytesIO(graphml_file(drawn_graph(chart))))
    assert set(graph.nodes) == chart.slice.nodes.keys()
    assert graph.number_of_edges() == len(chart.slice.edges)
    assert all(graph.nodes[node]["type"] == data["type"] for node, data in chart.slice.nodes.items())


def test_svg_shows_each_node_and_edge_and_fetches_nothing(chart: Chart) -> None:
    colors = dict.fromkeys(chart.slice.nodes, "#ffffff")
    root = ElementTree.fromstring(svg_file(Paint(chart, colors), "A title", {"gateway": "#ffffff"}))
    assert root.findtext(f"{SVG}title") == "A title"
    assert len(root.findall(f"{SVG}polyline")) == len(chart.slice.edges)
    names = {text.text for text in root.iter(f"{SVG}text")}
    assert names == {str(data["label"]) for data in chart.slice.nodes.values()} | {"gateway"}
    assert not [name for element in root.iter() for name in element.attrib if "href" in name or name.startswith("on")]


def test_names_that_are_markup_stay_text() -> None:
    chart = chart_of_bad_names()
    shown = BAD.replace("\x7f", " ")
    assert f"external:{BAD}" in chart.slice.nodes
    svg = ElementTree.fromstring(svg_file(Paint(chart, dict.fromkeys(chart.slice.nodes, "#fff")), BAD, {BAD: "#fff"}))
    assert shown in {text.text for text in svg.iter(f"{SVG}text")}
    assert drawn_graph(chart).nodes[f"external:{BAD}"]["label"] == BAD


def test_a_button_sends_the_file_of_what_is_drawn(sample: Workbench) -> None:
    page = TopologyPage(sample)
    page.controls.classes.value = "gateway"
    page.export.files["GraphML"].clicks += 1
    sent = page.export.parcel.data
    assert list(sent["name"]) == ["slot-graph.graphml"]
    graph = nx.read_graphml(BytesIO(sent["text"][0].encode()))
    assert len(graph) == len(page.figure.nodes.data["index"])
    assert b"<svg" in page.export.content("SVG")
    assert page.export.content("DOT").startswith(b"digraph")
    page.followers[0].stop()
