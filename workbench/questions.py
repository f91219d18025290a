"""The questions that an analyst asks the slot graph; docs/analysis.md defines each, with an example."""

from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from workbench.fleet.snapshot import Snapshot
from workbench.progress import step_bar
from workbench.views.answer import AnswerView

if TYPE_CHECKING:
    from workbench.fleet.analysis.centrality import Centrality
    from workbench.fleet.analysis.change import ChangeImpact
    from workbench.fleet.analysis.circles import Cycles
    from workbench.fleet.analysis.communities import Communities
    from workbench.fleet.analysis.cut_points import CutPoints
    from workbench.fleet.analysis.failure import Failure
    from workbench.fleet.analysis.layers import Layers
    from workbench.fleet.analysis.leans import LeanType
    from workbench.fleet.analysis.orphans import Orphans
    from workbench.fleet.analysis.reach import BlastRadius, Direction
    from workbench.fleet.analysis.sharing import SharedDependencies
    from workbench.fleet.analysis.twins import TwinCrates
    from workbench.fleet.analysis.ways import Through, Ways
    from workbench.fleet.whatif import Change

# Each question imports its own algorithm, so that a workbench that asks none starts without them.


class Questions:
    """Questions to the newest revision. Each answer shows itself, and has `.frame`, `.graph` and `.explanation`."""

    @property
    @abstractmethod
    def snapshot(self) -> Snapshot:
        """The newest complete revision of the fleet."""

    def blast_radius(
        self,
        name: str,
        direction: "Direction" = "up",
        depth: int | None = None,
        weights: "Mapping[LeanType, float] | None" = None,
    ) -> "AnswerView[BlastRadius]":
        """Return whom a crate's failure hits (`up`), or what it needs (`down`), with depth and impact.

        Raises UnknownCrate with the nearest names, and InvalidRequest for a depth below 1 or a weight outside 0 to 1.
        """
        from workbench.fleet.analysis.reach import blast_radius

        snapshot = self.snapshot
        return AnswerView(blast_radius(snapshot, name, direction, depth, weights), snapshot)

    def paths(
        self, source: str, target: str, k: int = 3, directed: bool = True, through: "Through" = "crates"
    ) -> "AnswerView[Ways]":
        """Return the `k` shortest ways between two crates, or through `everything` between any nodes, line by line.

        Raises UnknownCrate or NotFound with the nearest names, NoPath, and InvalidRequest for `k` outside 1 to 100.
        """
        from workbench.fleet.analysis.ways import ways

        snapshot = self.snapshot
        return AnswerView(ways(snapshot, source, target, k, directed, through), snapshot)

    def cycles(self) -> "AnswerView[Cycles]":
        """Return the dependency cycles: one shortest circle for each strongly connected component."""
        from workbench.fleet.analysis.circles import cycles

        snapshot = self.snapshot
        return AnswerView(cycles(snapshot), snapshot)

    def cut_points(self, without: Iterable[str] = ()) -> "AnswerView[CutPoints]":
        """Return the articulation points and bridges, with how many crates each parts from the rest.

        Leave out a foundation that joins everything with `without=["foundation-core"]`. Raises UnknownCrate.
        """
        from workbench.fleet.analysis.cut_points import cut_points

        snapshot = self.snapshot
        return AnswerView(cut_points(snapshot, without), snapshot)

    def layers(self) -> "AnswerView[Layers]":
        """Return the crates in topological order, in layers; each cycle stands as one."""
        from workbench.fleet.analysis.layers import layers

        snapshot = self.snapshot
        return AnswerView(layers(snapshot), snapshot)

    def centrality(self, pivots: int | None = None) -> "AnswerView[Centrality]":
        """Return degree, betweenness and PageRank of each crate; in large fleets betweenness is estimated."""
        from workbench.fleet.analysis.centrality import centrality

        snapshot = self.snapshot
        with step_bar("betweenness") as progress:
            return AnswerView(centrality(snapshot, pivots, progress), snapshot)

    def communities(self, resolution: float = 1.0, without: Iterable[str] = ()) -> "AnswerView[Communities]":
        """Return groups of crates that have more to do with each other than with the rest.

        A higher resolution makes more of them; `without` leaves crates out, as in `cut_points`. Raises UnknownCrate.
        """
        from workbench.fleet.analysis.communities import communities

        snapshot = self.snapshot
        return AnswerView(communities(snapshot, resolution, without), snapshot)

    def orphans(self) -> "AnswerView[Orphans]":
        """Return the crates that nothing leans on, with the reason."""
        from workbench.fleet.analysis.orphans import orphans

        snapshot = self.snapshot
        return AnswerView(orphans(snapshot), snapshot)

    def twins(self, least: float = 0.5) -> "AnswerView[TwinCrates]":
        """Return duplicates and candidates for a merge: pairs that are alike by named rules, with scores."""
        from workbench.fleet.analysis.twins import twins

        snapshot = self.snapshot
        return AnswerView(twins(snapshot, least), snapshot)

    def shared_dependencies(self, *names: str, most: int = 40) -> "AnswerView[SharedDependencies]":
        """Return how many dependencies each two crates have in common: those named, else the `most` that have most.

        Raises UnknownCrate with the nearest names.
        """
        from workbench.fleet.analysis.sharing import shared_dependencies

        snapshot = self.snapshot
        return AnswerView(shared_dependencies(snapshot, *names, most=most), snapshot)

    def simulate_failure(self, *names: str, weights: "Mapping[LeanType, float] | None" = None) -> "AnswerView[Failure]":
        """Return what happens if these crates fail at once: who is hit, what breaks, who could stand in, what is left.

        Raises UnknownCrate with the nearest names.
        """
        from workbench.fleet.analysis.failure import simulate_failure

        snapshot = self.snapshot
        return AnswerView(simulate_failure(snapshot, *names, weights=weights), snapshot)

    def simulate_change(self, *changes: "Change") -> "AnswerView[ChangeImpact]":
        """Return what changes do to the graph; they are those of `plan`, which tells what they do to the findings.

        Raises what `plan` raises. Nothing is written.
        """
        from workbench.fleet.analysis.change import simulate_change

        snapshot = self.snapshot
        return AnswerView(simulate_change(snapshot, *changes), snapshot)
