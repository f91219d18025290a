"""Cypher patterns: they find what the slot graph holds, and a pattern that cannot be read is told with its place."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.config import sample_fleet
from workbench.errors import QueryError
from workbench.fleet import model
from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES, slot_graph
from workbench.fleet.positions import Positions
from workbench.fleet.property_graph import NODE_LABELS, asks_for_lines, graph_lists, property_graph
from workbench.fleet.snapshot import Snapshot
from workbench.queries.cypher import MAX_PATTERN, match
from workbench.workbench import Workbench


@pytest.fixture(scope="module")
def bench() -> Workbench:
    return Workbench.scan(sample_fleet())


def rows(bench: Workbench, pattern: str) -> list[list[object]]:
    return [list(row) for row in bench.match(pattern).itertuples(index=False)]


def test_the_readme_s_pattern(bench: Workbench) -> None:
    frame = bench.match("MATCH (c:Crate)-[:OWNS]->(p:Port) RETURN c.name, p.port LIMIT 5")
    assert list(frame.columns) == ["c.name", "p.port"]
    assert len(frame) == 5
    owned = bench.ports[bench.ports["role"] == "owner"]
    assert set(map(tuple, frame.values.tolist())) <= set(zip(owned["crate"], owned["port"], strict=True))


@pytest.mark.parametrize("kind", EDGE_TYPES)
def test_every_edge_is_found_by_its_type(bench: Workbench, kind: str) -> None:
    expected = [(u, v) for u, v, given in bench.graph.edges(data=True) if given["type"] == kind]
    found = rows(bench, f"MATCH (a)-[:{kind}]->(b) RETURN a.id, b.id")
    loops = rows(bench, f"MATCH (a)-[:{kind}]->(a) RETURN a.id, a.name")
    assert Counter(map(tuple, found)) == Counter((u, v) for u, v in expected if u != v)
    assert {row[0] for row in loops} == {u for u, v in expected if u == v}


@pytest.mark.parametrize("kind", NODE_TYPES)
def test_every_node_is_found_by_its_label(bench: Workbench, kind: str) -> None:
    expected = {node for node, given in bench.graph.nodes(data=True) if given["type"] == kind}
    assert {row[0] for row in rows(bench, f"MATCH (n:{NODE_LABELS[kind]}) RETURN n.id")} == expected


def test_a_limit_cuts_rows_and_not_what_is_counted(bench: Workbench) -> None:
    crates = len(bench.crates)
    assert rows(bench, "MATCH (c:Crate) RETURN count(c) AS n LIMIT 1") == [[crates]]
    owners = {row[0] for row in rows(bench, "MATCH (c:Crate)-[:OWNS]->(p:Port) RETURN c.name")}
    assert len(rows(bench, "MATCH (c:Crate)-[:OWNS]->(p:Port) RETURN DISTINCT c.name LIMIT 20")) == min(20, len(owners))
    joined = 'MATCH (a:Crate) MATCH (b:Crate) WHERE a.name = "cache-warmer" RETURN a.name, b.name LIMIT 3'
    assert [row[0] for row in rows(bench, joined)] == ["cache-warmer"] * 3


def test_nodes_edges_and_ways_are_shown_whole(bench: Workbench) -> None:
    lists = graph_lists(bench.snapshot)
    nodes = {node: dict(given) for node, given in lists[0]}
    found = match(property_graph(*lists), "MATCH (c:Crate)-[e:OWNS]->(p:Port) RETURN c, e, p LIMIT 1")
    crate, edge, port = found.rows[0]
    assert (crate, port) == (nodes[crate["id"]], nodes[port["id"]])
    assert port == {"id": f"port:{port['port']}", "label": "Port", "name": str(port["port"]), "port": port["port"]}
    assert (edge["type"], edge["path"]) == ("OWNS", crate["path"])
    way = match(property_graph(*lists), "MATCH (a:Crate)-[e:DEPENDS_ON*1..2]->(b:Crate) RETURN e").rows
    assert {type(row[0]) for row in way} <= {dict, list}


def test_rows_beyond_the_limit_are_cut_and_said_so(bench: Workbench) -> None:
    graph = property_graph(*graph_lists(bench.snapshot))
    cut = match(graph, "MATCH (c:Crate) RETURN c.name", rows=3)
    assert (len(cut.rows), cut.truncated) == (3, True)
    assert not match(graph, "MATCH (c:Crate) RETURN c.name LIMIT 3", rows=3).truncated
    assert match(graph, "MATCH (c:Crate) RETURN c.name LIMIT 9", rows=3).truncated


@pytest.mark.parametrize(
    ("pattern", "message", "line", "column"),
    [
        ("MATCH (c:Crate RETURN c", 'the pattern cannot be read from "RETURN c" on', 1, 16),
        ("MACH (c) RETURN c", 'the pattern cannot be read from "MACH (c) RETURN c" on', 1, 1),
        ("MATCH (c)\nWHERE c.name = 'x\"y' RETUR c", 'the pattern cannot be read from "RETUR c" on', 2, 22),
        ("MATCH (c) // all\nWHERE 'a' ! c.name RETURN c", 'the pattern cannot be read from "! c.name RETURN c" on', 2, 11),
        ("MATCH (c) SET c.name = 1 RETURN c", "SET is refused: the graph is read, never written", 1, 11),
        ("MATCH (c) DETACH DELETE c", "DETACH is refused: the graph is read, never written", 1, 11),
        ("OPTIONAL MATCH (c) RETURN c", "OPTIONAL is not supported", 1, 1),
        ("MATCH (c:Crate)", "it needs a RETURN", 1, 16),
        ("", "it needs a RETURN", 1, 1),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place(bench: Workbench, pattern: str, message: str, line: int, column: int) -> None:
    with pytest.raises(QueryError) as caught:
        bench.match(pattern)
    assert caught.value.message.endswith(message)
    assert caught.value.details == {"line": line, "column": column}


@pytest.mark.parametrize(
    "pattern",
    [
        "MATCH (c:Crate) RETURN z.name",
        "MATCH (c:Crate) WHERE z.name = 1 RETURN c",
        'MATCH (c:Crate) WHERE c.name = "\\x" RETURN c',
        "MATCH (c:Crate) WHERE toLower(c.stale) = 1 RETURN c",
        "MATCH (a)-[*1..999]->(b) RETURN a",
        "MATCH (c) WHERE " + "(" * 3000 + "c.port = 1" + ")" * 3000 + " RETURN c",
        "MATCH (c) RETURN c " + " " * MAX_PATTERN,
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_an_error_of_ours(bench: Workbench, pattern: str) -> None:
    with pytest.raises(QueryError):
        bench.match(pattern)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.sampled_from("'\""))
@settings(max_examples=60, deadline=None)
def test_any_string_means_itself(text: str, quote: str) -> None:
    """Strings reach the library's evaluation in one spelling of ours, whatever they hold."""
    graph = property_graph([("crate:a", {"label": "Crate", "name": text})], [])
    escaped = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    assert match(graph, f"MATCH (c) WHERE c.name = {quote}{escaped}{quote} RETURN c.name").rows == [[text]]


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_text_is_answered_or_refused(text: str) -> None:
    graph = property_graph([("crate:a", {"label": "Crate", "name": "a"})], [])
    for pattern in (text, f"MATCH (c) WHERE c.name = {text} RETURN c"):
        with suppress(QueryError):
            match(graph, pattern)


