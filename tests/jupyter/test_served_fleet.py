"""What is served: the same as by a server of our own, from the first request to the last moment."""

import asyncio
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from tests.api.conftest import LiveApi
from tests.conftest import WriteManifest
from tests.jupyter.conftest import DEADLINE, TOKEN, JupyterServer, StartJupyter
from workbench import Workbench
from workbench.errors import Unauthorized
from workbench.hub import Hub, HubOptions

READS = [
    "/api/crates", "/api/crates/portal", "/api/ports", "/api/ports/18010", "/api/ports/conflicts", "/api/findings",
    "/api/graph", "/api/graph/blast-radius/vault", "/api/search?q=port", "/api/snapshot/crates.csv",
]  # fmt: skip
SIGNED_IN = {"Authorization": f"token {TOKEN}"}
CLASH = '[smart-crate]\nname = "rival"\nversion = "1.0.0"\n[ports]\nui = 18030\n'


async def follow(jupyter: JupyterServer) -> WebSocketClientConnection:
    request = HTTPRequest(jupyter.url.replace("http", "ws", 1) + "/ws", headers=SIGNED_IN)
    return await websocket_connect(request)


async def next_event(socket: WebSocketClientConnection) -> dict[str, Any] | None:
    frame = await asyncio.wait_for(socket.read_message(), DEADLINE)
    return None if frame is None else orjson.loads(frame)


@pytest.fixture
def own_api(jupyter: JupyterServer, fleet_dir: Path) -> LiveApi:
    """A server of our own over the same fleet."""
    hub = Hub([fleet_dir], HubOptions(watch=False))
    hub.scan_once()
    hub._ready.set()
    with LiveApi(hub) as own:
        yield own


def test_the_answers_are_the_same_bytes(jupyter: JupyterServer, own_api: LiveApi) -> None:
    for path in READS:
        ours, theirs = own_api.client.get(path), jupyter.signed_in.get(path)
        assert (theirs.status_code, theirs.content) == (200, ours.content), path


def test_an_answer_that_is_known_is_not_sent_again(jupyter: JupyterServer) -> None:
    tag = jupyter.signed_in.get("/api/crates").headers["ETag"]
    again = jupyter.signed_in.get("/api/crates", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_errors_are_told_in_the_envelope(jupyter: JupyterServer) -> None:
    answer = jupyter.signed_in.get("/api/crates/portl")
    assert answer.status_code == 404
    assert answer.json()["error"]["details"]["nearest"] == ["portal"]
    answer = jupyter.signed_in.get("/somewhere")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "there is no /hub/ada/workbench/somewhere"


def test_the_documents_say_where_the_api_is(jupyter: JupyterServer, own_api: LiveApi) -> None:
    ours, theirs = (client.get("/api/openapi.json").json() for client in (own_api.client, jupyter.signed_in))
    assert theirs.pop("servers") == [{"url": "/hub/ada/workbench"}]
    assert theirs == ours
    events = jupyter.signed_in.get("/api/asyncapi.json").json()
    assert events["channels"]["socket"]["address"] == "/hub/ada/workbench/ws"
    assert "servers" not in events


def test_the_page_of_the_documents_loads_its_files_from_beside_it(jupyter: JupyterServer) -> None:
    home = jupyter.signed_in.get("/", follow_redirects=True)
    assert home.url.path == "/hub/ada/workbench/api/docs"
    for name in re.findall(r'(?:href|src)="(?!data:)([^"]+)"', home.text):
        answer = jupyter.signed_in.get(str(home.url.join(name)), follow_redirects=True)
        assert answer.status_code == 200, name


def test_an_edit_reaches_the_socket(jupyter: JupyterServer, write_manifest: WriteManifest) -> None:
    async def watch() -> tuple[dict[str, Any], dict[str, Any]]:
        socket = await follow(jupyter)
        hello = await next_event(socket)
        write_manifest("edge/rival", CLASH)
        while (event := await next_event(socket)) and event["type"] != "crate.added":
            pass
        socket.close()
        assert hello is not None
        assert event is not None
        return hello, event

    hello, event = asyncio.run(watch())
    assert hello["type"] == "hello"
    assert event["data"]["name"] == "rival"
    kinds = [item["kind"] for item in jupyter.signed_in.get("/api/ports/conflicts").json()]
    assert kinds == ["owner-collision"]


def test_nothing_is_begun_before_somebody_asks(jupyter: JupyterServer) -> None:
    assert not jupyter.extension.fleet.is_open


def test_all_who_ask_first_get_the_one_fleet(jupyter: JupyterServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: jupyter.signed_in.get("/api/crates"), range(4)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["ETag"] for answer in answers}) == 1


