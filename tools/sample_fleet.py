"""Build hook: put the sample fleet into the wheel.

``workbench serve --demo`` must work from an installed wheel, so the wheel carries ``data/fleet`` inside the package. An
editable installation must not: there the package reads the checkout's own ``data/fleet``, and a copy would go stale.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIED = {"data/fleet": "workbench/_sample/fleet", "data/demo": "workbench/_sample/demo"}


class SampleFleetHook(BuildHookInterface[Any]):
    """Adds the sample fleet to a standard wheel, whatever the ignore rules say of folders named like its own."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the sample fleet for inclusion; ``version`` is ``standard`` or ``editable``."""
        if version == "standard":
            for folder, target in CARRIED.items():
                source = Path(self.root, folder)
                if not source.is_dir():
                    raise FileNotFoundError(f"{source}: it is missing, and a wheel must carry it for the demonstration")
                build_data["force_include"][str(source)] = target
