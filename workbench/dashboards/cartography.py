"""Drawn slices of the slot graph: one layout for each revision and view, kept stable from one to the next."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from workbench.dashboards.layout import Positions, layered
from workbench.dashboards.slot_view import Slice, SlotView, slice_of, usual_mode
from workbench.fleet.snapshot import Snapshot

_KEPT_VIEWS: Final = 64


@dataclass(frozen=True, slots=True)
class Chart:
    """A slice of the slot graph with the place of each node."""

    view: SlotView
    slice: Slice
    positions: Positions


class Cartographer:
    """Makes charts for all sessions. It remembers where nodes stood, so that they stay there in the next revision."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: OrderedDict[SlotView, tuple[int, Chart]] = OrderedDict()

    def known(self, snapshot: Snapshot, view: SlotView) -> Chart | None:
        """Return the chart of a view if it is made already."""
        with self._lock:
            revision, last = self._last.get(view, (-1, None))
        return last if revision == snapshot.revision else None

    def chart(self, snapshot: Snapshot, view: SlotView) -> Chart:
        """Return the chart of a view, computed once for each revision."""
        known = self.known(snapshot, view)
        if known is not None:
            return known
        part = slice_of(snapshot, view)
        edges = [(edge.source, edge.target) for edge in part.edges]
        with self._lock:
            _, last = self._last.get(view, (-1, None))
        chart = Chart(view, part, layered(list(part.nodes), edges, last.positions if last else None))
        with self._lock:
            self._last[view] = snapshot.revision, chart
            self._last.move_to_end(view)
            while len(self._last) > _KEPT_VIEWS:
                self._last.popitem(last=False)
        return chart

    def prepare(self, snapshot: Snapshot) -> None:
        """Make the chart that everybody sees first."""
        self.chart(snapshot, SlotView(mode=usual_mode(snapshot)))