def test_the_server_stops_with_clients_that_follow(jupyter: JupyterServer) -> None:
    async def stop() -> tuple[int | None, str | None]:
        socket = await follow(jupyter)
        assert await next_event(socket)
        await asyncio.to_thread(jupyter.stop)
        assert await next_event(socket) is None
        return socket.close_code, socket.close_reason

    assert asyncio.run(stop()) == (1001, "the server is stopping")


def test_the_server_stops_while_the_fleet_is_opened(jupyter: JupyterServer) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(jupyter.signed_in.get, "/api/crates")
        while jupyter.extension.fleet._opening is None:
            assert not asked.done()
        jupyter.loop.call_soon_threadsafe(jupyter._stop.set)
        asked.exception(DEADLINE)  # answered or cut off, as it comes


def test_asking_counts_as_activity(jupyter: JupyterServer) -> None:
    assert "api_last_activity" not in jupyter.app.web_app.settings
    jupyter.signed_in.get("/api/crates")
    assert "api_last_activity" in jupyter.app.web_app.settings


def test_the_roots_are_those_of_the_settings_file(
    start_jupyter: StartJupyter, write_manifest: WriteManifest, fleet_dir: Path
) -> None:
    write_manifest("here")
    write_manifest("crates/there")
    (fleet_dir.parent / "workbench.toml").write_text('[discovery]\nroots = ["fleet/crates"]\n')
    assert [crate["name"] for crate in start_jupyter().signed_in.get("/api/crates").json()] == ["there"]


def test_the_roots_are_those_that_jupyter_was_told(start_jupyter: StartJupyter, write_manifest: WriteManifest) -> None:
    write_manifest("a/one")
    write_manifest("b/two")
    write_manifest("c/three")
    jupyter = start_jupyter(WorkbenchExtension={"roots": ["a", "c"]})
    assert [crate["name"] for crate in jupyter.signed_in.get("/api/crates").json()] == ["one", "three"]


def test_what_is_wrong_with_the_settings_is_told_until_it_is_mended(
    start_jupyter: StartJupyter, write_manifest: WriteManifest, fleet_dir: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_manifest("edge/portal")
    file = fleet_dir / "workbench.toml"
    file.write_text("[watch]\nbeat = -1\n")
    jupyter = start_jupyter()
    answer = jupyter.signed_in.get("/api/crates")
    assert answer.status_code == 500
    assert f"{file}:2:" in answer.json()["error"]["message"]
    assert "Traceback" not in capfd.readouterr().err
    file.unlink()
    assert [crate["name"] for crate in jupyter.signed_in.get("/api/crates").json()] == ["portal"]


def test_a_root_that_is_not_there_is_told(start_jupyter: StartJupyter) -> None:
    jupyter = start_jupyter(WorkbenchExtension={"roots": ["nowhere"]})
    error = jupyter.signed_in.get("/api/crates").json()["error"]
    assert error["code"] == "root"
    assert "nowhere" in error["message"]


def test_history_is_kept_where_a_folder_is_given(start_jupyter: StartJupyter, write_manifest: WriteManifest) -> None:
    write_manifest("edge/portal")
    jupyter = start_jupyter(WorkbenchExtension={"state": "../state"})
    assert jupyter.signed_in.get("/api/crates").status_code == 200
    assert jupyter.signed_in.get("/status").json()["journal"] == {"enabled": True, "error": None}


def test_the_analysts_object_connects(jupyter: JupyterServer, write_manifest: WriteManifest) -> None:
    with Workbench.connect(jupyter.url, token=TOKEN) as wb:
        assert list(wb.crates["name"]) == ["portal", "vault"]
        assert wb.sql("SELECT max(port) AS highest FROM ports WHERE role = 'owner'")["highest"][0] == 18030
        assert set(wb.graph) >= {"crate:portal", "crate:vault"}
        write_manifest("edge/rival", CLASH)
        wb.refresh()
        assert list(wb.crates["name"]) == ["portal", "rival", "vault"]


def test_the_analysts_object_says_that_a_token_is_wanted(jupyter: JupyterServer) -> None:
    with pytest.raises(Unauthorized, match="wants to know who calls; give its token"):
        Workbench.connect(jupyter.url)
