import httpx
import pytest

from workbench.fleet.wire import port_model, port_registry_model
from workbench.hub import Hub

NOTHING_LIVE = {"registered": [], "observed": [], "probes": []}


def test_the_registry(http: httpx.Client, still_hub: Hub) -> None:
    answer = http.get("/api/ports")
    assert answer.status_code == 200
    assert answer.headers["ETag"] == f'"{still_hub.instance}-1"'
    assert answer.json() == port_registry_model(still_hub.snapshot) | NOTHING_LIVE | {
        "assigned": [],
        "observation": still_hub.status()["observation"],
    }
    owners = [(claim["port"], claim["crate"]) for claim in answer.json()["claims"] if claim["role"] == "owner"]
    assert owners == [(18010, "sx9-vault"), (18020, "ledger"), (18030, "portal"), (18030, "rival")]


@pytest.mark.parametrize("port", [18010, 1, 65535, 18150])
def test_one_port(http: httpx.Client, still_hub: Hub, port: int) -> None:
    answer = http.get(f"/api/ports/{port}")
    assert (answer.status_code, answer.json()) == (
        200,
        port_model(port, still_hub.snapshot) | NOTHING_LIVE | {"observation": still_hub.status()["observation"]},
    )


@pytest.mark.parametrize("text", ["0", "65536", "70000", "-1", "true", "18010.0", "9" * 30, "%E2%91%A0", "1%20"])
def test_what_is_no_port(http: httpx.Client, text: str) -> None:
    answer = http.get(f"/api/ports/{text}")
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["details"]["parameter"]) == (422, "invalid-port", "port")


def test_conflicts_are_a_bare_array(http: httpx.Client) -> None:
    answer = http.get("/api/ports/conflicts")
    assert answer.status_code == 200
    assert answer.headers["X-Total-Count"] == "1"
    found = [(item["kind"], item["ports"], sorted(item["crates"])) for item in answer.json()]
    assert found == [("owner-collision", [18030], ["portal", "rival"])]


def test_head_and_known_revision(http: httpx.Client) -> None:
    for path in ("/api/ports", "/api/ports/conflicts", "/api/ports/18010"):
        tag = http.head(path).headers["ETag"]
        assert http.get(path, headers={"If-None-Match": tag}).status_code == 304
