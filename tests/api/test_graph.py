from typing import Any

import httpx
import pytest

from workbench.fleet.graph import slot_graph
from workbench.hub import Hub


def ids(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {node["id"] for node in answer.json()["nodes"]}


def test_the_whole_graph_as_node_link_json(http: httpx.Client, still_hub: Hub) -> None:
    graph = slot_graph(still_hub.snapshot)
    answer = http.get("/api/graph")
    body = answer.json()
    assert answer.headers["ETag"] == f'"{still_hub.instance}-1"'
    assert (body["directed"], body["multigraph"], body["graph"]) == (True, True, {"revision": 1})
    assert ids(answer) == set(graph.nodes)
    nodes, edges = graph.number_of_nodes(), graph.number_of_edges()
    assert body["showing"] == {"nodes": nodes, "of": nodes, "edges": edges, "edges_of": edges}
    assert {(e["source"], e["target"], e["key"]) for e in body["edges"]} == set(graph.edges(keys=True))


def test_filters(http: httpx.Client) -> None:
    crates = http.get("/api/graph?type=crate").json()
    assert {node["type"] for node in crates["nodes"]} == {"crate"}
    assert crates["showing"]["nodes"] == 7 < crates["showing"]["of"]
    assert {edge["type"] for edge in crates["edges"]} == {"DEPENDS_ON", "BUILT_ON"}
    owned = http.get("/api/graph?edge_type=OWNS").json()
    assert {edge["type"] for edge in owned["edges"]} == {"OWNS"}
    assert {node["id"] for node in owned["nodes"]} == {
        "crate:sx9-vault", "crate:ledger", "crate:portal", "crate:rival", "port:18010", "port:18020", "port:18030",
    }  # fmt: skip


def test_a_search_shows_matches_and_their_neighbours(http: httpx.Client) -> None:
    found = ids(http.get("/api/graph?q=PORTAL&edge_type=OWNS&edge_type=DEPENDS_ON"))
    assert found == {"crate:portal", "port:18030", "crate:ledger"}
    assert ids(http.get("/api/graph?q=nothing-like-it")) == set()


def test_a_limit_keeps_the_best_connected(http: httpx.Client) -> None:
    body = http.get("/api/graph?type=crate&limit=1").json()
    assert [node["id"] for node in body["nodes"]] == ["crate:ledger"]
    assert body["showing"]["nodes"] == 1
    assert body["edges"] == []


@pytest.mark.parametrize("name", ["crate:ledger", "ledger", "port:18020", "18020"])
def test_one_node_by_any_name(http: httpx.Client, name: str) -> None:
    answer = http.get(f"/api/graph/{name}")
    assert answer.status_code == 200
    body = answer.json()
    assert body["id"] == ("port:18020" if "18020" in name else "crate:ledger")
    owns = body["edges_in"] if "18020" in name else body["edges_out"]
    assert ("crate:ledger", "port:18020", "OWNS") in {(e["source"], e["target"], e["type"]) for e in owns}


def test_an_unknown_node(http: httpx.Client) -> None:
    answer = http.get("/api/graph/crate:ledgr")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not-found"
    assert answer.json()["error"]["details"]["nearest"][0] == "crate:ledger"


def test_blast_radius(http: httpx.Client) -> None:
    body = http.get("/api/graph/blast-radius/vault").json()
    hit = [(item["crate"], item["distance"], item["impact"], item["through"]) for item in body.pop("hit")]
    assert hit == [("ledger", 1, 1.0, "sx9-vault"), ("portal", 2, 0.8, "ledger")]
    assert body == {
        "crate": "sx9-vault", "node": "crate:sx9-vault", "ports": [18010], "direct": 1, "total": 2, "of": 6,
    }  # fmt: skip


def test_blast_radius_ends_in_a_cycle(http: httpx.Client) -> None:
    body = http.get("/api/graph/blast-radius/ring-a").json()
    assert [item["crate"] for item in body["hit"]] == ["ring-b"]
    assert http.get("/api/graph/blast-radius/nobody").json()["error"]["code"] == "unknown-crate"


def test_a_path_between_two(http: httpx.Client) -> None:
    body = http.get("/api/graph/path?from=portal&to=sx9-vault").json()
    assert [node["id"] for node in body["nodes"]] == ["crate:portal", "crate:ledger", "crate:sx9-vault"]
    assert (body["length"], body["directed"]) == (2, False)
    assert {edge["type"] for edge in body["steps"][1]} == {"DEPENDS_ON", "BUILT_ON"}


def test_several_ways_between_two(http: httpx.Client) -> None:
    one = http.get("/api/graph/path?from=portal&to=sx9-vault").json()
    body = http.get("/api/graph/path?from=portal&to=sx9-vault&k=3").json()
    ways = body.pop("ways")
    assert body == one
    assert ways[0] == {key: one[key] for key in ("length", "nodes", "steps")}
    lengths = [way["length"] for way in ways]
    assert lengths == sorted(lengths)
    assert len({tuple(node["id"] for node in way["nodes"]) for way in ways}) == len(ways) > 1


def test_no_path(http: httpx.Client) -> None:
    answer = http.get("/api/graph/path?from=sums&to=ledger")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "no-path")
    against = http.get("/api/graph/path?from=sx9-vault&to=portal&directed=true")
    assert (against.status_code, against.json()["error"]["code"]) == (404, "no-path")


def test_cycles(http: httpx.Client) -> None:
    body: list[dict[str, Any]] = http.get("/api/graph/cycles").json()
    assert [(cycle["size"], sorted(cycle["crates"])) for cycle in body] == [(2, ["ring-a", "ring-b"])]
    assert body[0]["edges"][0]["line"] == 6


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("?type=planet", "type"),
        ("?edge_type=LOVES", "edge_type"),
        ("?limit=0", "limit"),
        ("/path?to=x", "from"),
        ("/path?from=x&to=y&directed=up", "directed"),
        ("/path?from=x&to=y&k=0", "k"),
        ("/path?from=x&to=y&k=101", "k"),
    ],
)
def test_a_wrong_parameter_is_named(http: httpx.Client, path: str, name: str) -> None:
    answer = http.get(f"/api/graph{path}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"]["parameter"]) == (422, "invalid-request", name)
