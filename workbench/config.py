"""Where things are: the sample fleet, the state folder, and the defaults of the server."""

import os
import tempfile
from importlib import resources
from pathlib import Path
from typing import Final

import platformdirs

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 15180
DEFAULT_WS_PORT: Final = 15181

_CHECKOUT: Final = Path(__file__).resolve().parent.parent


def is_checkout() -> bool:
    """Whether the package runs from a checkout of its repository rather than from an installed wheel."""
    return (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "data" / "fleet").is_dir()


def sample_fleet() -> Path:
    """Return the directory of the sample fleet: `data/fleet` of a checkout, else the copy inside the package."""
    if is_checkout():
        return _CHECKOUT / "data" / "fleet"
    return Path(str(resources.files("workbench") / "_sample" / "fleet"))


def state_folder(given: Path | None = None, *, demo: bool = False) -> Path:
    """Return the folder for the workbench's own state.

    In order: `given`, a temporary folder for a demonstration, `WORKBENCH_STATE`, `data/state` of a checkout,
    the user's data directory.
    """
    if given is not None:
        return given
    if demo:
        return Path(tempfile.mkdtemp(prefix="workbench-demo-"))
    if configured := os.environ.get("WORKBENCH_STATE"):
        return Path(configured)
    if is_checkout():
        return _CHECKOUT / "data" / "state"
    return Path(platformdirs.user_data_dir("crate-workbench", appauthor=False))
