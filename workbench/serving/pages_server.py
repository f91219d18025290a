"""Panel's server: the pages of a hub, the REST API among them, and the login that both ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Final

from workbench.security.gate import Gate
from workbench.security.origins import bracketed
from workbench.serving.address import Address

if TYPE_CHECKING:
    from bokeh.server.server import Server as BokehServer
    from tornado.web import Application

    from workbench.dashboards.open_pages import OpenPages
    from workbench.dashboards.sign_ins import SignIns
    from workbench.hub import Hub
    from workbench.queries.query_pool import QueryLimits
    from workbench.security.access import AccessRules
    from workbench.serving.preparer import Make

Pages = Mapping[str, Callable[[], Any]]

FIRST_PAGE: Final = "/fleet"
SESSION_SECONDS = 60.0
"""How long the session of a page is kept after its browser was last heard of."""
SESSION_LOOK_SECONDS = 10.0


@dataclass
class PagesServer:
    """Panel's server of one hub. It listens nowhere itself: whoever holds a port hands requests to `application`."""

    hub: "Hub"
    address: Address
    allow_origins: Sequence[str] = ()
    pages: Pages | None = None
    gate: Gate = field(default_factory=Gate)
    query_limits: "QueryLimits | None" = None
    makes: "list[Make]" = field(default_factory=list)
    """What can be made ahead for the pages of a revision."""

    @property
    def application(self) -> "Application":
        """What answers on the port of the pages."""
        application: Application = self._server._tornado
        return application

    def beside(self, routes: str) -> "Application":
        """Return what answers at a port of its own; it knows people by the sign-in of the pages."""
        from tornado.web import Application

        import api

        pages = self.application
        shared = {name: pages.settings.get(name) for name in ("api_origins", "api_access", "cookie_secret")}
        application = Application(list(getattr(api, routes)(self.hub)), **shared)
        application.auth_provider = pages.auth_provider  # type: ignore[attr-defined]
        return application

    def start(self) -> None:
        """Begin to look after sessions."""
        self._server.start()
        if self._open_pages is not None:
            self._open_pages.start()

    async def stop(self) -> None:
        """End every session."""
        if self._open_pages is not None:
            self._open_pages.stop()
        # Bokeh 3.10 finishes its sessions in the background of a running loop; 3.9 does so at once.
        if hasattr(self._server, "stop_async"):
            await self._server.stop_async()
        else:
            self._server.stop()

    @cached_property
    def _server(self) -> "BokehServer":
        import panel as pn
        from tornado.web import RedirectHandler

        from api import grouped, routes
        from workbench.queries.query_pool import pool_of

        # Whoever asks first, a page or a program: what a query may cost is settled before.
        pool_of(self.hub, self.query_limits)
        sign_ins = self._sign_ins
        who_signed_in = sign_ins.name_of if sign_ins is not None else None
        rules = self.gate.rules(self.address.names, self.allow_origins, who_signed_in)
        pages = self.pages if self.pages is not None else self._dashboards(rules)
        pn.config.reconnect = True
        server: BokehServer = pn.serve(
            {name: _visited(self.hub, page) for name, page in pages.items()},
            port=0,
            address="127.0.0.1",
            websocket_origin=self._socket_origins(),
            start=False,
            show=False,
            verbose=False,
            extra_patterns=[(r"/", RedirectHandler, {"url": FIRST_PAGE, "permanent": False})],
            unused_session_lifetime_milliseconds=round(1000 * SESSION_SECONDS),
            check_unused_sessions_milliseconds=round(1000 * SESSION_LOOK_SECONDS),
            api_origins=self.address.origins(self.allow_origins),
            query_limits=self.query_limits,
            api_access=rules,
            **self._login,
        )
        # Before the pages' patterns, of which there are many.
        server._tornado.add_handlers(r".*", list(grouped(routes(self.hub))))
        server._http.stop()
        return server

    def _dashboards(self, rules: "AccessRules") -> Pages:
        from workbench.dashboards import page_functions
        from workbench.dashboards.cartography import Cartographer
        from workbench.dashboards.foresight import foresight
        from workbench.workbench import Workbench

        cartographer = Cartographer()
        self.makes.append(foresight(cartographer))
        functions: Pages = page_functions(Workbench(self.hub), rules, self.gate.notices(), cartographer)
        return functions

    def _socket_origins(self) -> list[str]:
        own = [f"{bracketed(name)}:{self.address.port}" for name in self.address.names]
        return [*own, *(origin.partition("://")[2] for origin in self.allow_origins)]

    @cached_property
    def _open_pages(self) -> "OpenPages | None":
        if self._sign_ins is None:
            return None
        from workbench.dashboards.open_pages import OpenPages

        return OpenPages(self._server._tornado, self._sign_ins)

    @property
    def _sign_ins(self) -> "SignIns | None":
        """Who is signed in; None where people need not sign in."""
        sign_ins: SignIns | None = self._login["auth_provider"].sign_ins if self._login else None
        return sign_ins

    @cached_property
    def _login(self) -> dict[str, Any]:
        """Return what Panel's server needs to know for people to sign in: nothing, if they need not."""
        login = self.gate.login
        if login is None or not login.is_configured:
            return {}
        from workbench.dashboards.sign_in import PeopleProvider

        secret = self.gate.cookie_secret()
        if login.users:
            origins = self.address.origins(self.allow_origins)
            return {
                "cookie_secret": secret,
                "auth_provider": PeopleProvider(self.gate.people(), self.hub.audit, origins, secret),
            }
        from workbench.dashboards.sign_in_elsewhere import ElsewhereProvider, Guests

        assert login.oauth_provider is not None
        return {
            "cookie_secret": secret,
            "auth_provider": ElsewhereProvider(login.oauth_provider, Guests(login.oauth_users), self.hub.audit, secret),
            "oauth_key": login.oauth_key,
            "oauth_secret": login.oauth_secret,
            "oauth_redirect_uri": login.oauth_redirect_uri,
            "oauth_extra_params": login.oauth_extra_params,
        }


def _visited(hub: "Hub", page: Callable[[], Any]) -> Callable[[], Any]:
    """Return the function of a page that tells the hub of every visitor."""

    @wraps(page)
    def visited() -> Any:
        with hub.visits.visit():
            return page()

    return visited
