"""The last known fleet, kept whole so that the next start can show it at once and reconcile behind."""

import io
import logging
import pickle
from pathlib import Path
from typing import Any, Final

from workbench import __version__
from workbench.files import replace_file
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

    def save(self, snapshot: Snapshot, identities: dict[str, Any]) -> None:
        """Keep a snapshot and the identities of its files. A failure is logged: the file is only a convenience."""
        content = pickle.dumps((self._key, snapshot.state(), identities), protocol=pickle.HIGHEST_PROTOCOL)
        try:
            replace_file(self.path, content)
        except OSError as error:
            logger.warning("the last known fleet could not be kept: %s", error)

    def load(self) -> tuple[Snapshot, dict[str, Any]] | None:
        """Return the fleet that was kept, and its files' identities; None if there is none that fits."""
        try:
            key, state, identities = _Unpickler(io.BytesIO(self.path.read_bytes())).load()
            return (Snapshot.from_state(state), identities) if key == self._key else None
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - whatever a damaged file does, the fleet can be read again
            logger.warning("the last known fleet cannot be read and is left out: %s", error)
            return None
