"""Pictures for notebooks and reports, drawn without a browser and saved as PNG or SVG."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.errors import ConfigurationError
from workbench.fleet.analysis.reach import Direction
from workbench.pictures.picture import Picture

if TYPE_CHECKING:
    from workbench.workbench import Workbench

__all__ = ["Picture", "Pictures"]


class Pictures:
    """The pictures of a workbench. Each shows itself in a notebook, and is saved with `save("name.svg")`.

    They stand still; the pages (`wb.pages`) show the same fleet live and interactive.
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
        from workbench.pictures.topology import topology_picture

        return topology_picture(self._wb.snapshot, names, hops)

    def blast_radius(self, name: str, direction: Direction = "up", depth: int | None = None) -> Picture:
        """Return what a failure reaches, in layers, coloured by its impact. Raises as `wb.blast_radius` does."""
        from workbench.pictures.topology import blast_radius_picture

        return blast_radius_picture(self._wb.snapshot, name, direction, depth)

    def findings(self, by: str = "kind") -> Picture:
        """Return the number of findings by `kind`, by `block` of the port plan, or by `class`, stacked by severity.

        Raises InvalidRequest for anything else.
        """
        from workbench.pictures.findings import findings_picture

        return findings_picture(self._wb.snapshot, by)

    def qa_thresholds(self) -> Picture:
        """Return the quality thresholds that crates set themselves; they are limits, never measurements."""
        from workbench.pictures.thresholds import thresholds_picture

        return thresholds_picture(self._wb.snapshot)

    def dependency_matrix(self, *names: str, most: int = 40, without: Iterable[str] = ()) -> Picture:
        """Return how many dependencies each two crates have in common, as `wb.shared_dependencies` answers it.

        Dependencies named in `without` do not count. Raises UnknownCrate with the nearest names.
        """
        from workbench.pictures.matrix import matrix_picture

        return matrix_picture(self._wb.snapshot, names, most, without)
