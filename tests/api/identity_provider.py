"""A small OAuth 2 provider with OpenID Connect's userinfo, strict about all that a real one checks."""

import asyncio
import base64
import json
import secrets
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, HTTPError, RequestHandler

CLIENT = "workbench"
CLIENT_SECRET = "the-applications-own-secret"


@dataclass
class Account:
    """Who sits before the browser, and what the provider does with them."""

    email: str = "ada@example.org"
    mood: Literal["agrees", "declines"] = "agrees"
    has_id_token: bool = False
    """Whether the token endpoint says who it is, rather than `/userinfo`."""


@dataclass
class IdentityProvider:
    """The provider on a loop in a thread of its own."""

    account: Account = field(default_factory=Account)
    redirects: set[str] = field(default_factory=set)
    """Where it leads back to; nowhere else."""
    is_broken: bool = False
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)
    """(where it was sent to, whom it stands for) of each code that was not redeemed yet."""
    tokens: dict[str, str] = field(default_factory=dict)
    redeemed: list[str] = field(default_factory=list)

    def __enter__(self) -> "IdentityProvider":
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(started)), name="identity-provider")
        self._thread.start()
        assert started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _serve(self, started: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        sockets = bind_sockets(0, "127.0.0.1", family=socket.AF_INET)
        self.url = f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
        given = {"provider": self}
        handlers = [("/authorize", _Authorize, given), ("/token", _Token, given), ("/userinfo", _Userinfo, given)]
        server = HTTPServer(Application(handlers))  # type: ignore[arg-type]
        server.add_sockets(sockets)
        started.set()
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()

    def code_for(self, email: str, redirect_uri: str) -> str:
        """Return a new code, as the provider gives it to the browser of that person."""
        code = secrets.token_urlsafe(16)
        self.codes[code] = (redirect_uri, email)
        return code


class _Endpoint(RequestHandler):
    def initialize(self, provider: IdentityProvider) -> None:
        self.provider = provider

    def prepare(self) -> None:
        if self.provider.is_broken:
            raise HTTPError(503)

    def log_exception(self, *_: Any) -> None:
        """Say nothing: the tests look at the answers."""


class _Authorize(_Endpoint):
    def get(self) -> None:
        asked = {name: self.get_query_argument(name) for name in ("client_id", "redirect_uri", "response_type")}
        if asked["redirect_uri"] not in self.provider.redirects or asked["client_id"] != CLIENT:
            raise HTTPError(400)
        assert asked["response_type"] == "code"
        assert "openid" in self.get_query_argument("scope").split()
        state = self.get_query_argument("state")
        if self.provider.account.mood == "declines":
            back = {"error": "access_denied", "error_description": "The user <b>said</b> no", "state": state}
        else:
            code = self.provider.code_for(self.provider.account.email, asked["redirect_uri"])
            back = {"code": code, "state": state}
        self.redirect(f"{asked['redirect_uri']}?{urlencode(back)}")


class _Token(_Endpoint):
    def post(self) -> None:
        given = {name: self.get_body_argument(name) for name in ("code", "redirect_uri", "client_id", "client_secret")}
        assert self.get_body_argument("grant_type") == "authorization_code"
        sent_to, email = self.provider.codes.pop(given["code"], ("", ""))
        is_known = (given["client_id"], given["client_secret"]) == (CLIENT, CLIENT_SECRET)
        if not is_known or given["redirect_uri"] != sent_to:
            self.set_status(400)
            self.finish({"error": "invalid_grant", "error_description": "The code is not known"})
            return
        self.provider.redeemed.append(email)
        token = secrets.token_urlsafe(16)
        self.provider.tokens[token] = email
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": 3600}
        if self.provider.account.has_id_token:
            answer["id_token"] = ".".join(
                base64.urlsafe_b64encode(part).decode().rstrip("=")
                for part in (b'{"alg":"RS256"}', json.dumps({"email": email, "aud": CLIENT}).encode(), b"signature")
            )
        self.finish(answer)


class _Userinfo(_Endpoint):
    def get(self) -> None:
        email = self.provider.tokens.get(self.request.headers.get("Authorization", "").removeprefix("Bearer "))
        if email is None:
            raise HTTPError(401)
        self.finish({"sub": "1", "email": email, "email_verified": True})
