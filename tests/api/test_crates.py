import gzip

import httpx
import pytest

from api.segments import Segments
from workbench.fleet.manifest import parse_manifest
from workbench.hub import Hub

NAMES = ["ledger", "portal", "ring-a", "ring-b", "rival", "sums", "sx9-vault"]

LEDGER = {
    "name": "ledger",
    "version": "0.9.0",
    "classification": "service",
    "tesla_grade": False,
    "ports": {"http_api": 18020},
    "references": {"vault": 18010},
    "qa_metrics": {
        "phd_suite_enabled": None,
        "minimum_score": None,
        "automated_testing": None,
        "continuous_validation": None,
        "code_coverage_minimum": None,
        "complexity_threshold": None,
        "maintainability_index_minimum": None,
        "technical_debt_ratio_maximum": None,
    },
    "path": "core/ledger/smart-crate.toml",
    "description": None,
    "foundation": "sx9-vault",
    "aliases": [],
    "retrofit_at": None,
    "slsa_level": None,
    "hash_algorithms": [],
    "certification": None,
    "capabilities": [],
    "dialect": "smart-crate",
    "stale": False,
}


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [crate["name"] for crate in answer.json()]


def test_list_is_a_bare_array_of_smart_crates(http: httpx.Client, still_hub: Hub) -> None:
    answer = http.get("/api/crates")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["ETag"] == f'"{still_hub.instance}-1"'
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Vary"] == "Accept-Encoding, Origin"
    assert answer.headers["X-Total-Count"] == "7"
    assert names(answer) == NAMES
    assert answer.json()[0] == LEDGER


