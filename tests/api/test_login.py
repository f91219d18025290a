"""Signing in with a password at a real server: pages, API and sockets, on both ports."""

import asyncio
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from tests.api.conftest import until, write_fleet
from tests.api.sign_in_server import CHECKOUT, SECRET, SignInServer, cookie_of, opened
from workbench.security.people import People

PASSWORD = "correct horse battery"
NAMES = ("ada", "bob", "eve")


class Running(SignInServer):
    """A server whose people sign in with a password."""

    @contextmanager
    def person(self, name: str) -> Iterator[httpx.Client]:
        with self.client() as client:
            client.post("/login", data={"username": name, "password": PASSWORD})
            yield client


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, People]]:
    folder = tmp_path_factory.mktemp("login")
    people = People(folder / "users.json")
    for name in NAMES:
        people.set(name, PASSWORD)
    login = f'[login]\nusers = "{people.path}"\nadmins = ["ada"]\nchanges = true\n'
    server = Running(write_fleet(folder / "fleet"), folder, login, host="0.0.0.0")
    yield server, people
    server.stop()


@pytest.fixture
def people(served: tuple[Running, People]) -> Iterator[People]:
    """The people of the server, who are all there again for the next test."""
    known = served[1]
    sound = known.path.read_text()
    yield known
    known.path.write_text(sound)


@pytest.fixture
def running(served: tuple[Running, People]) -> Iterator[Running]:
    server = served[0]
    yield server
    assert server.process.poll() is None
    assert PASSWORD not in server.said
    assert "Traceback" not in server.said


