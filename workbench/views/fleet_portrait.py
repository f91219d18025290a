"""How a `Workbench` shows itself: its figures in one line, and as a table in a notebook."""

from html import escape

from workbench.backings.backing import Backing
from workbench.errors import WorkbenchError
from workbench.fleet.wire import iso


class FleetPortrait:
    """The representations of a fleet; each is of one revision."""

    _backing: Backing

    def __repr__(self) -> str:
        try:
            head = self._backing.head
        except WorkbenchError as error:  # a server may be gone, and nobody can look at what has no representation
            return f"<Workbench at {self._backing.place}: {error.message}>"
        figures = head.summary
        return (
            f"<Workbench revision {head.revision}: {figures['crates']} crates, {figures['ports_owned']} owned ports, "
            f"{figures['errors']} errors, {figures['warnings']} warnings>"
        )

    def _repr_html_(self) -> str:
        try:
            head = self._backing.head
        except WorkbenchError:
            return escape(repr(self))
        figures = head.summary
        cells = "".join(
            f"<td style='padding:4px 14px 4px 0'><b>{figures[key]}</b><br><small>{label}</small></td>"
            for key, label in (
                ("crates", "crates"),
                ("ports_owned", "owned ports"),
                ("collisions", "collisions"),
                ("errors", "errors"),
                ("warnings", "warnings"),
            )
        )
        return (
            f"<div><b>Crate Workbench</b> · revision {head.revision} · {iso(head.taken_at)}"
            f"<table><tr>{cells}</tr></table></div>"
        )
