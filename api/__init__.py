"""The HTTP and WebSocket API of the Crate Workbench, as Tornado routes.

`routes(hub)` mounts it in any Tornado application; `panel serve … --plugins api` finds `ROUTES`.
"""

from typing import TYPE_CHECKING, Any

from api.routes import gateway_routes, grouped, routes, socket_routes

if TYPE_CHECKING:
    from api.base import Route

    ROUTES: list[Route]

__all__ = ["ROUTES", "gateway_routes", "grouped", "routes", "socket_routes"]


def __getattr__(name: str) -> Any:
    """Start the process-wide hub when a server first asks for `ROUTES`, not when the package is imported."""
    if name == "ROUTES":
        from api.plugin import plugin_routes

        return plugin_routes()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
