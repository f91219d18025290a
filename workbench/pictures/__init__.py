"""Pictures for notebooks and reports: still ones, drawn without a browser, and the same interactive."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.errors import ConfigurationError, InvalidRequest
from workbench.fleet.analysis.reach import Direction
from workbench.pictures.picture import Picture

if TYPE_CHECKING:
    from workbench.workbench import Workbench

__all__ = ["Picture", "Pictures"]


class Pictures:
    """The pictures of a workbench. Each shows itself in a notebook, and is saved with `save("name.svg")`.

    `.interactive()` is the same picture with tooltips and zoom. Neither follows the fleet: the pages (`wb.pages`) do.
    """

    def __init__(self, wb: "Workbench") -> None:
        """Raise ConfigurationError if matplotlib is not there, which draws the pictures."""
        self._wb = wb
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            raise ConfigurationError(
                "pictures are drawn by matplotlib, which is not installed: pip install 'ctas7-workbench[pictures]'"
            ) from None

    def port_map(self) -> Picture:
        """Return every port of the plan and every port spoken of, by block, in the colours of the ports page."""
        from workbench.pictures.ports import port_map_picture

        return port_map_picture(self._wb.snapshot, self._wb.assignments)

    def topology(self, *names: str, hops: int = 1) -> Picture:
        """Return the crates in layers, each leaning to the right; with names, only what is within `hops` of these.

        Raises UnknownCrate with the nearest names.
        """
        from workbench.dashboards.charts.crate_map import topology_map
        from workbench.pictures.crate_map import map_picture

        return map_picture(topology_map(self._wb.snapshot, names, hops))

    def blast_radius(self, name: str, direction: Direction = "up", depth: int | None = None) -> Picture:
        """Return what a failure reaches, in layers, coloured by its impact. Raises as `wb.blast_radius` does."""
        from workbench.dashboards.charts.crate_map import blast_radius_map
        from workbench.pictures.crate_map import map_picture

        return map_picture(blast_radius_map(self._wb.snapshot, name, direction, depth))

    def seen_and_declared(self, unseen: bool = True) -> Picture:
        """Return what the Neural Mux sees laid over what is declared; without `unseen`, only what it sees."""
        from workbench.dashboards.charts.merged_map import merged_map
        from workbench.pictures.crate_map import map_picture

        return map_picture(merged_map(self._wb.vitals.merged(), unseen))

    def health(self, *names: str, hours: float = 24.0, until: float | None = None) -> Picture:
        """Return the health of crates in the hours up to a moment (seconds since the epoch; None: now).

        Without names, of all crates of which anything was seen, those that were there least first. Raises UnknownCrate,
        and InvalidRequest unless `hours` is above 0.
        """
        from workbench.dashboards.charts.health_rows import health_rows
        from workbench.pictures.health import health_picture

        if not hours > 0:
            raise InvalidRequest(f"a time above 0 hours can be shown, not {hours:g}")
        end = time.time() if until is None else until
        return health_picture(health_rows(self._wb.vitals.turns(*names), end - hours * 3600, end))

    def findings(self, by: str = "kind") -> Picture:
        """Return the number of findings by `kind`, by `block` of the port plan, or by `class`, stacked by severity.

        Raises InvalidRequest for anything else.
        """
        from workbench.pictures.findings import findings_picture

        return findings_picture(self._wb.snapshot, by)

    def qa_thresholds(self) -> Picture:
        """Return the quality thresholds of the crates, and how many set them: limits, never measurements."""
        from workbench.pictures.thresholds import thresholds_picture

        return thresholds_picture(self._wb.snapshot)

    def dependency_matrix(self, *names: str, most: int = 40, without: Iterable[str] = ()) -> Picture:
        """Return how many dependencies each two crates have in common, as `wb.shared_dependencies` answers it.

        Dependencies named in `without` do not count. Raises UnknownCrate with the nearest names.
        """
        from workbench.pictures.matrix import matrix_picture

        return matrix_picture(self._wb.snapshot, names, most, without)
