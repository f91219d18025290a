"""What a token or a sign-in opened is closed when that ends, over real sockets."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from api.broadcast import EventLimits, broadcaster_of
from api.standing import Standing
from tests.api.conftest import LiveApi, until
from tests.api.test_stream import message, stream
from workbench.hub import Hub
from workbench.security.access import AccessRules, Caller
from workbench.security.token_file import TokenFile
from workbench.security.tokens import Token, Tokens

Run = Callable[..., Any]
SOON = EventLimits(standing_seconds=0.05)
OVER = "the token is over"


@pytest.fixture
def file(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "state")


def serving(hub: Hub, tokens: Tokens, limits: EventLimits = SOON, **rules: Any) -> LiveApi:
    return LiveApi(hub, event_limits=limits, api_access=AccessRules(tokens, **rules))


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def asked_of(live: LiveApi) -> int:
    """How many connections are asked about."""
    return int(live.on_loop(lambda: len(broadcaster_of(live.hub).standing._followers)))


@pytest.mark.parametrize("reads_need_scope", [True, False])
def test_a_revoked_token_closes_its_sockets_and_no_other(
    still_hub: Hub, file: TokenFile, run: Run, reads_need_scope: bool
) -> None:
    gone, kept = file.create("gone", ["read"]), file.create("kept", ["read"])

    async def talk(live: LiveApi) -> tuple[Any, ...]:
        async with (
            live.socket(**bearer(gone)) as one,
            live.socket("/ws/system", **bearer(gone)) as two,
            live.socket(**bearer(kept)) as other,
        ):
            for client in (one, two, other):
                await client.first("hello")
            await asyncio.to_thread(file.revoke, "gone")
            last = [await one.next(), await two.next()]
            (seq,) = live.publish({"n": 1})
            after = await other.next()
            told = [(c.connection.close_code, c.connection.close_reason) for c in (one, two)]
            return last, told, after["seq"] if after else None, seq

    with serving(still_hub, Tokens((), file.current), reads_need_scope=reads_need_scope) as live:
        last, told, after, seq = run(talk(live))
        assert (last, told) == ([None, None], [(1008, OVER)] * 2)
        assert after == seq
        assert live.client.get("/api/events", headers=bearer(gone)).status_code == 401
        until(lambda: asked_of(live) == 0)


def test_a_token_that_expires_closes_its_socket(still_hub: Hub, run: Run) -> None:
    moment = [100.0]
    tokens = Tokens([Token.of("brief", "secret", ["read"], expires_at=200.0)], clock=lambda: moment[0])

    async def talk(live: LiveApi) -> Any:
        async with live.socket(**bearer("secret")) as client:
            await client.first("hello")
            moment[0] = 200.0
            assert await client.next() is None
            return client.connection.close_code, client.connection.close_reason

    with serving(still_hub, tokens) as live:
        assert run(talk(live)) == (1008, OVER)


def test_a_revoked_token_ends_its_stream_and_says_why(still_hub: Hub, file: TokenFile) -> None:
    with serving(still_hub, Tokens((), file.current)) as live, stream(live, **bearer(file.create("ci", ["read"]))) as (
        _, lines,
    ):  # fmt: skip
        message(lines)
        file.revoke("ci")
        left = [line for line in lines if line]
        assert left[0] == "event: end"
        assert orjson.loads(left[1].removeprefix("data: ")) == {"code": 1008, "reason": OVER}
        assert live.clients() == 0


def test_by_default_it_takes_a_moment_only(still_hub: Hub, file: TokenFile, run: Run) -> None:
    async def talk(live: LiveApi) -> float:
        async with live.socket(**bearer(file.create("ci", ["read"]))) as client:
            await client.first("hello")
            file.revoke("ci")
            started = time.monotonic()
            assert await client.next() is None
            return time.monotonic() - started

    with serving(still_hub, Tokens((), file.current), EventLimits()) as live:
        assert run(talk(live)) < 5


def test_who_needed_no_token_is_not_asked_about(still_hub: Hub, file: TokenFile, run: Run) -> None:
    async def talk(live: LiveApi) -> int:
        async with live.socket() as client:
            await client.first("hello")
            return await asyncio.to_thread(asked_of, live)

    with serving(still_hub, Tokens((), file.current)) as live:
        assert run(talk(live)) == 0


class Counted:
    """A follower that counts how often those with its credential are asked about, and leaves when it was often enough."""

    caller = Caller("ci", frozenset({"read"}), "token")

    def __init__(self, credential: str, asked: Counter[str], enough: asyncio.Event) -> None:
        self.credential = credential
        self.asked = asked
        self.enough = enough

    @property
    def is_following(self) -> bool:
        return not self.enough.is_set()

    def may_stay(self) -> bool:
        self.asked[self.credential] += 1
        if self.asked["one"] >= 5:
            self.enough.set()
        return True

    def dismiss(self, code: int, reason: str) -> None:
        raise AssertionError("it may stay")


def test_a_token_is_asked_about_once_for_all_who_came_with_it(run: Run) -> None:
    asked: Counter[str] = Counter()

    async def follow() -> None:
        standing, enough = Standing(), asyncio.Event()
        for name in ("many", "many", "many", "one"):
            standing.watch(Counted(name, asked, enough), 0.001)
        await enough.wait()

    run(follow())
    assert abs(asked["many"] - asked["one"]) <= 1


class ByHeader:
    """A login that knows people by a header, and tells who of them is still there."""

    get_user_async = None

    def __init__(self) -> None:
        self.people = {"ada", "bob"}

    def get_user(self, handler: Any) -> str | None:
        name = handler.request.headers.get("X-User")
        return name if name in self.people else None

    def still_knows(self, handler: Any) -> bool:
        return self.get_user(handler) is not None


def test_who_is_taken_out_of_the_people_loses_the_sockets(still_hub: Hub, run: Run) -> None:
    login = ByHeader()

    async def talk(live: LiveApi) -> Any:
        async with live.socket(**{"X-User": "ada"}) as ada, live.socket(**{"X-User": "bob"}) as bob:
            await ada.first("hello")
            await bob.first("hello")
            login.people.discard("bob")
            assert await bob.next() is None
            live.publish({"n": 1})
            assert await ada.next() is not None
            return bob.connection.close_code, bob.connection.close_reason

    with serving(still_hub, Tokens()) as live:
        live.on_loop(lambda: setattr(live.application, "auth_provider", login))
        assert run(talk(live)) == (1008, "the sign-in is over")
        with httpx.Client(base_url=f"http://{live.base}", headers={"X-User": "bob"}) as bob:
            assert bob.get("/api/events").status_code == 401
