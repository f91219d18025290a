"""The findings that the settings accept: counted always, listed with their reasons when asked for."""

from collections.abc import Callable
from typing import Final

import pandas as pd

from workbench.dashboards.findings_frame import finding_key
from workbench.dashboards.live_table import LiveTable, TableColumn
from workbench.dashboards.panes import check_box, column
from workbench.dashboards.table_view import TableView
from workbench.fleet.model import Finding
from workbench.fleet.snapshot import Snapshot

_COLUMNS: Final = (
    TableColumn("severity", "Severity", 92),
    TableColumn("kind", "Kind", 160),
    TableColumn("ports", "Ports", 108, '<span class="port"><%- value %></span>', has_filter=True),
    TableColumn("message", "What was found", None, has_filter=True, min_width=320),
    TableColumn("reason", "Muted because", None, '<span class="quiet"><%- value %></span>', min_width=260),
)


class MutedFindings:
    """A table of the muted findings about ports, hidden until it is asked for."""

    def __init__(self, on_select: Callable[[Finding], None], view: TableView, on_look: Callable[[], None]) -> None:
        self._on_select = on_select
        self._found: dict[str, Finding] = {}
        self.toggle = check_box("show muted findings", width=180)
        self.toggle.param.watch(lambda _: self._fill(), "value")
        self.table = LiveTable(_COLUMNS, self._selected, page_size=10, view=view, on_look=on_look)
        self.view = column("muted")

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._found)

    @property
    def is_asked_for(self) -> bool:
        """Whether they are to be listed."""
        return bool(self.toggle.value)

    def refresh(self, snapshot: Snapshot) -> None:
        """Take up the muted findings of a snapshot."""
        self._found = {finding_key(item): item for item in snapshot.muted if item.ports}
        self._fill()

    def _fill(self) -> None:
        is_shown = self.is_asked_for and bool(self._found)
        self.toggle.visible = bool(self._found)
        if is_shown:
            rows = [_row(item) for item in self._found.values()]
            frame = pd.DataFrame(rows, columns=[item.name for item in _COLUMNS], index=list(self._found))
            self.table.fill(frame, self.table.selected)
        # A table that is filled while it is hidden stays empty when it is shown.
        parts = [self.table.widget] if is_shown else []
        if list(self.view) != parts:
            self.view[:] = parts

    def _selected(self, key: str | None) -> None:
        if key in self._found:
            self._on_select(self._found[key])


def _row(item: Finding) -> tuple[object, ...]:
    return item.severity, item.kind, " ".join(map(str, item.ports)), item.message, item.muted
