"""What answers while the server starts."""

import asyncio
import contextlib
import gzip
import json
import socket
import threading
from pathlib import Path

import httpx
import pytest

from tests.conftest import WriteManifest
from workbench.front import Front, LastList, starting_application
from workbench.hub import Hub
from workbench.listening import listening_sockets
from workbench.oversized import MAX_BODY
from workbench.server import Address, Server


def started(
    hub: Hub, last: LastList, ask_early: list[str], headers: dict[str, str]
) -> tuple[list[httpx.Response], httpx.Response]:
    """Start a server whose hub is made only after the early questions were answered; returns those answers and a late one."""
    asked = threading.Event()

    def late_hub() -> Hub:
        assert asked.wait(20)
        return hub

    async def run() -> tuple[list[httpx.Response], httpx.Response]:
        server = Server(late_hub, Address("127.0.0.1", 0, None), pages={}, last_list=last)
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
    assert (health.status_code, health.json()) == (200, {"status": "ok", "phase": "starting"})
    assert {answer.status_code for answer in (ports, page, filtered)} == {503}
    assert {answer.headers["Retry-After"] for answer in (ports, page, filtered)} == {"1"}
    assert "The workbench is starting." in page.text
    assert [crate["name"] for crate in late.json()] == ["a"]
    assert "X-Fleet-State" not in late.headers


def test_a_program_is_told_in_json_that_the_server_starts(fleet_dir: Path, last: LastList) -> None:
    (crates, ports), _ = started(Hub([fleet_dir]), last, ["/api/crates", "/api/ports"], {})
    for answer in (crates, ports):
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "starting")


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


@pytest.mark.parametrize("sent", [0, 3_000_000])
def test_a_body_beyond_every_limit_is_refused_in_the_envelope(sent: int) -> None:
    async def post() -> bytes:
        sockets = listening_sockets(0, "127.0.0.1")
        server = Front(starting_application(None)).listen(sockets)
        reader, writer = await asyncio.open_connection(*sockets[0].getsockname()[:2])
        writer.write(f"POST /api/query HTTP/1.1\r\nHost: a\r\nContent-Length: {MAX_BODY + 1}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            writer.write(b"x" * sent)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        server.stop()
        return answer

    head, _, body = asyncio.run(post()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body) == {
        "error": {
            "code": "payload-too-large",
            "message": f"no request may have more than {MAX_BODY} bytes",
            "details": {"limit": MAX_BODY},
            "request_id": None,
        }
    }


def test_an_accepted_connection_takes_a_large_answer_in_parts() -> None:
    with contextlib.ExitStack() as stack:
        listening = [stack.enter_context(item) for item in listening_sockets(0, "127.0.0.1")]
        stack.enter_context(socket.create_connection(listening[0].getsockname()))
        listening[0].settimeout(5)
        accepted = stack.enter_context(listening[0].accept()[0])
        assert 0 < accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 131_072
