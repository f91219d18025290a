"""Build hook: put the sample fleet into the wheel.

``workbench serve --demo`` must work from an installed wheel, so the wheel carries ``data/fleet`` inside the package. An
editable installation must not: there the package reads the checkout's own ``data/fleet``, and a copy would go stale.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "data/fleet"
TARGET = "workbench/_sample/fleet"


class SampleFleetHook(BuildHookInterface[Any]):
    """Adds the sample fleet to a standard wheel, whatever the ignore rules say of folders named like its own."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the sample fleet for inclusion; ``version`` is ``standard`` or ``editable``."""
        if version == "standard":
            source = Path(self.root, SOURCE)
            if not source.is_dir():
                raise FileNotFoundError(f"{source}: the sample fleet is missing, and a wheel must carry it")
            build_data["force_include"][str(source)] = TARGET
