"""The last known fleet, kept whole so that the next start can show it at once and reconcile behind."""

import logging
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final

from workbench import __version__
from workbench.files import replacement
from workbench.fleet.snapshot import Snapshot

logger = logging.getLogger(__name__)

LAST_FLEET_FILE: Final = "last-fleet.pickle"
_SAFE_MODULES: Final = ("workbench.fleet.",)
_SAFE_NAMES: Final = frozenset(
    {
        ("builtins", "frozenset"),
        ("builtins", "set"),
        ("collections", "OrderedDict"),
        ("datetime", "date"),
        ("datetime", "datetime"),
        ("datetime", "time"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
    }
)


GoesOn = Callable[[], bool]
"""Whether what takes long is still wanted; asked every few milliseconds."""


def _always() -> bool:
    return True


class _GivenUp(Exception):
    """Nobody wants it any more."""


class _Watched:
    """A file of which every part is read or written only while somebody wants it."""

    def __init__(self, file: IO[bytes], goes_on: GoesOn) -> None:
        self._file = file
        self._goes_on = goes_on

    def _ask(self) -> IO[bytes]:
        if not self._goes_on():
            raise _GivenUp
        return self._file

    def write(self, data: bytes) -> int:
        return self._ask().write(data)

    def read(self, size: int = -1) -> bytes:
        return self._ask().read(size)

    def readline(self) -> bytes:
        return self._ask().readline()


class _Unpickler(pickle.Unpickler):
    """Reads values of the domain and nothing that could run other code."""

    def find_class(self, module: str, name: str) -> Any:
        """Return a class that may stand in the file; raise UnpicklingError for any other."""
        if (module.startswith(_SAFE_MODULES) and "." not in name) or (module, name) in _SAFE_NAMES:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} does not belong into a fleet")


class LastFleet:
    """The file of the last known fleet in a state folder.

    `key` names what the fleet was read from and judged by (roots, scope, plan): a fleet of another key is
    not taken up.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self.path = folder / LAST_FLEET_FILE
        self._key = f"{__version__} {key}"

    def save(self, snapshot: Snapshot, identities: dict[str, Any], goes_on: GoesOn = _always) -> bool:
        """Keep a snapshot and the identities of its files; False if that was given up, and what was kept before stays.

        A failure is logged: the file is only a convenience.
        """
        try:
            with replacement(self.path) as file:
                content = self._key, snapshot.state(), identities
                pickle.Pickler(_Watched(file, goes_on), pickle.HIGHEST_PROTOCOL).dump(content)
        except _GivenUp:
            return False
        except OSError as error:
            logger.warning("the last known fleet could not be kept: %s", error)
            return False
        return True

    def load(self, goes_on: GoesOn = _always) -> tuple[Snapshot, dict[str, Any]] | None:
        """Return the fleet that was kept, and its files' identities; None if none fits, or that was given up."""
        try:
            with self.path.open("rb") as file:
                key, state, identities = _Unpickler(_Watched(file, goes_on)).load()
            return (Snapshot.from_state(state), identities) if key == self._key else None
        except (FileNotFoundError, _GivenUp):
            return None
        except Exception as error:  # noqa: BLE001 - whatever a damaged file does, the fleet can be read again
            logger.warning("the last known fleet cannot be read and is left out: %s", error)
            return None
