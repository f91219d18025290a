"""The process-wide hub: what a plugin of `panel serve` and pages served without our own server share."""

import atexit
import os
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from workbench.config import find_settings, sample_fleet, state_folder
from workbench.hub import Hub
from workbench.sections.access import access_rules
from workbench.security.access import AccessRules
from workbench.security.tokens import Tokens, known_token
from workbench.settings import Settings, load_settings

if TYPE_CHECKING:
    from workbench.workbench import Workbench

__all__ = [
    "configured_roots",
    "current_hub",
    "current_settings",
    "current_state_folder",
    "current_workbench",
    "default_rules",
    "default_tokens",
    "sample_fleet",
    "set_hub",
]


class _Current:
    """The hub in use. A lock keeps two threads from starting one each."""

    def __init__(self) -> None:
        self.hub: Hub | None = None
        self.lock = threading.Lock()


_current = _Current()


def current_settings() -> Settings:
    """Return the settings that hold where this process was started; raises ConfigurationError."""
    return load_settings(find_settings(Path()))


def current_state_folder() -> Path:
    """Return the state folder that holds where this process was started; raises ConfigurationError."""
    configured = current_settings().server.state
    return state_folder(Path(configured) if configured else None)


@lru_cache(maxsize=1)
def default_tokens() -> Tokens:
    """Return the tokens of a server that was given none: those of the state folder, if there are any."""
    known = known_token(current_state_folder())
    return known.tokens if known else Tokens()


@lru_cache(maxsize=1)
def default_rules() -> AccessRules:
    """Return what a server that was told nothing asks of callers: what the settings say."""
    settings = current_settings()
    return access_rules(settings.api, settings.login, default_tokens())


def configured_roots() -> list[Path]:
    """Return the roots in WORKBENCH_ROOTS (separated as PATH is), else those of the settings, else the sample fleet."""
    given = [Path(root) for root in os.environ.get("WORKBENCH_ROOTS", "").split(os.pathsep) if root]
    file = find_settings(Path())
    folder = file.parent if file else Path()
    return given or [folder / root for root in current_settings().discovery.roots] or [sample_fleet()]


def current_hub() -> Hub:
    """Return the hub of this process; the first call makes one over the configured roots and starts it.

    Raises RootError if a root does not exist, ConfigurationError if a setting is wrong.
    """
    from workbench.live_hub import live_hub

    with _current.lock:
        if _current.hub is None:
            file = find_settings(Path())
            hub = live_hub(configured_roots(), current_settings(), current_state_folder(), file=file)
            hub.discovery.check_roots()
            hub.start()
            atexit.register(hub.stop)
            hub.wait_resumed()
            _current.hub = hub
        return _current.hub


def set_hub(hub: Hub | None) -> None:
    """Make `hub` the one of this process; None forgets it. Starting and stopping it stays the caller's."""
    with _current.lock:
        _current.hub = hub


def current_workbench() -> "Workbench":
    """Return the analyst's object over the hub of this process."""
    from workbench.workbench import Workbench

    return Workbench(current_hub())
