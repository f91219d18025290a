"""The extension itself: what it is set up with, and when it begins and ends."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Enum, List, Unicode

from workbench.errors import ConfigurationError
from workbench.jupyter.door import Door, Gatekeeper
from workbench.jupyter.served_fleet import FleetChoice, ServedFleet
from workbench.security.origins import OriginPolicy
from workbench.security.scopes import SCOPES, expanded

if TYPE_CHECKING:
    from tornado.web import Application

    from workbench.hub import Hub
    from workbench.settings import Settings


class _AnyOrigin(OriginPolicy):
    """Every origin that comes so far: Jupyter has judged them at the door, by its own `allow_origin`."""

    def allows(self, origin: str, host: str) -> bool:
        return True


class WorkbenchExtension(ExtensionApp):
    """The workbench under a Jupyter server. It costs nothing until somebody asks for the fleet."""

    name = "workbench"
    extension_url = "/workbench"

    roots = List(
        Unicode(),
        help="Where the fleet is, relative to the server's root folder. Left out: the roots of the settings file, "
        "else the server's root folder.",
    ).tag(config=True)
    settings_file = Unicode(
        help="The settings of the fleet. Left out: the nearest workbench.toml in the server's root folder or above it.",
    ).tag(config=True)
    state = Unicode(
        help="A folder for the history and for what is handed out, which no other workbench may use meanwhile. "
        "Left out: nothing is written.",
    ).tag(config=True)
    scopes = List(
        Enum(SCOPES),
        default_value=["read"],
        help="What a sign-in at Jupyter is enough for: read, ports:write, deploy, admin. Jupyter's authorizer is "
        "asked as well. Anything beyond read needs a state folder.",
    ).tag(config=True)

    fleet: ServedFleet | None = None

    def initialize_handlers(self) -> None:
        """Put the door below `workbench/`; raises ConfigurationError if changes would be forgotten."""
        scopes = expanded(frozenset(self.scopes))
        if scopes - {"read"} and not self.state:
            raise ConfigurationError("WorkbenchExtension.scopes: changes need WorkbenchExtension.state, a folder")
        assert self.serverapp is not None
        gatekeeper = Gatekeeper(scopes)
        self.fleet = ServedFleet(self._choice(), lambda hub, settings: self._mounted(hub, settings, gatekeeper))
        self.handlers.append((rf"{self.name}(?:/.*)?", Door, {"fleet": self.fleet}))

    async def stop_extension(self) -> None:
        """End all that was begun; called by the server when it stops."""
        if self.fleet is not None:
            await self.fleet.stop()

    def _choice(self) -> FleetChoice:
        assert self.serverapp is not None
        folder = Path(self.serverapp.root_dir).absolute()
        return FleetChoice(
            folder,
            [folder / Path(root).expanduser() for root in self.roots],
            folder / Path(self.settings_file).expanduser() if self.settings_file else None,
            folder / Path(self.state).expanduser() if self.state else None,
        )

    def _mounted(self, hub: "Hub", settings: "Settings", gatekeeper: Gatekeeper) -> "Application":
        """Return the routes over a hub as an application below our address."""
        from tornado.web import Application, RedirectHandler

        from api import routes
        from api.base import NotFoundHandler
        from workbench.security.access import AccessRules

        assert self.serverapp is not None
        mount = url_path_join(self.serverapp.base_url, self.name)
        home = (rf"{re.escape(mount)}/?", RedirectHandler, {"url": f"{mount}/api/docs", "permanent": False})
        given: dict[str, Any] = {
            "api_access": AccessRules(),
            "api_gatekeeper": gatekeeper,
            "api_mount": mount,
            "api_origins": _AnyOrigin(),
            "query_limits": settings.query.limits(),
        }
        return Application(
            [home, *routes(hub, mount)],
            default_handler_class=NotFoundHandler,
            default_handler_args={"hub": hub},
            log_function=self.serverapp.web_app.settings["log_function"],
            **given,
        )
