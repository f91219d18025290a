"""The API under `panel serve … --plugins api`: the process-wide hub, and the WebSocket's own port beside it."""

import atexit
import logging

from tornado.httpserver import HTTPServer
from tornado.web import Application

from api.base import Route
from api.routes import routes, socket_routes
from workbench.config import DEFAULT_HOST
from workbench.dashboards.sign_in import CookieLogin
from workbench.runtime import current_hub, current_settings, current_state_folder
from workbench.security.tokens import open_tokens
from workbench.serving.listening import listening_sockets
from workbench.serving.preparer import Preparer

logger = logging.getLogger(__name__)


def plugin_routes() -> list[Route]:
    """Return the routes over the process-wide hub; opens the WebSocket's own port (`server.ws_port`, 0: none)."""
    hub = current_hub()
    logger.info("the API's token: %s", open_tokens(current_state_folder()).where)
    application = Application(list(socket_routes(hub)))
    application.auth_provider = CookieLogin()  # type: ignore[attr-defined]
    listen_beside(application)
    preparer = Preparer(hub)
    preparer.start()
    atexit.register(preparer.stop)
    return routes(hub)


def listen_beside(application: Application) -> HTTPServer | None:
    """Listen on the WebSocket's own port; None, with a warning, if that cannot be.

    The sockets are bound at once: what is queued on the loop while Panel reads its plugins may never run.
    """
    port = current_settings().server.ws_port
    if not port:
        return None
    try:
        sockets = listening_sockets(port, DEFAULT_HOST)
    except OSError as error:
        logger.warning("no WebSocket on port %d of its own (%s); /ws of the pages' port works", port, error.strerror)
        return None
    server = HTTPServer(application)
    server.add_sockets(sockets)
    return server
