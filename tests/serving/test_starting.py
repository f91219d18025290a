"""What answers while the server starts."""

import asyncio
import base64
import gzip
import hashlib
import json
import re
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from tests.conftest import WriteManifest, wait_for
from workbench.desks.assignments import AssignmentRequest
from workbench.hub import Hub, HubOptions
from workbench.sections.access import ApiSettings, LoginSettings
from workbench.security.gate import Gate
from workbench.security.people import People
from workbench.server import Server
from workbench.serving.address import Address
from workbench.serving.starting import LastList
from workbench.store.database import Store


def started(
    hub: Hub, last: LastList, ask_early: list[str], headers: dict[str, str], gate: Gate | None = None
) -> tuple[list[httpx.Response], httpx.Response]:
    """Start a server whose hub is made only after the early questions were answered; returns those answers and a late one."""
    asked = threading.Event()

    def late_hub() -> Hub:
        assert asked.wait(20)
        return hub

    async def run() -> tuple[list[httpx.Response], httpx.Response]:
        server = Server(late_hub, Address("127.0.0.1", 0, None), pages={}, last_list=last, gate=gate or Gate())
        start = asyncio.create_task(server.start())
        await asyncio.sleep(0)  # until the server waits for its hub, with its ports bound
        assert server._listening
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.address.port}") as client:
            early = [await client.get(path, headers=headers) for path in ask_early]
            asked.set()
            await start
            await asyncio.to_thread(hub.wait_ready, 20)
            late = await client.get("/api/crates")
            await server._keep_list()
        await server.stop()
        return early, late

    return asyncio.run(run())


@pytest.fixture
def last(tmp_path: Path) -> LastList:
    return LastList(tmp_path / "state", "key")


def test_the_last_known_list_is_served_while_the_rest_starts(
    fleet_dir: Path, write_manifest: WriteManifest, last: LastList
) -> None:
    write_manifest("a")
    last.write(b'[{"name": "old"}]', gzip.compress(b'[{"name": "old"}]'))
    paths = ["/api/crates", "/health", "/api/ports", "/fleet", "/api/crates?q=x"]
    (crates, health, ports, page, filtered), late = started(Hub([fleet_dir]), last, paths, {"Accept": "text/html"})
    assert (crates.status_code, crates.json()) == (200, [{"name": "old"}])
    assert (crates.headers["X-Fleet-State"], crates.headers["Content-Encoding"]) == ("last-known", "gzip")
    assert int(crates.headers["Age"]) >= 0
    assert (health.status_code, health.json().keys()) == (200, {"status", "revision", "uptime_seconds"})
    assert {answer.status_code for answer in (ports, page, filtered)} == {503}
    assert {answer.headers["Retry-After"] for answer in (ports, page, filtered)} == {"1"}
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "The workbench is starting." in page.text
    assert [crate["name"] for crate in late.json()] == ["a"]
    assert "X-Fleet-State" not in late.headers


def test_sockets_on_both_ports_that_come_early_are_let_in(fleet_dir: Path) -> None:
    """A client that never comes back after a refusal, started beside the server, follows it all the same."""
    go_on = threading.Event()

    def late_hub() -> Hub:
        assert go_on.wait(20)
        return Hub([fleet_dir])

    async def run() -> list[str]:
        server = Server(late_hub, Address("127.0.0.1", 0, 0), pages={})
        start = asyncio.create_task(server.start())
        await asyncio.sleep(0)  # until the server waits for its hub, with its ports bound
        ports = [(server.address.port, "/ws"), (server.address.ws_port, "/"), (server.address.ws_port, "/ws")]
        asked = [asyncio.create_task(first_word(f"ws://127.0.0.1:{port}{path}")) for port, path in ports]
        await asyncio.to_thread(wait_for, lambda: server._waiting_room.taken == len(ports))
        go_on.set()
        await start
        said = await asyncio.gather(*asked)
        await server.stop()
        return said

    assert asyncio.run(run()) == ["hello"] * 3


async def first_word(url: str) -> str:
    """Return the type of the first message of a socket."""
    connection = await websocket_connect(HTTPRequest(url, request_timeout=20))
    said: str = json.loads(str(await connection.read_message()))["type"]
    connection.close()
    while await connection.read_message() is not None:
        pass
    return said


def test_a_program_is_told_in_json_that_the_server_starts(fleet_dir: Path, last: LastList) -> None:
    (crates, ports), _ = started(Hub([fleet_dir]), last, ["/api/crates", "/api/ports"], {})
    for answer in (crates, ports):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "starting")