def test_pages_lead_to_the_form_and_the_api_says_no(running: Running) -> None:
    with running.client() as http:
        page = http.get("/fleet")
        assert (page.status_code, "login?next=%2Ffleet" in page.headers["Location"]) == (302, True)
        form = http.get("/login?next=%2Ffleet")
        assert (form.status_code, 'type="password"' in form.text, "http" in form.text) == (200, True, False)
        for path in ("/api/crates", "/api/ports/18010", "/api/events", "/api/audit", "/status", "/metrics"):
            answer = http.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized"), path
        assert http.get("/health").status_code == 200
        assert http.get("/api/crates", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 200


@pytest.mark.parametrize(
    ("kept", "root"), [("light", '<html lang="en" data-theme="light">'), ('"><script>', '<html lang="en">')]
)
def test_the_form_wears_the_theme_that_was_chosen_at_the_pages(running: Running, kept: str, root: str) -> None:
    with running.client() as http:
        assert root in http.get("/login", headers={"Cookie": f"workbench-theme={kept}"}).text


def test_who_signs_in_reads_and_an_admin_changes(running: Running) -> None:
    intent = {"Origin": running.origin, "X-Requested-With": "workbench"}
    with running.person("bob") as bob, running.person("ada") as ada:
        assert bob.get("/fleet").status_code == bob.get("/api/crates").status_code == 200
        assert bob.get("/api/audit").status_code == 403
        assert bob.post("/api/ports/assign", json={"crate_name": "ledger"}, headers=intent).status_code == 403
        made = ada.post("/api/ports/assign", json={"crate_name": "ledger"}, headers=intent)
        assert (made.status_code, made.json()["actor"]) == (201, "ada")
        entries = ada.get("/api/audit").json()
    told = [(item["actor"], item["means"], item["action"], item["outcome"]) for item in entries[:5]]
    assert told == [
        ("ada", "sign-in", "port.assign", "done"),
        ("bob", "sign-in", "port.assign", "refused"),
        ("bob", "sign-in", "audit", "refused"),
        ("ada", "sign-in", "sign-in", "done"),
        ("bob", "sign-in", "sign-in", "done"),
    ]


def test_sockets_on_both_ports_know_the_sign_in(running: Running, run: Callable[..., Any]) -> None:
    with running.person("bob") as bob:
        cookie = cookie_of(bob)

    async def all_of(**headers: str) -> list[int]:
        return [
            await opened(running.port, "/ws", **headers),
            await opened(running.ws_port, "/", **headers),
            await opened(running.ws_port, "/ws", **headers),
        ]

    assert run(all_of()) == [401] * 3
    assert run(all_of(Cookie="user=forged")) == [401] * 3
    assert run(all_of(Cookie=cookie)) == [101] * 3
    assert run(all_of(Cookie=cookie, Origin=running.origin)) == [101] * 3
    assert run(all_of(Cookie=cookie, Origin="http://evil.example")) == [403] * 3
    assert run(all_of(Authorization=f"Bearer {SECRET}")) == [101] * 3


def test_the_cookie_is_not_for_scripts_and_survives_a_restart(running: Running) -> None:
    with running.client() as http:
        answer = http.post("/login?next=/fleet", data={"username": "bob", "password": PASSWORD})
        assert (answer.status_code, answer.headers["Location"]) == (302, "/fleet")
        cookie = next(text for text in answer.headers.get_list("Set-Cookie") if text.startswith("user="))
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "bob" not in cookie.partition(";")[0].split("|")[-1]
        jar = http.cookies
        assert (running.state / "cookie-secret").stat().st_mode & 0o777 == 0o600
        running.stop()
        running.start()
        with httpx.Client(base_url=running.origin, cookies=jar, timeout=20) as again:
            assert again.get("/api/crates").status_code == 200


def test_who_is_taken_out_is_out_and_signing_out_forgets(running: Running, people: People) -> None:
    with running.person("bob") as bob, running.person("ada") as ada:
        people.remove("bob")
        assert bob.get("/api/crates").status_code == 401
        assert bob.get("/fleet").status_code == 302
        assert ada.get("/api/crates").status_code == 200
        page = ada.get("/logout")
        assert (page.status_code, "You are signed out" in page.text) == (200, True)
        assert "<script" not in page.text
        for theme, found in (("light", True), ("dark", True), ("a' onload=", False)):
            text = ada.get("/logout", headers={"Cookie": f"workbench-theme={theme}"}).text
            assert (f'data-theme="{theme}"' in text) == found, theme
        assert ada.get("/api/crates").status_code == 401


def test_a_socket_does_not_outlive_who_opened_it(running: Running, people: People, run: Callable[..., Any]) -> None:
    with running.person("bob") as bob:
        cookie = cookie_of(bob)

    async def follow() -> tuple[int | None, str | None]:
        request = HTTPRequest(f"ws://127.0.0.1:{running.ws_port}/ws", headers={"Cookie": cookie})
        connection = await websocket_connect(request)
        await connection.read_message()
        people.remove("bob")
        while await connection.read_message() is not None:
            pass
        connection.close()
        return connection.close_code, connection.close_reason

    assert run(follow()) == (1008, "the sign-in is over")


def test_a_copy_of_a_cookie_that_was_given_back_is_worth_nothing(running: Running) -> None:
    with running.person("bob") as bob, running.person("ada") as ada:
        copied = {"Cookie": cookie_of(bob)}
        with httpx.Client(base_url=running.origin, timeout=20, headers=copied) as thief:
            assert thief.get("/api/crates").status_code == 200
            assert bob.get("/logout").headers["Cache-Control"] == "no-store"
            assert (thief.get("/api/crates").status_code, thief.get("/fleet").status_code) == (401, 302)
        entry = ada.get("/api/audit").json()[0]
        assert (entry["actor"], entry["action"], entry["outcome"]) == ("bob", "sign-out", "done")


@pytest.mark.parametrize("end", ["signs out", "is taken out"])
def test_an_open_page_does_not_outlive_its_sign_in(
    running: Running, people: People, run: Callable[..., Any], end: str
) -> None:
    async def look(bob: httpx.Client, ada: httpx.Client) -> tuple[Any, ...]:
        ours, others = await page_of(running, bob), await page_of(running, ada)
        if end == "signs out":
            await asyncio.to_thread(bob.get, "/logout")
        else:
            people.remove("bob")
        while await ours.read_message() is not None:
            pass
        with pytest.raises(HTTPClientError) as again:
            await page_of(running, bob, ours.token)
        for part in ('{"msgid": "1", "msgtype": "SERVER-INFO-REQ"}', "{}", "{}"):
            others.write_message(part)
        while "SERVER-INFO-REPLY" not in str(part := await others.read_message()):
            assert part is not None, "the page of somebody else was closed"
        ours.close()
        others.close()
        while await others.read_message() is not None:
            pass
        return ours.close_code, ours.close_reason, again.value.code

    with running.person("bob") as bob, running.person("ada") as ada:
        assert run(look(bob, ada)) == (1008, "the sign-in is over", 403)
        assert (bob.get("/fleet").status_code, ada.get("/fleet").status_code) == (302, 200)


async def page_of(running: Running, person: httpx.Client, token: str = "") -> Any:
    """Open a page as a browser does, and wait until the server has connected its session."""
    cookie = cookie_of(person) if "user" in person.cookies else ""
    if not token:
        page = await asyncio.to_thread(person.get, "/fleet")
        found = re.search(r'"token":"([^"]+)"', page.text)
        assert found is not None
        token = found[1]
    request = HTTPRequest(
        f"ws://127.0.0.1:{running.port}/fleet/ws", headers={"Cookie": cookie, "Origin": running.origin}
    )
    connection: Any = await websocket_connect(request, subprotocols=["bokeh", token])
    assert '"ACK"' in str(await connection.read_message())
    connection.token = token
    return connection


def test_wrong_passwords_are_slowed_told_and_not_repeated(running: Running) -> None:
    with running.client() as http:
        answers = [http.post("/login", data={"username": "eve", "password": f"wrong {n}"}) for n in range(11)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429]
        assert http.post("/login", data={"username": "eve", "password": PASSWORD}).status_code == 429
        assert http.post("/login", data={"username": "ada", "password": PASSWORD}).status_code == 302
        assert "wrong 1" not in answers[1].text
        entries = http.get("/api/audit?action=sign-in&outcome=refused&limit=12").json()
    told = [(item["actor"], item["subject"], item["status"]) for item in entries]
    assert told == [(None, "eve", 429)] * 2 + [(None, "eve", 401)] * 10


@pytest.mark.parametrize("following", ["//evil.example", "https://evil.example", "\\\\evil.example", "/\\evil.example"])
def test_the_way_on_leads_nowhere_else(running: Running, following: str) -> None:
    with running.client() as http:
        assert http.get("/login", params={"next": following}).status_code == 400
        answer = http.post("/login", params={"next": following}, data={"username": "bob", "password": PASSWORD})
        assert "evil" not in answer.headers.get("Location", "")


def test_a_strangers_page_signs_nobody_in(running: Running) -> None:
    with running.client() as http:
        answer = http.post(
            "/login", data={"username": "bob", "password": PASSWORD}, headers={"Origin": "http://evil.example"}
        )
        assert (answer.status_code, "Set-Cookie" in answer.headers) == (403, False)


def test_nobody_signs_in_with_a_damaged_file(running: Running, people: People) -> None:
    sound = people.path.read_text()
    people.path.write_text("{")
    with running.person("bob") as http:
        assert http.get("/api/crates").status_code == 401
        people.path.write_text(sound)
        assert http.post("/login", data={"username": "bob", "password": PASSWORD}).status_code == 302
        assert until(lambda: http.get("/api/crates").status_code == 200)


@pytest.fixture
def plugged(fleet_dir: Path, tmp_path: Path) -> Iterator[tuple[int, int]]:
    """The two ports of `panel serve … --plugins api` with Panel's own password."""
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, ws_port = one.getsockname()[1], other.getsockname()[1]
    (tmp_path / "page.py").write_text('import panel as pn\npn.panel("a page").servable()\n')
    environment = {
        **os.environ, "PYTHONPATH": str(CHECKOUT), "WORKBENCH_ROOTS": str(fleet_dir),
        "WORKBENCH_STATE": str(tmp_path / "state"), "WORKBENCH_SERVER_WS_PORT": str(ws_port),
    }  # fmt: skip
    options = ["--port", str(port), "--plugins", "api", "--basic-auth", PASSWORD, "--cookie-secret", "for-tests"]
    command = [sys.executable, "-m", "panel", "serve", str(tmp_path / "page.py"), "--address", "127.0.0.1", *options]
    process = subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        until(lambda: is_healthy(port), 40)
        yield port, ws_port
    finally:
        process.terminate()
        process.communicate(timeout=20)


def is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_panels_own_login_closes_both_ports_of_the_plugin(plugged: tuple[int, int]) -> None:
    port, ws_port = plugged
    with httpx.Client(timeout=20) as http:
        for url in (
            f"http://127.0.0.1:{port}/api/crates",
            f"http://127.0.0.1:{port}/ws",
            f"http://127.0.0.1:{ws_port}/ws",
        ):
            assert http.get(url).status_code == 401
            assert http.get(url, headers={"Cookie": "user=forged; is_guest=1"}).status_code == 401
        http.post(f"http://127.0.0.1:{port}/login", data={"username": "bob", "password": PASSWORD})
        assert http.get(f"http://127.0.0.1:{port}/api/crates").status_code == 200
        # Let in, and told that a plain request is no WebSocket.
        assert [http.get(f"http://127.0.0.1:{either}/ws").status_code for either in plugged] == [400, 400]