def test_known_revision_is_not_sent_again(http: httpx.Client) -> None:
    tag = http.get("/api/crates").headers["ETag"]
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = http.get("/api/crates", headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", tag)
    assert http.get("/api/crates", headers={"If-None-Match": '"other"'}).status_code == 200


def test_head_has_the_headers_of_get_and_no_body(http: httpx.Client) -> None:
    plain = {"Accept-Encoding": "identity"}
    full, head = http.get("/api/crates", headers=plain), http.head("/api/crates", headers=plain)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("Content-Length", "Content-Type", "ETag", "X-Total-Count"):
        assert head.headers[name] == full.headers[name]


@pytest.mark.parametrize("accepted", ["gzip", "br;q=1.0, gzip;q=0.8", "*"])
def test_gzip_has_the_same_content(http: httpx.Client, accepted: str) -> None:
    plain = http.get("/api/crates", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    with http.stream("GET", "/api/crates", headers={"Accept-Encoding": accepted}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) == int(answer.headers["Content-Length"]) < len(plain.content)
    assert gzip.decompress(packed) == plain.content


@pytest.mark.parametrize("accepted", ["gzip;q=0", "identity", "br", "gzip;q=nonsense", ""])
def test_gzip_only_where_it_is_accepted(http: httpx.Client, accepted: str) -> None:
    answer = http.get("/api/crates", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert names(answer) == NAMES


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=SECRETS", ["sx9-vault"]),
        ("q=strongroom", ["sx9-vault"]),
        ("q=ring+libs", ["ring-a", "ring-b"]),
        ("q=absent", []),
        ("q=%FF%00", []),
        ("class=interface", ["portal", "rival"]),
        ("class=Interface&class=library", ["portal", "rival", "sums"]),
        ("port=18030", ["portal", "rival"]),
        ("port=18010", ["sx9-vault"]),
        ("port=1", []),
        ("tesla=true", ["portal", "sums", "sx9-vault"]),
        ("tesla=false&class=service", ["ledger"]),
        ("sort=-name", NAMES[::-1]),
        ("sort=version", ["ledger", "portal", "ring-a", "ring-b", "rival", "sums", "sx9-vault"]),
        ("sort=port", ["sx9-vault", "ledger", "portal", "rival", "ring-a", "ring-b", "sums"]),
        ("sort=-port&port=18030", ["portal", "rival"]),
        ("sort=-port&limit=3", ["portal", "rival", "ledger"]),
        ("limit=2", ["ledger", "portal"]),
        ("limit=2&offset=6", ["sx9-vault"]),
        ("offset=5", ["sums", "sx9-vault"]),
        ("limit=2&offset=100", []),
        ("refresh=true&q=sums", ["sums"]),
    ],
)
def test_filters_and_order(http: httpx.Client, query: str, expected: list[str]) -> None:
    assert names(http.get(f"/api/crates?{query}")) == expected


def test_a_page_tells_the_count_and_its_neighbours(http: httpx.Client) -> None:
    answer = http.get("/api/crates?tesla=true&limit=1&offset=1")
    assert names(answer) == ["sums"]
    assert answer.headers["X-Total-Count"] == "3"
    assert answer.headers["Link"] == (
        '</api/crates?tesla=true&limit=1&offset=0>; rel="first", </api/crates?tesla=true&limit=1&offset=2>; rel="last", '
        '</api/crates?tesla=true&limit=1&offset=0>; rel="prev", </api/crates?tesla=true&limit=1&offset=2>; rel="next"'
    )


def test_links_lead_through_all_pages(http: httpx.Client) -> None:
    url, seen = "/api/crates?limit=3", []
    while url:
        answer = http.get(url)
        seen += names(answer)
        url = answer.links.get("next", {}).get("url", "")
    assert seen == NAMES


def test_filtered_answers_are_tagged_too(http: httpx.Client) -> None:
    tag = http.get("/api/crates?q=sums").headers["ETag"]
    assert http.get("/api/crates?q=sums", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("query", "name", "found"),
    [
        ("port=70000", "port", "70000"),
        ("port=-1", "port", "-1"),
        ("port=true", "port", "true"),
        ("limit=0", "limit", "0"),
        ("limit=ten", "limit", "ten"),
        ("offset=-1", "offset", "-1"),
        ("tesla=perhaps", "tesla", "perhaps"),
        ("sort=colour", "sort", "colour"),
        ("q=", "q", ""),
    ],
)
def test_a_wrong_parameter_is_named(http: httpx.Client, query: str, name: str, found: str) -> None:
    answer = http.get(f"/api/crates?{query}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "invalid-request")
    assert error["details"] == {"parameter": name, "found": found}
    assert f'"{name}"' in error["message"]


def test_an_unknown_parameter_is_refused(http: httpx.Client) -> None:
    answer = http.get("/api/crates?klass=interface")
    assert answer.status_code == 422
    assert answer.json()["error"]["message"] == 'no parameter is named "klass"'
    known = ["class", "fields", "limit", "offset", "port", "q", "refresh", "sort", "tesla"]
    assert answer.json()["error"]["details"] == {"parameter": "klass", "parameters": known}


@pytest.mark.parametrize("name", ["sx9-vault", "vault", "ctas7-strongroom", "strongroom"])
def test_detail_by_any_name(http: httpx.Client, still_hub: Hub, name: str) -> None:
    answer = http.get(f"/api/crates/{name}")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{still_hub.instance}-1"'
    crate = answer.json()
    assert crate["name"] == "sx9-vault"
    assert crate["dependents"] == ["ledger"]
    assert [claim["role"] for claim in crate["claims"]] == ["owner", "sister"]
    assert crate["manifest"]["path"] == "core/vault/smart-crate.toml"
    assert crate["manifest"]["text"].startswith("[smart-crate]\n")
    assert {"findings", "diagnostics", "dependencies", "endpoints", "duplicates"} <= crate.keys()


def test_an_unknown_crate_brings_the_nearest_names(http: httpx.Client) -> None:
    answer = http.get("/api/crates/ledgr", headers={"X-Request-Id": "mine-1"})
    assert answer.status_code == 404
    assert answer.json() == {
        "error": {
            "code": "unknown-crate",
            "message": 'no crate is named "ledgr"; did you mean ledger?',
            "details": {"name": "ledgr", "nearest": ["ledger"]},
            "request_id": "mine-1",
        }
    }


def test_a_new_revision_encodes_only_what_changed(still_hub: Hub) -> None:
    segments, older = Segments(), still_hub.snapshot
    before = {segment.crate.name: segment for segment in segments.of(older)}
    text = older.records["libs/sums/smart-crate.toml"].manifest.source.text.replace("1.2.3", "1.2.4")
    newer = older.apply({"libs/sums/smart-crate.toml": parse_manifest("libs/sums/smart-crate.toml", text.encode())})
    after = {segment.crate.name: segment for segment in segments.of(newer)}
    assert [name for name in after if after[name] is not before[name]] == ["sums"]
    assert after["sums"].crate.version == "1.2.4"
