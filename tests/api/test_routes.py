import re
from typing import Any

import httpx
import pytest

from api import grouped, routes, socket_routes
from api.base import ApiHandler, NotFoundHandler, check_access
from workbench.hub import Hub

PATHS = [
    "/health",
    "/ready",
    "/status",
    "/services",
    "/agents/list",
    "/metrics",
    "/api/metrics",
    "/api/crates",
    "/api/crates/ledger",
    "/api/deployments",
    "/api/ports",
    "/api/ports/conflicts",
    "/api/ports/18010",
    "/api/ports/assignments",
    "/api/findings",
    "/api/graph",
    "/api/graph/cycles",
    "/api/graph/path?from=portal&to=ledger",
    "/api/graph/blast-radius/ledger",
    "/api/graph/port:18010",
    "/api/events/recent",
]


@pytest.mark.parametrize("path", PATHS)
def test_every_read_answers_get_head_and_options(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert "Server" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    head = http.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers.get("ETag") == answer.headers.get("ETag")
    options = http.options(path)
    assert (options.status_code, options.content, options.headers["Allow"]) == (204, b"", "GET, HEAD, OPTIONS")


@pytest.mark.parametrize("path", [*PATHS, "/api/events"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_405_in_json(http: httpx.Client, path: str, method: str) -> None:
    answer = http.request(method, path, headers={"X-Request-Id": "r-1"})
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.json() == {
        "error": {
            "code": "method-not-allowed",
            "message": f"{path.partition('?')[0]} does not know {method}",
            "details": {"methods": ["GET", "HEAD", "OPTIONS"]},
            "request_id": "r-1",
        }
    }


@pytest.mark.parametrize(
    "path", ["/api/ports/assign", "/api/ports/18010/release", "/api/crates/ledger/deploy", "/api/deployments/x/cancel"]
)
def test_changes_know_no_other_method_either(http: httpx.Client, path: str) -> None:
    answer = http.get(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    assert http.options(path).headers["Allow"] == "POST, OPTIONS"


def test_a_method_nobody_knows(http: httpx.Client) -> None:
    assert http.request("BREW", "/api/crates").json()["error"]["code"] == "method-not-allowed"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE"])
@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/crates/", "/api/crates/a/b", "/api/ports/1/2"])
def test_unmatched_paths_are_404_in_json(http: httpx.Client, path: str, method: str) -> None:
    answer = http.request(method, path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/json")
    if method != "HEAD":
        error = answer.json()["error"]
        assert (error["code"], error["details"]) == ("not-found", {"path": path})
        assert error["message"] == f"there is no {path}"


def test_every_route_says_who_may_call_it(still_hub: Hub) -> None:
    everything = [*routes(still_hub), *socket_routes(still_hub)]
    assert {handler.access for _, handler, _ in everything} == {"public", "read", "ports:write", "deploy", "admin"}  # type: ignore[attr-defined]


def test_a_route_that_does_not_say_is_refused(still_hub: Hub) -> None:
    class Silent(ApiHandler):
        pass

    with pytest.raises(TypeError, match=r"^/x: Silent does not say who may call it \(`access`\)$"):
        check_access([(r"/x", Silent, {"hub": still_hub})])
    assert check_access([(r"/x", NotFoundHandler, {})]) == [(r"/x", NotFoundHandler, {})]


def test_grouped_routes_are_the_same_routes(still_hub: Hub) -> None:
    table = routes(still_hub)
    members: list[Any] = []
    for item in grouped(table):
        if len(item) == 3:
            members.append(item)
            continue
        pattern, inner = item
        assert all(re.fullmatch(pattern, route[0].partition("(")[0].rstrip("/")) for route in inner)
        members += inner
    assert sorted(pattern for pattern, *_ in members) == sorted(pattern for pattern, *_ in table)
    assert members[-1] == table[-1], "what catches all the rest comes last"
    assert len(grouped(table)) < len(table) / 2


def test_routes_of_one_resource_keep_their_order(still_hub: Hub) -> None:
    table = routes(still_hub)
    inner = dict(item for item in grouped(table) if len(item) == 2)["/api/crates(?:/.*)?"]
    assert inner == [route for route in table if route[0].startswith("/api/crates")]


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/asyncapi.json", "/api/docs", "/api/docs/page.css"])
def test_a_name_that_begins_like_a_group_is_found(http: httpx.Client, path: str) -> None:
    assert http.get(path).status_code == 200
