"""The fleet of a Jupyter server: opened when it is first asked for, closed when the server stops."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workbench.config import find_settings
from workbench.errors import Unavailable

if TYPE_CHECKING:
    from tornado.web import Application

    from workbench.hub import Hub
    from workbench.settings import Settings

logger = logging.getLogger(__name__)

_FIRST_SCAN_SECONDS: Final = 20.0
_STOP_SECONDS: Final = 5.0


@dataclass(frozen=True)
class FleetChoice:
    """Which fleet is served: the one below `roots`, by the settings of a file, remembered in a state folder.

    What is left out is found as the command line finds it: the nearest `workbench.toml` in `folder` or above it, the
    roots that it names, else `folder` itself. Without a state folder nothing is written.
    """

    folder: Path
    roots: Sequence[Path] = ()
    file: Path | None = None
    state: Path | None = None

    def open(self) -> "tuple[Hub, Settings]":
        """Return a hub that has begun to follow the fleet, and its settings; imports what is slow to import.

        Raises ConfigurationError, or RootError for a root that does not exist.
        """
        from workbench.hub import Hub
        from workbench.live_hub import live_hub
        from workbench.subcommands.roots import settings_from

        file = self.file or find_settings(self.folder)
        settings = settings_from(file)
        named = [file.parent / root for root in settings.discovery.roots] if file else []
        roots = list(self.roots) or named or [self.folder]
        if self.state is None:
            hub = Hub(roots, settings.hub_options())
        else:
            hub = live_hub(roots, settings, self.state, file=file, is_named=self.file is not None)
        hub.discovery.check_roots()
        hub.start()
        hub.wait_resumed()
        return hub, settings


class ServedFleet:
    """The application that answers for a fleet. All its methods belong to one event loop."""

    def __init__(self, choice: FleetChoice, mount: "Callable[[Hub, Settings], Application]") -> None:
        self._choice = choice
        self._mount = mount
        self._opening: asyncio.Task[Application] | None = None
        self._opened: tuple[Hub, Settings] | None = None
        self._is_stopped = False

    @property
    def is_open(self) -> bool:
        """Whether the fleet is being followed."""
        return self._opened is not None

    async def application(self) -> "Application":
        """Return what answers, opening the fleet if nobody has asked before; whoever asks meanwhile waits too.

        Raises Unavailable once it is stopped, and what `FleetChoice.open` raises; then the next caller tries anew.
        """
        if self._is_stopped:
            raise Unavailable("the server is stopping")
        if self._opening is None:
            self._opening = asyncio.get_running_loop().create_task(self._open())
            self._opening.add_done_callback(self._forget_failure)
        # Shielded: one caller that goes away must not fail the others.
        return await asyncio.shield(self._opening)

    async def stop(self) -> None:
        """Close the sockets and streams with 1001, end the workers, and stop following; twice does no harm."""
        self._is_stopped = True
        if self._opening is not None:
            await asyncio.wait([self._opening])
        if self._opened is None:
            return
        hub, self._opened = self._opened[0], None
        from api.broadcast import close_clients
        from workbench.queries.query_pool import close_pool

        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await close_clients(hub)
        except TimeoutError:
            logger.warning("some clients of the events did not leave within %g s", _STOP_SECONDS)
        await asyncio.to_thread(close_pool, hub)
        await asyncio.to_thread(hub.stop)

    async def _open(self) -> "Application":
        if self._opened is None:
            self._opened = await asyncio.to_thread(self._choice.open)
        await asyncio.to_thread(self._opened[0].wait_ready, _FIRST_SCAN_SECONDS)
        return self._mount(*self._opened)

    def _forget_failure(self, opening: "asyncio.Task[Application]") -> None:
        if opening.cancelled() or opening.exception() is not None:
            self._opening = None