@pytest.mark.parametrize("is_stopped", [False, True])
def test_early_answers_go_on_until_the_state_file_was_read(
    fleet_dir: Path,
    write_manifest: WriteManifest,
    last: LastList,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_stopped: bool,
) -> None:
    """Before that, a server would tell of no assignments and no events, though there are some."""
    write_manifest("a")
    last.write(b"[]", gzip.compress(b"[]"))
    state, options = fleet_dir.parent / "state", HubOptions(watch=False)
    with Hub([fleet_dir], options, Store(state)) as earlier:
        held = earlier.assign(AssignmentRequest("a", preferred=19000)).result(20)
        told = earlier.log.last_seq
    go_on, restore = threading.Event(), Store.restore

    def late(store: Store) -> Any:
        assert go_on.wait(20)
        return restore(store)

    monkeypatch.setattr(Store, "restore", late)
    paths = ("/api/crates", "/api/ports/assignments", "/api/events/recent")

    async def run() -> tuple[list[httpx.Response], list[httpx.Response]]:
        server = Server(
            Hub([fleet_dir], options, Store(state)), Address("127.0.0.1", 0, None), pages={}, last_list=last
        )
        start = asyncio.create_task(server.start())
        # It is the last thing that is made before others answer.
        await asyncio.to_thread(wait_for, lambda: server._preparer)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.address.port}") as client:
            early = [await client.get(path) for path in paths]
            if is_stopped:
                server.request_stop()
                await asyncio.wait_for(start, 10)
            go_on.set()
            await asyncio.wait_for(start, 20)
            whole = [] if is_stopped else [await client.get(path) for path in paths]
        await server.stop()
        return early, whole

    early, whole = asyncio.run(run())
    assert [answer.status_code for answer in early] == [200, 503, 503]
    if not is_stopped:
        assert [item["id"] for item in whole[1].json()] == [held.id]
        assert whole[2].json()[-1]["seq"] >= told


def test_the_list_is_kept_for_the_next_start(fleet_dir: Path, write_manifest: WriteManifest, last: LastList) -> None:
    write_manifest("a")
    _, late = started(Hub([fleet_dir]), last, [], {})
    plain, zipped = last.read(zipped=False), last.read(zipped=True)
    assert plain is not None
    assert zipped is not None
    assert plain[0] == late.content == gzip.decompress(zipped[0])


def test_a_list_of_another_fleet_is_not_served(tmp_path: Path) -> None:
    LastList(tmp_path, "one").write(b"[]", b"")
    assert LastList(tmp_path, "other").read(zipped=False) is None


def test_a_folder_that_cannot_be_written_does_no_harm(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    LastList(tmp_path / "file", "key").write(b"[]", b"")
    assert "could not be kept" in caplog.text


HTML = {"Accept": "text/html,application/xhtml+xml"}


def test_the_page_waits_by_itself_and_loads_nothing(fleet_dir: Path, last: LastList) -> None:
    (page,), _ = started(Hub([fleet_dir]), last, ["/fleet"], HTML)
    policy = page.headers["Content-Security-Policy"]
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert not re.search(r"https?:|src=|url\(|@import", page.text)
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
    assert "color-scheme: light dark" in page.text
    assert "--wb-page: light-dark(#f1f5f9, #0f172a)" in page.text


@pytest.mark.parametrize("origin", ["http://localhost:21575", "http://evil.example"])
def test_pages_of_the_allow_list_may_read_that_it_starts(fleet_dir: Path, last: LastList, origin: str) -> None:
    last.write(b"[]", gzip.compress(b"[]"))
    answers, _ = started(Hub([fleet_dir]), last, ["/health", "/api/crates", "/api/ports"], {"Origin": origin})
    told = {answer.headers.get("Access-Control-Allow-Origin") for answer in answers}
    is_allowed = "localhost" in origin
    assert told == ({origin} if is_allowed else {None})
    assert [answer.status_code for answer in answers] == [200, 200 if is_allowed else 503, 503]
    assert all("Origin" in answer.headers["Vary"] for answer in answers)


def test_a_closed_server_shows_nothing_before_it_can_ask_who_calls(fleet_dir: Path, last: LastList) -> None:
    last.write(b"[]", gzip.compress(b"[]"))
    people = People(fleet_dir.parent / "users.json")
    people.set("ada", "correct horse battery")
    for gate in (Gate(login=LoginSettings(users=str(people.path))), Gate(api=ApiSettings(reads_need_scope=True))):
        (crates,), late = started(Hub([fleet_dir]), last, ["/api/crates"], {}, gate)
        assert (crates.status_code, late.status_code) == (503, 401)


def test_a_name_that_is_not_the_servers_is_shown_no_list(fleet_dir: Path, last: LastList) -> None:
    last.write(b"[]", gzip.compress(b"[]"))
    (crates,), _ = started(Hub([fleet_dir]), last, ["/api/crates"], {"Host": "evil.example"})
    assert (crates.status_code, crates.json()["error"]["code"]) == (503, "starting")


def test_a_start_is_given_up_between_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop that comes while Panel is being imported waits for one module at most, and for no hub."""
    begun, go_on = threading.Event(), threading.Event()
    imported: list[str] = []

    def slow_import(name: str) -> None:
        imported.append(name)
        begun.set()
        assert go_on.wait(20)

    def no_hub() -> Hub:
        raise AssertionError("the start was given up")

    async def run() -> None:
        server = Server(no_hub, Address("127.0.0.1", 0, None), pages={})
        running = asyncio.create_task(server.run())
        assert await asyncio.to_thread(begun.wait, 10)
        server.request_stop()
        go_on.set()
        await asyncio.wait_for(running, 10)

    monkeypatch.setattr("workbench.server.import_module", slow_import)
    asyncio.run(run())
    assert len(imported) == 1
