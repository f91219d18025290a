"""Nobody comes in whom Jupyter does not know, and nobody changes what its server was not set up to let him change."""

import re
from pathlib import Path

import httpx
import pytest
from jupyter_server.auth.authorizer import Authorizer

from tests.conftest import WriteManifest
from tests.jupyter.conftest import TOKEN, JupyterServer, StartJupyter
from workbench.errors import ConfigurationError

QUERY = {"sql": "SELECT name FROM crates ORDER BY name"}
PORT = {"crate_name": "portal", "label": "admin", "preferred": 18040}


class Observer(Authorizer):
    """Lets everybody read and nobody change."""

    def is_authorized(self, handler: object, user: object, action: str, resource: str) -> bool:
        assert resource == "workbench"
        return action == "read"


class Doorkeeper(Authorizer):
    """Lets nobody near the fleet."""

    async def is_authorized(self, handler: object, user: object, action: str, resource: str) -> bool:  # type: ignore[override]
        return resource != "workbench"


@pytest.fixture
def browser(jupyter: JupyterServer) -> httpx.Client:
    """A browser that signed in at Jupyter's own form: it has cookies, and no token."""
    host = jupyter.url.removesuffix("/workbench")
    with httpx.Client(base_url=jupyter.url, timeout=20) as client:
        form = client.get(f"{host}/login")
        xsrf = re.search(r'name="_xsrf" value="([^"]+)"', form.text)
        assert xsrf
        answer = client.post(f"{host}/login", data={"password": TOKEN, "_xsrf": xsrf[1]})
        assert answer.status_code == 302
        yield client


STRANGERS = [{}, {"Authorization": "token wrong"}, {"Authorization": "Bearer ours"}]
CLOSED = [
    ("GET", "/api/crates"), ("HEAD", "/api/crates"), ("POST", "/api/query"), ("PUT", "/api/crates"), ("GET", "/health"),
    ("GET", "/api/openapi.json"), ("GET", "/api/docs"), ("GET", "/ws"), ("GET", "/nothing"), ("GET", ""),
]  # fmt: skip


