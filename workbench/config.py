"""Where things are: the sample fleet, the state folder, and the defaults of the server."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

SETTINGS_FILE: Final = "workbench.toml"
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 15180
DEFAULT_WS_PORT: Final = 15181
DEFAULT_MUX_PORT: Final = 18100
DEFAULT_JOBS: Final = 2

_CHECKOUT: Final = Path(__file__).resolve().parent.parent
_SAMPLE: Final = Path(__file__).resolve().parent / "_sample"


def is_checkout() -> bool:
    """Whether the package runs from a checkout of its repository rather than from an installed wheel."""
    return (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / "data" / "fleet").is_dir()


def sample_fleet() -> Path:
    """Return the directory of the sample fleet: `data/fleet` of a checkout, else the copy inside the package."""
    if is_checkout():
        return _CHECKOUT / "data" / "fleet"
    return _SAMPLE / "fleet"


def sample_settings() -> Path:
    """Return the settings with which the demonstration deploys: those in `data/demo`, else the copy in the package."""
    if is_checkout():
        return _CHECKOUT / "data" / "demo" / SETTINGS_FILE
    return _SAMPLE / "demo" / SETTINGS_FILE


@contextmanager
def demo_folder() -> Iterator[Path]:
    """Give a temporary state folder for a demonstration, and remove it afterwards."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="workbench-demo-") as folder:
        yield Path(folder)


def state_folder(given: Path | None = None) -> Path:
    """Return the folder for the workbench's own state.

    In order: `given`, `WORKBENCH_STATE`, `data/state` of a checkout, the user's data directory.
    """
    if given is not None:
        return given
    if configured := os.environ.get("WORKBENCH_STATE"):
        return Path(configured)
    if is_checkout():
        return _CHECKOUT / "data" / "state"
    import platformdirs

    return Path(platformdirs.user_data_dir("crate-workbench", appauthor=False))


def find_settings(start: Path) -> Path | None:
    """Return the nearest `workbench.toml` in a directory or above it; None if there is none."""
    start = start.absolute()
    return next((p for d in (start, *start.parents) if (p := d / SETTINGS_FILE).is_file()), None)


def has_variables() -> bool:
    """Whether the environment may hold settings."""
    return any(name.startswith("WORKBENCH_") for name in os.environ)
