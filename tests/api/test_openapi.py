"""The published documents say what the routes do: no route, verb, status, header or field is left out."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from api import routes
from api.base import ApiHandler
from api.documents import OpenApiHandler
from api.openapi import openapi_document, path_of, verbs_of
from tests.api.conftest import SECRET, LiveApi
from workbench.config import sample_fleet
from workbench.errors import WorkbenchError
from workbench.hub import Hub, HubOptions
from workbench.sections.deploy import DeploySettings

PLUMBING = {"connection", "content-encoding", "content-length", "content-type", "date", "transfer-encoding"}
EVERYWHERE = {"cache-control", "vary", "x-content-type-options"}
"""Headers that say nothing about an operation of its own."""

TOKEN = {"Authorization": f"Bearer {SECRET}"}
JSON = {"Content-Type": "application/json"}
Call = tuple[str, str, str, dict[str, Any], int]

DEPLOY = "/api/crates/{name}/deploy"
CANCEL, ROLLBACK = "/api/deployments/{identity}/cancel", "/api/deployments/{identity}/rollback"

CALLS: list[Call] = [
    ("get", "/health", "/health", {}, 200),
    ("get", "/ready", "/ready", {}, 200),
    ("get", "/status", "/status", {}, 200),
    ("get", "/services", "/services", {}, 200),
    ("get", "/agents/list", "/agents/list", {}, 200),
    ("get", "/metrics", "/metrics", {}, 200),
    ("get", "/metrics", "/metrics", {"headers": {"Accept": "text/plain"}}, 200),
    ("get", "/metrics", "/metrics", {"headers": {"Accept": "application/openmetrics-text"}}, 200),
    ("get", "/api/metrics", "/api/metrics", {}, 200),
    ("get", "/api/crates", "/api/crates", {}, 200),
    ("get", "/api/crates", "/api/crates?limit=2&sort=-name", {}, 200),
    ("get", "/api/crates", "/api/crates?sort=colour", {}, 422),
    ("get", "/api/crates", "/api/crates?fields=name,version&limit=3", {}, 200),
    ("get", "/api/crates", "/api/crates?fields=name,colour", {}, 422),
    ("post", "/api/crates/validate", "/api/crates/validate", {"content": '[smart-crate]\nname = "a"\n'}, 200),
    ("post", "/api/crates/validate", "/api/crates/validate", {"json": {"text": "["}}, 200),
    ("post", "/api/crates/validate", "/api/crates/validate", {"json": {"txt": ""}}, 422),
    ("post", "/api/crates/validate", "/api/crates/validate", {"content": b"x" * 2_000_000}, 413),
    ("post", "/api/crates/validate", "/api/crates/validate", {"content": "", "headers": {"Content-Type": "a/b"}}, 415),
    ("get", "/api/crates/{name}", "/api/crates/{crate}", {}, 200),
    ("get", "/api/crates/{name}", "/api/crates/nobody", {}, 404),
    ("get", "/api/crates/{name}/health", "/api/crates/{crate}/health?window=60", {}, 200),
    ("get", "/api/crates/{name}/health", "/api/crates/nobody/health", {}, 404),
    ("get", "/api/health", "/api/health", {}, 200),
    ("get", "/api/mux/status", "/api/mux/status", {}, 404),
    ("get", "/api/mux/topology", "/api/mux/topology?merged=1", {}, 404),
    ("get", "/api/mux/topology", "/api/mux/topology?limit=0", {}, 422),
    ("post", DEPLOY, "/api/crates/{crate}/deploy", {"json": {"dry_run": True}, "headers": TOKEN}, 200),
    ("post", DEPLOY, "/api/crates/{crate}/deploy", {"json": {}, "headers": TOKEN}, 202),
    ("post", DEPLOY, "/api/crates/{crate}/deploy", {"json": {}}, 401),
    ("post", DEPLOY, "/api/crates/nobody/deploy", {"json": {}, "headers": TOKEN}, 404),
    ("post", DEPLOY, "/api/crates/foundation-core/deploy", {"json": {}, "headers": TOKEN}, 409),
    ("post", DEPLOY, "/api/crates/{crate}/deploy", {"json": {"version": "; rm -rf /"}, "headers": TOKEN}, 422),
    ("get", "/api/deployments", "/api/deployments?limit=1", {}, 200),
    ("get", "/api/deployments", "/api/deployments?state=merry", {}, 422),
    ("get", "/api/deployments/{identity}", "/api/deployments/{deployment}", {}, 200),
    ("get", "/api/deployments/{identity}", "/api/deployments/none", {}, 404),
    ("get", "/api/deployments/{identity}/log", "/api/deployments/{deployment}/log?since=0", {}, 200),
    ("get", "/api/deployments/{identity}/log", "/api/deployments/none/log", {}, 404),
    ("post", CANCEL, "/api/deployments/{deployment}/cancel", {"json": {}, "headers": TOKEN}, 202),
    ("post", CANCEL, "/api/deployments/none/cancel", {"json": {}, "headers": TOKEN}, 404),
    ("post", CANCEL, "/api/deployments/{deployment}/cancel", {"json": {"why": "x"}, "headers": TOKEN}, 422),
    ("post", ROLLBACK, "/api/deployments/{working}/rollback", {"json": {}, "headers": TOKEN}, 202),
    ("post", ROLLBACK, "/api/deployments/{ended}/rollback", {"json": {}, "headers": TOKEN}, 409),
    ("get", "/api/search", "/api/search?q=gateway", {}, 200),
    ("get", "/api/search", "/api/search?q=%20", {}, 200),
    ("get", "/api/search", "/api/search", {}, 422),
    ("post", "/api/query", "/api/query", {"json": {"sql": "SELECT name, ports FROM crates LIMIT 3"}}, 200),
    ("post", "/api/query", "/api/query", {"json": {"sql": "SELECT nmae FROM crates"}}, 400),
    ("post", "/api/query", "/api/query", {"json": {"sequel": ""}}, 422),
    (
        "post",
        "/graph/query",
        "/graph/query",
        {"json": {"pattern": "MATCH (c:Crate)-[e]->(p) RETURN c, e LIMIT 3"}},
        200,
    ),
    ("post", "/graph/query", "/graph/query", {"json": {"pattern": "MATCH (c) DELETE c"}}, 400),
    ("post", "/graph/query", "/graph/query", {"json": {"patern": ""}}, 422),
    ("get", "/api/snapshot", "/api/snapshot", {}, 200),
    ("get", "/api/snapshot", "/api/snapshot?revision=1", {}, 200),
    ("get", "/api/snapshot", "/api/snapshot?revision=9999", {}, 404),
    ("get", "/api/snapshot/{name}", "/api/snapshot/history.json", {}, 200),
    ("get", "/api/snapshot/{name}", "/api/snapshot/crates.json", {}, 200),
    ("get", "/api/snapshot/{name}", "/api/snapshot/ports.arrow", {}, 200),
    ("get", "/api/snapshot/{name}", "/api/snapshot/ports.parquet", {}, 200),
    ("get", "/api/snapshot/{name}", "/api/snapshot/ports.csv", {}, 200),
    ("get", "/api/snapshot/{name}", "/api/snapshot/ports.xls", {}, 404),
    ("get", "/api/history", "/api/history?limit=5", {}, 200),
    ("get", "/api/history", "/api/history?since=yesterday", {}, 422),
    ("get", "/api/history", "/api/history?crate={crate}", {}, 200),
    ("get", "/api/history", "/api/history?crate=nobody", {}, 404),
    ("get", "/api/diff", "/api/diff?from=1", {}, 200),
    ("get", "/api/diff", "/api/diff?from=99999", {}, 404),
    ("get", "/api/diff", "/api/diff", {}, 422),
    ("get", "/api/ports", "/api/ports", {}, 200),
    ("get", "/api/ports/conflicts", "/api/ports/conflicts", {}, 200),
    ("post", "/api/ports/plan", "/api/ports/plan", {"json": {"changes": [{"type": "add", "name": "atlas"}]}}, 200),
    ("post", "/api/ports/plan", "/api/ports/plan", {"json": {"changes": [{"type": "remove", "name": "no"}]}}, 404),
    ("post", "/api/ports/plan", "/api/ports/plan", {"json": {"changes": []}}, 422),
    ("post", "/api/ports/plan", "/api/ports/plan", {"content": "{}"}, 415),
    ("post", "/api/ports/plan", "/api/ports/plan", {"json": {"changes": "x" * 20_000}}, 413),
    (
        "post",
        "/api/ports/plan",
        "/api/ports/plan",
        {"json": {}, "headers": {"Origin": "http://elsewhere.example"}},
        403,
    ),
    (
        "post",
        "/api/ports/assign",
        "/api/ports/assign",
        {"json": {"crate_name": "a", "block": "GIS"}, "headers": TOKEN},
        201,
    ),
    (
        "post",
        "/api/ports/assign",
        "/api/ports/assign",
        {"json": {"crate_name": "a", "preferred": 18103}, "headers": TOKEN},
        409,
    ),
    ("post", "/api/ports/assign", "/api/ports/assign", {"json": {}}, 401),
    ("post", "/api/ports/assign", "/api/ports/assign", {"content": "{", "headers": TOKEN | JSON}, 422),
    ("get", "/api/ports/assignments", "/api/ports/assignments?history=true&limit=5", {}, 200),
    ("get", "/api/ports/{port}", "/api/ports/{assigned}", {}, 200),
    ("get", "/api/ports/{port}", "/api/ports/18001", {}, 200),
    ("get", "/api/ports/{port}", "/api/ports/0", {}, 422),
    (
        "post",
        "/api/ports/{port}/release",
        "/api/ports/{assigned}/release",
        {"json": {"id": "x"}, "headers": TOKEN},
        409,
    ),
    ("post", "/api/ports/{port}/release", "/api/ports/{assigned}/release", {"json": {}, "headers": TOKEN}, 200),
    ("post", "/api/ports/{port}/release", "/api/ports/{assigned}/release", {"json": {}, "headers": TOKEN}, 404),
    ("get", "/api/audit", "/api/audit?limit=5", {"headers": TOKEN}, 200),
    ("get", "/api/audit", "/api/audit?limit=0", {"headers": TOKEN}, 422),
    ("get", "/api/audit", "/api/audit", {}, 401),
    ("get", "/api/findings", "/api/findings", {}, 200),
    ("get", "/api/findings", "/api/findings?severity=error&limit=3", {}, 200),
    ("get", "/api/findings", "/api/findings?fields=code,message", {}, 200),
    ("get", "/api/findings", "/api/findings?kind=dullness", {}, 422),
    ("get", "/api/graph", "/api/graph", {}, 200),
    ("get", "/api/graph", "/api/graph?limit=0", {}, 422),
    ("get", "/api/graph/cycles", "/api/graph/cycles", {}, 200),
    ("get", "/api/graph/path", "/api/graph/path?from={crate}&to=port:{owned}", {}, 200),
    ("get", "/api/graph/path", "/api/graph/path?from={crate}&to=port:{owned}&k=2", {}, 200),
    ("get", "/api/graph/path", "/api/graph/path?from={crate}&to=nobody", {}, 404),
    ("get", "/api/graph/path", "/api/graph/path", {}, 422),
    ("get", "/api/graph/blast-radius/{name}", "/api/graph/blast-radius/{crate}", {}, 200),
    ("get", "/api/graph/blast-radius/{name}", "/api/graph/blast-radius/nobody", {}, 404),
    ("get", "/api/graph/{node}", "/api/graph/{crate}", {}, 200),
    ("get", "/api/graph/{node}", "/api/graph/port:{owned}", {}, 200),
    ("get", "/api/graph/{node}", "/api/graph/nobody", {}, 404),
    ("get", "/api/events", "/api/events?topics=weather", {}, 422),
    ("get", "/api/events/recent", "/api/events/recent", {}, 200),
    ("get", "/api/events/recent", "/api/events/recent?limit=0", {}, 422),
    ("get", "/api/openapi.json", "/api/openapi.json", {}, 200),
    ("get", "/api/asyncapi.json", "/api/asyncapi.json", {}, 200),
    ("get", "/api/docs", "/api/docs", {}, 200),
    ("get", "/api/docs/{name}", "/api/docs/page.js", {}, 200),
    ("get", "/api/docs/{name}", "/api/docs/swagger-ui.css", {}, 200),
    ("get", "/api/docs/{name}", "/api/docs/LICENSE", {}, 404),
    ("get", "/api/docs/{name}", "/api/docs/..%2Fbase.py", {}, 404),
    # Last, since answers about ports tell ages from here on, and have another ETag each second.
    ("post", "/api/ports/register", "/api/ports/register", {"json": {"service_name": "zeta", "port": 18055}}, 201),
    ("post", "/api/ports/register", "/api/ports/register", {"json": {"service_name": "zeta", "port": 18056}}, 200),
    ("post", "/api/ports/register", "/api/ports/register", {"json": {"service_name": "zeta", "port": 0}}, 422),
    ("post", "/api/ports/heartbeat", "/api/ports/heartbeat", {"json": {"service_name": "zeta", "status": "ok"}}, 200),
    ("post", "/api/ports/heartbeat", "/api/ports/heartbeat", {"json": {"service_name": "nobody"}}, 404),
    ("get", "/api/ports/registrations", "/api/ports/registrations?limit=1", {}, 200),
]
"""Method, path of the document, path to call, how, and the status; names in braces are those of `places`."""


def strict(node: Any) -> Any:
    """Return a schema under which a field that is not described is an error."""
    if isinstance(node, list):
        return [strict(item) for item in node]
    if not isinstance(node, dict):
        return node
    closed = {key: strict(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        closed.setdefault("additionalProperties", False)
    return closed


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    definitions = json.dumps({"$defs": document["components"]["schemas"], **schema})
    return Draft202012Validator(strict(json.loads(definitions.replace("#/components/schemas/", "#/$defs/"))))


@pytest.fixture(scope="module")
def sample_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveApi]:
    state = tmp_path_factory.mktemp("state")
    # Commands that do nothing: the gate waits for a health that nobody answers, and so a deployment is at work.
    runner = {"kind": "command", "start": ["true"], "stop": ["true"], "health": {"timeout": 600}}
    deploy = DeploySettings.model_validate({"runners": {"still": runner}})
    options = HubOptions(watch=False, deploy=deploy.options(state, state))
    with Hub([sample_fleet()], options) as hub:
        assert hub.wait_ready(30)
        with LiveApi(hub) as live:
            yield live


@pytest.fixture(scope="module")
def document(sample_api: LiveApi) -> dict[str, Any]:
    found: dict[str, Any] = sample_api.client.get("/api/openapi.json").json()
    return found


@pytest.fixture(scope="module")
def places(sample_api: LiveApi) -> dict[str, object]:
    crate = next(item for item in sample_api.client.get("/api/crates").json() if item["ports"])
    other = next(item for item in sample_api.client.get("/api/crates").json() if item["ports"] and item != crate)
    first, ended, working = (
        sample_api.client.post(f"/api/crates/{name}/deploy", json={"strategy": "rolling"}, headers=TOKEN).json()["id"]
        for name in (crate["name"], crate["name"], other["name"])
    )
    assert sample_api.client.post(f"/api/deployments/{ended}/cancel", json={}, headers=TOKEN).status_code == 202
    owned = next(iter(crate["ports"].values()))
    ids = {"deployment": first, "ended": ended, "working": working}
    return {"crate": crate["name"], "owned": owned, "assigned": 18401, **ids}


def test_every_verb_of_every_route_is_described(document: dict[str, Any], sample_api: LiveApi) -> None:
    expected = {
        (path_of(pattern, verb), method)
        for pattern, handler, _ in routes(sample_api.hub)
        for method, verb in verbs_of(handler)
    }
    expected |= {(path, "options") for path, _ in expected}
    assert {(path, method) for path, section in document["paths"].items() for method in section} == expected


def test_a_verb_that_is_not_described_is_named(still_hub: Hub) -> None:
    class Mute(ApiHandler):
        access = "public"

        def get(self) -> None: ...

    with pytest.raises(TypeError, match=r"^/x: Mute\.get is not described \(`@operation`\)$"):
        openapi_document([("/x", Mute, {"hub": still_hub})])


def test_every_name_and_reference_is_sound(document: dict[str, Any]) -> None:
    operations = [operation for section in document["paths"].values() for operation in section.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    known = {tag["name"] for tag in document["tags"]}
    assert {tag for operation in operations for tag in operation["tags"]} == known
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        place: Any = document
        for part in reference.split("/"):
            place = place[part]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_parameter_is_explained(document: dict[str, Any]) -> None:
    for path, section in document["paths"].items():
        for method, operation in section.items():
            for parameter in operation["parameters"]:
                assert parameter.get("description"), f"{method} {path}: {parameter['name']}"


def check(document: dict[str, Any], method: str, path: str, answer: httpx.Response) -> None:
    """Hold an answer to the document: its status, its headers, its media type and every field."""
    described = document["paths"][path][method]["responses"]
    assert str(answer.status_code) in described, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
    response = described[str(answer.status_code)]
    undescribed = {name.lower() for name in answer.headers} - {name.lower() for name in response["headers"]}
    assert undescribed <= PLUMBING | EVERYWHERE, f"{method} {path}: {undescribed}"
    if method == "head" or "content" not in response:
        assert answer.content == b""
        return
    content = response["content"][answer.headers["Content-Type"].partition(";")[0]]
    if answer.headers["Content-Type"] == "application/json":
        errors = [
            f"{error.json_path}: {error.message[:300]}"
            for error in validator(document, content["schema"]).iter_errors(answer.json())
        ]
        assert errors == [], f"{method} {path}"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]} {call[2][:50]} {call[4]}")
def test_answers_are_as_described(
    document: dict[str, Any], sample_api: LiveApi, places: dict[str, object], call: Call
) -> None:
    method, path, url, how, status = call
    answer = sample_api.client.request(method.upper(), url.format(**places), **how)
    assert answer.status_code == status
    check(document, method, path, answer)
    if method == "get":
        head = sample_api.client.head(url.format(**places), **how)
        assert head.status_code == status
        check(document, "head", path, head)
        if tag := answer.headers.get("ETag"):
            again = sample_api.client.get(url.format(**places), headers={"If-None-Match": tag})
            assert again.status_code == 304
            check(document, method, path, again)
    check(document, "options", path, sample_api.client.options(url.format(**places)))


def test_every_operation_is_called(document: dict[str, Any]) -> None:
    called = {(path, method) for method, path, *_ in CALLS}
    described = {(path, method) for path, section in document["paths"].items() for method in section}
    assert {item for item in described if item[1] not in ("head", "options")} == called


def test_what_is_not_described_fails(document: dict[str, Any], sample_api: LiveApi) -> None:
    """The check itself can fail: a field, a status and a header that nobody described are found."""
    good = sample_api.client.get("/health")
    spoilt: list[Callable[[], httpx.Response]] = [
        lambda: httpx.Response(200, headers=good.headers, json={**good.json(), "mood": "fine"}),
        lambda: httpx.Response(418, headers=good.headers, json=good.json()),
        lambda: httpx.Response(200, headers={**good.headers, "X-Mood": "fine"}, json=good.json()),
    ]
    for make in spoilt:
        with pytest.raises(AssertionError):
            check(document, "get", "/health", make())


def test_every_code_of_the_errors_is_unique_to_a_meaning(document: dict[str, Any]) -> None:
    codes = set(re.findall(r"- `([a-z-]+)`:", json.dumps(document)))
    known = {error.code for error in _subclasses(WorkbenchError)} | {WorkbenchError.code}
    assert codes <= known


def _subclasses(cls: type[WorkbenchError]) -> Iterator[type[WorkbenchError]]:
    for child in cls.__subclasses__():
        yield child
        yield from _subclasses(child)


def test_the_document_is_the_same_each_time_and_tagged(sample_api: LiveApi) -> None:
    first = sample_api.client.get("/api/openapi.json")
    assert OpenApiHandler.access == "public"
    assert first.json()["openapi"] == "3.1.1"
    again = sample_api.client.get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