@pytest.mark.parametrize("given", STRANGERS, ids=["nothing", "wrong", "ours"])
def test_a_stranger_is_refused_as_jupyter_refuses(
    jupyter: JupyterServer, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_TOKEN", "ours")
    own = jupyter.client.get(f"{jupyter.url.removesuffix('/workbench')}/api/contents", headers=given)
    for method, path in CLOSED:
        answer = jupyter.client.request(method, path, headers=given)
        assert answer.status_code == own.status_code == 403, path
        if method == "GET":
            assert answer.json() == own.json(), path
    assert not jupyter.extension.fleet.is_open


@pytest.mark.parametrize("scheme", ["token", "Bearer"])
def test_the_token_of_jupyter_counts_as_a_header(jupyter: JupyterServer, scheme: str) -> None:
    answer = jupyter.client.get("/api/crates?fields=name", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert answer.json() == [{"name": "portal"}, {"name": "vault"}]


def test_the_token_counts_in_the_address_and_is_forgotten(jupyter: JupyterServer) -> None:
    answer = jupyter.client.get(f"/api/crates?fields=name&token={TOKEN}&limit=1")
    assert answer.json() == [{"name": "portal"}]
    assert "/hub/ada/workbench/api/crates?fields=name&limit=1&offset=1" in answer.headers["Link"]
    assert TOKEN not in str(answer.headers)


def test_a_browser_reads_with_its_cookie(browser: httpx.Client) -> None:
    assert [crate["name"] for crate in browser.get("/api/crates").json()] == ["portal", "vault"]


def test_a_body_of_a_browser_needs_the_xsrf_token_of_jupyter(browser: httpx.Client) -> None:
    assert browser.post("/api/query", json=QUERY).status_code == 403
    answer = browser.post("/api/query", json=QUERY, headers={"X-XSRFToken": browser.cookies["_xsrf"]})
    assert answer.json()["rows"] == [["portal"], ["vault"]]


def test_a_page_of_another_origin_gets_nothing(browser: httpx.Client, jupyter: JupyterServer) -> None:
    foreign = {"Origin": "https://elsewhere.example"}
    assert browser.get("/api/crates", headers=foreign).status_code == 404
    socket = {**foreign, "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    assert browser.get("/ws", headers=socket).status_code == 404
    assert not jupyter.extension.fleet.is_open


def test_a_name_that_is_made_to_point_here_gets_nothing(jupyter: JupyterServer) -> None:
    assert jupyter.signed_in.get("/api/crates", headers={"Host": "elsewhere.example"}).status_code == 403


def test_the_authorizer_may_refuse_all(start_jupyter: StartJupyter) -> None:
    jupyter = start_jupyter(ServerApp={"authorizer_class": Doorkeeper})
    answer = jupyter.signed_in.get("/api/crates")
    assert (answer.status_code, answer.json()["message"]) == (403, "not authorized to read workbench")
    assert not jupyter.extension.fleet.is_open


def test_jupyter_finds_no_verb_open(start_jupyter: StartJupyter) -> None:
    jupyter = start_jupyter(ServerApp={"allow_unauthenticated_access": False})  # a verb that is open would be a warning
    assert jupyter.client.get("/api/crates").status_code == 403
    assert jupyter.signed_in.get("/api/crates").status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "scope"),
    [
        ("/api/ports/assign", PORT, "ports:write"),
        ("/api/ports/18030/release", {}, "ports:write"),
        ("/api/ports/register", {"service_name": "portal", "port": 18030}, "ports:write"),
        ("/api/crates/portal/deploy", {"version": "1"}, "deploy"),
    ],
)
def test_a_sign_in_changes_nothing_by_itself(
    jupyter: JupyterServer, path: str, body: dict[str, object], scope: str
) -> None:
    answer = jupyter.signed_in.post(path, json=body)
    assert answer.status_code == 403
    assert answer.json()["error"] | {"request_id": ""} == {
        "code": "forbidden",
        "message": f"a sign-in at this Jupyter server does not bring the scope {scope} (WorkbenchExtension.scopes)",
        "details": {"scope": scope},
        "request_id": "",
    }


def test_the_audit_log_is_for_those_who_have_the_scope(jupyter: JupyterServer) -> None:
    assert jupyter.signed_in.get("/api/audit").status_code == 403


def test_whoever_is_granted_a_scope_changes(start_jupyter: StartJupyter, write_manifest: WriteManifest) -> None:
    write_manifest("edge/portal")
    jupyter = start_jupyter(WorkbenchExtension={"scopes": ["admin"], "state": "../state"})
    answer = jupyter.signed_in.post("/api/ports/assign", json=PORT)
    assert answer.status_code == 201
    port = answer.json()["port"]
    assert answer.headers["Location"] == f"/hub/ada/workbench/api/ports/{port}"
    (held,) = jupyter.signed_in.get("/api/ports/assignments").json()
    assert (held["port"], held["crate_name"], held["durable"]) == (18040, "portal", True)
    service = {"service_name": "portal", "port": 18040}
    assert jupyter.signed_in.post("/api/ports/register", json=service).status_code == 201
    entries = jupyter.signed_in.get("/api/audit").json()
    assert sorted((entry["action"], entry["means"], entry["outcome"]) for entry in entries) == [
        ("port.assign", "sign-in", "done"),
        ("service.register", "sign-in", "done"),
    ]


def test_a_scope_is_worth_no_more_than_the_authorizer_says(
    start_jupyter: StartJupyter, write_manifest: WriteManifest
) -> None:
    write_manifest("edge/portal")
    granted = {"scopes": ["ports:write", "read"], "state": "../state"}
    jupyter = start_jupyter(ServerApp={"authorizer_class": Observer}, WorkbenchExtension=granted)
    assert jupyter.signed_in.get("/api/crates").status_code == 200
    assert jupyter.signed_in.post("/api/query", json=QUERY).status_code == 200
    answer = jupyter.signed_in.post("/api/ports/assign", json=PORT)
    assert answer.status_code == 403
    assert answer.json()["error"]["message"] == 'this Jupyter server does not let you "write" its workbench'
    assert jupyter.signed_in.get("/api/ports/assignments").json() == []


def test_changes_that_would_be_forgotten_are_not_offered(start_jupyter: StartJupyter) -> None:
    with pytest.raises(ConfigurationError, match=re.escape("changes need WorkbenchExtension.state")):
        start_jupyter(WorkbenchExtension={"scopes": ["read", "ports:write"]})


def test_a_file_inside_the_fleet_sets_up_no_commands(start_jupyter: StartJupyter, fleet_dir: Path) -> None:
    (fleet_dir / "workbench.toml").write_text(
        '[deploy.runners.shell]\nkind = "command"\nstart = ["true"]\nstop = ["true"]\n'
    )
    jupyter = start_jupyter(WorkbenchExtension={"scopes": ["deploy"], "state": "../state"})
    answer = jupyter.signed_in.get("/api/crates")
    assert answer.json()["error"]["code"] == "configuration"
    assert "a file inside the fleet" in answer.json()["error"]["message"]