def test_the_lists_hold_what_the_slot_graph_holds(bench: Workbench) -> None:
    nodes, edges = graph_lists(bench.snapshot)
    graph = slot_graph(bench.snapshot)
    assert [node for node, _ in nodes] == list(graph)
    assert {node: given["name"] for node, given in nodes} == dict(graph.nodes(data="label"))
    listed = {(source, target, key): given for source, target, key, given in edges}
    assert listed == {edge[:3]: edge[3] for edge in graph.edges(keys=True, data=True)}


def test_a_text_is_read_once_for_all_that_the_graph_asks_of_it(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each text is looked through for all its edges together: at 10,000 crates that is most of the time."""
    records = bench.snapshot.records
    for record in records.values():
        record.manifest.source._located.clear()
    snapshot = Snapshot().apply({path: record.manifest for path, record in records.items()})
    read: list[str] = []

    def counted(text: str) -> Positions:
        read.append(text)
        return Positions(text)

    monkeypatch.setattr(model, "Positions", counted)
    _, edges = graph_lists(snapshot)
    assert 0 < len(read) <= len(records) < len(edges)


@pytest.mark.parametrize(
    ("pattern", "asks"),
    [
        ("MATCH (c:Crate)-[:OWNS]->(p:Port) RETURN c.name, p.port", False),
        ("MATCH (c:Crate)-[e:OWNS]->(p) RETURN e.label, e.path", False),
        ("MATCH (c)-[e:OWNS]->(p) WHERE e.label = 'http' RETURN c", False),
        ("MATCH (a)-[*1..2]->(b) RETURN a.id, count(b)", False),
        ("MATCH (c)-[e:OWNS]->(p) RETURN e.line", True),
        ("MATCH (c)-[e:OWNS]->(p) RETURN e . line", True),
        ("MATCH (c)-[:OWNS {line: 3}]->(p) RETURN c", True),
        ("MATCH (c)-[e]->(p) RETURN e", True),
        ("MATCH (c)<-[ e *1..2 ]-(p) RETURN c.id, e", True),
        ("MATCH (c)-[e]->(p) RETURN DISTINCT collect(e)", True),
        ("MATCH (c)-[e]->(p)-[f]->(q) RETURN e.label, f", True),
        ("MATCH p = (c)-[]->(q) RETURN p", True),
        ("MATCH (c)-[// all\ne]->(p) RETURN e", True),
        ("match (c)-[e]->(p) return *", True),
    ],
)
def test_lines_are_handed_over_to_who_might_see_them(bench: Workbench, pattern: str, asks: bool) -> None:
    assert asks_for_lines(pattern) is asks
    if not asks:
        answers = [
            match(property_graph(*graph_lists(bench.snapshot, lines=lines)), pattern).rows for lines in (True, False)
        ]
        assert answers[0] == answers[1] != []


NAMES = st.sampled_from(["a", "b", "e", "f"])
TERMS = st.builds("{}{}".format, NAMES, st.sampled_from(["", ".label", ".path", ".line", ".type", ".declared"]))


@given(NAMES, st.lists(TERMS, min_size=1, max_size=3), st.one_of(st.none(), TERMS))
@settings(max_examples=60, deadline=None)
def test_who_is_not_handed_lines_does_not_miss_them(edge: str, terms: list[str], wanted: str | None) -> None:
    """Of whatever the answer is made: it is the same without lines wherever they are left out."""
    pattern = f"MATCH (x)-[{edge}]->(y)" + (f" WHERE {wanted} <> 5" if wanted else "") + f" RETURN {', '.join(terms)}"
    given = {"type": "OWNS", "path": "p", "declared": "k", "label": "http"}
    nodes = [("crate:a", {"label": "Crate", "name": "a"}), ("port:1", {"label": "Port", "name": "1"})]
    told: list[object] = []
    for line in ({"line": 5}, {}):
        graph = property_graph([(n, dict(v)) for n, v in nodes], [("crate:a", "port:1", "k", {**given, **line})])
        try:
            told.append(match(graph, pattern).rows)
        except QueryError as error:
            told.append(error.message)
    assert asks_for_lines(pattern) or told[0] == told[1]
