import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from tornado.httpclient import HTTPClientError

from workbench.hub import Hub
from workbench.security.origins import OriginPolicy, is_loopback

FRONT_END = "http://localhost:21575"
STRANGER = "http://evil.example:15180"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest.mark.parametrize("port", [21575, 25175, 5174, 5175, 3000, 15180])
def test_the_front_ends_pages_may_read(http: httpx.Client, host: str, port: int) -> None:
    origin = f"http://{host}:{port}"
    answer = http.get("/health", headers={"Origin": origin})
    assert answer.headers["Access-Control-Allow-Origin"] == origin
    exposed = "ETag, Link, Location, Retry-After, X-Fleet-State, X-Muted-Count, X-Request-Id, X-Revision, X-Total-Count, X-Truncated"
    assert answer.headers["Access-Control-Expose-Headers"] == exposed
    assert answer.headers["Vary"] == "Origin"


def test_errors_can_be_read_by_pages_too(http: httpx.Client) -> None:
    answer = http.get("/api/nothing", headers={"Origin": FRONT_END})
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (404, FRONT_END)


def test_preflight(http: httpx.Client) -> None:
    asked = {"Origin": FRONT_END, "Access-Control-Request-Method": "POST"}
    answer = http.options("/api/crates/validate", headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == FRONT_END
    assert answer.headers["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    allowed = {name.strip() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"Authorization", "Content-Type", "Idempotency-Key", "If-None-Match"} <= allowed
    assert answer.headers["Access-Control-Max-Age"] == "600"


@pytest.mark.parametrize("origin", [STRANGER, "null", "http://localhost:21576", "https://localhost:21575", "garbage"])
def test_a_strangers_page_may_neither_read_nor_change(http: httpx.Client, origin: str) -> None:
    for answer in (
        *(
            http.get(path, headers={"Origin": origin})
            for path in ("/api/crates", "/api/crates", "/api/events", "/health")
        ),
        http.post("/api/crates/validate", headers={"Origin": origin, "Content-Type": "text/plain"}, content="x"),
        http.options("/api/crates", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}),
    ):
        assert "Access-Control-Allow-Origin" not in answer.headers
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["details"]) == (403, "forbidden", {"origin": origin})
        assert error["message"] == f"pages of {origin} may not do this"


def test_a_refusal_leaves_a_line_in_the_log(http: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    headers = {"Origin": STRANGER, "X-Request-Id": "r-7"}
    with caplog.at_level(logging.WARNING, "api"):
        http.post("/api/crates/validate", headers=headers)
        http.get("/api/crates", headers=headers)
    assert [record.message for record in caplog.records if record.name == "api.base"] == [
        f"refused {what} from origin {STRANGER}: not in the allow-list (request r-7)"
        for what in ("POST /api/crates/validate", "GET /api/crates")
    ]


def test_the_servers_own_page_may_change(http: httpx.Client) -> None:
    own = str(http.base_url).rstrip("/")
    answer = http.post(
        "/api/crates/validate", headers={"Origin": own, "Content-Type": "text/plain"}, content="[smart-crate]"
    )
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, own)


def test_a_name_that_points_here_is_not_the_server(http: httpx.Client) -> None:
    headers = {"Origin": STRANGER, "Host": "evil.example:15180", "Content-Type": "text/plain"}
    assert http.post("/api/crates/validate", headers=headers, content="x").status_code == 403


@pytest.mark.parametrize(
    ("origin", "host", "is_allowed"),
    [
        ("http://localhost:3000", "localhost:15180", True),
        ("HTTP://LocalHost:3000", "localhost:15180", True),
        ("http://10.0.0.7:15180", "10.0.0.7:15180", True),
        ("http://[::1]:15180", "[::1]:15180", True),
        ("http://10.0.0.7:9999", "10.0.0.7:15180", False),
        ("http://desk.lan:15180", "desk.lan:15180", False),
        ("https://ops.example.org", "desk.lan:15180", True),
        ("https://ops.example.org.evil.example", "desk.lan:15180", False),
        ("http://[broken", "[broken", False),
        ("file://localhost", "localhost", False),
    ],
)
def test_policy(origin: str, host: str, is_allowed: bool) -> None:
    assert OriginPolicy(["https://ops.example.org/", " "]).allows(origin, host) is is_allowed


def test_loopback() -> None:
    assert [is_loopback(a) for a in ("127.0.0.1", "::1", "10.0.0.7", "localhost", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]


def test_an_origin_of_the_operators_choice(still_hub: Hub, start_api: Callable[..., Any]) -> None:
    client = start_api(still_hub, origins=("https://ops.example.org",)).client
    answer = client.get("/health", headers={"Origin": "https://ops.example.org"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://ops.example.org"


@pytest.mark.parametrize("origin", [STRANGER, "null"])
def test_a_strangers_page_gets_no_socket(api: Any, run: Callable[..., Any], origin: str) -> None:
    async def attempt() -> HTTPClientError:
        with pytest.raises(HTTPClientError) as caught:
            async with api.socket(Origin=origin):
                pass
        return caught.value

    assert run(attempt()).code == 403
    answer = api.client.get("/ws", headers={"Origin": origin})
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")


@pytest.mark.parametrize("origin", [FRONT_END, "http://127.0.0.1:15180"])
def test_an_allowed_page_gets_a_socket(api: Any, run: Callable[..., Any], origin: str) -> None:
    async def attempt() -> Any:
        async with api.socket(Origin=origin) as socket:
            return await socket.next()

    assert run(attempt())["type"] == "hello"
