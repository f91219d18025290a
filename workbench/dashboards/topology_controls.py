"""What is asked of the slot graph: the controls of the topology page, and the words for them in its URL."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import panel as pn

from workbench.dashboards.address import Address
from workbench.dashboards.coloring import COLORINGS
from workbench.dashboards.graph_marks import HIGHLIGHTS
from workbench.dashboards.panes import column, control, search_box, type_in
from workbench.dashboards.registry import classes
from workbench.dashboards.slot_view import (
    DEFAULT_EDGES,
    DEFAULT_NODES,
    FOCUSED,
    MODES,
    SlotView,
    nearest_names,
    node_named,
    usual_mode,
)
from workbench.fleet.graph import EDGE_TYPES, NODE_TYPES
from workbench.fleet.snapshot import Snapshot

MOST_HOPS: Final = 6
EVERY_CLASS: Final = "every class"
_DEPTHS: Final[Mapping[str, int]] = {"any": 0, **{str(n): n for n in range(1, MOST_HOPS + 1)}}


class TopologyControls:
    """Filters, the way of looking, colour and highlight. `on_change` is called with whether a link should keep it."""

    def __init__(self, snapshot: Snapshot, on_change: Callable[[bool], None], *, is_live: bool = True) -> None:
        self._on_change = on_change
        self._is_setting = False
        self._usual_mode = usual_mode(snapshot)
        self._add_filters()
        self._add_focus()
        # What is not kept with a revision colours no revision.
        colorings = {item.words: key for key, item in COLORINGS.items() if is_live or not item.is_live}
        self.coloring = _select("Colour by", colorings)
        self.highlight = _select("Highlight", {words: key for key, words in HIGHLIGHTS.items()})
        for widget in self._widgets():
            widget.param.watch(self._changed, "value")
        self.name.param.watch(self._changed, "value_input")
        self.follow(snapshot)

    def _add_filters(self) -> None:
        self.name = search_box("Name or path", "part, or folder/", 170)
        self.classes = control(pn.widgets.Select, "Class", options=[EVERY_CLASS], width=150)
        nodes, edges = list(NODE_TYPES), list(EDGE_TYPES)
        self.node_types = control(pn.widgets.CheckButtonGroup, "Node types", options=nodes, value=[*DEFAULT_NODES])
        self.edge_types = control(pn.widgets.CheckButtonGroup, "Edge types", options=edges, value=[*DEFAULT_EDGES])

    def _add_focus(self) -> None:
        self.mode = _select("Show", {words: key for key, words in MODES.items()}, 230)
        self.mode.value = self._usual_mode
        words = "crate, port or node"
        self.focus = control(pn.widgets.TextInput, "From", placeholder=words, width=200)
        self.target = control(pn.widgets.TextInput, "To", placeholder=words, width=200)
        self.hops = control(pn.widgets.Select, "Depth", options=dict(_DEPTHS), width=80)

    def read(self, address: Address, snapshot: Snapshot) -> None:
        """Set all controls to what an address says; `on_change` hears nothing of it."""
        self._is_setting = True
        try:
            self._read_filters(address, snapshot)
            self._read_focus(address)
            self.coloring.value = address.choice("colour", self.coloring.values, "class")
            self.highlight.value = address.choice("highlight", HIGHLIGHTS)
        finally:
            self._is_setting = False
        self.follow(snapshot)

    def _read_filters(self, address: Address, snapshot: Snapshot) -> None:
        type_in(self.name, address.text("q"))
        found = classes(snapshot)
        self.classes.param.update(options=[EVERY_CLASS, *found], value=address.choice("class", found) or EVERY_CLASS)
        self.node_types.value = address.choices("nodes", NODE_TYPES, DEFAULT_NODES)
        self.edge_types.value = address.choices("edges", EDGE_TYPES, DEFAULT_EDGES)

    def _read_focus(self, address: Address) -> None:
        hops = address.number("hops", 0, MOST_HOPS, 0) or 0
        node = address.text("node")
        # A link to a node alone leads to its surroundings where the whole is too large to find it.
        is_near = "mode" not in address.query and bool(hops or (node and self._usual_mode != "all"))
        self.mode.value = address.choice("mode", MODES, "around" if is_near else self._usual_mode)
        self.focus.value = address.text("focus") or (node if is_near else "")
        self.target.value = address.text("to")
        self.hops.value = hops or (1 if is_near else 0)

    def _widgets(self) -> Iterator[Any]:
        yield from (self.name, self.mode, self.focus, self.target, self.hops, self.classes)
        yield from (self.coloring, self.highlight, self.node_types, self.edge_types)

    def layout(self, *extra: Any) -> pn.Column:
        """Return the controls as a row that wraps, with further parts before the types."""
        questions = (self.mode, self.focus, self.target, self.hops, self.name, self.classes)
        return column(
            "filters", *questions, self.coloring, self.highlight, *extra, self.node_types, self.edge_types
        )  # fmt: skip

    def follow(self, snapshot: Snapshot) -> None:
        """Offer the classes that the fleet has now, and what the way of looking needs."""
        found = classes(snapshot)
        known = {EVERY_CLASS, *found, self.classes.value}
        options = [EVERY_CLASS, *sorted(known - {EVERY_CLASS})]
        if self.classes.options != options:
            self.classes.options = options
        mode = self.mode.value
        self.focus.visible = mode in FOCUSED
        self.target.visible = mode == "path"
        self.hops.visible = mode in FOCUSED and mode != "path"

    def view(self, snapshot: Snapshot) -> SlotView:
        """Return what is asked."""
        mode = self.mode.value
        is_focused = mode in FOCUSED
        return SlotView(
            tuple(self.node_types.value), tuple(self.edge_types.value), (self.name.value_input or "").strip(), mode,
            node_named(self.focus.value, snapshot) if is_focused else "",
            self.hops.value if is_focused and mode != "path" else 0,
            node_named(self.target.value, snapshot) if mode == "path" else "",
            "" if self.classes.value == EVERY_CLASS else self.classes.value,
        )  # fmt: skip

    def trouble(self, snapshot: Snapshot) -> str:
        """Return what is wrong with the ends that are asked for, or what they lack; empty if nothing is."""
        if self.mode.value not in FOCUSED:
            return ""
        ends = [self.focus.value, self.target.value] if self.mode.value == "path" else [self.focus.value]
        for text in ends:
            if text.strip() and not node_named(text, snapshot):
                nearest = ", ".join(nearest_names(text, snapshot))
                return f'no node is called "{text}"' + (f"; near are {nearest}" if nearest else "")
        missing = sum(not text.strip() for text in ends)
        return ("", "name a node or select one", "name two nodes or select them, one after the other")[missing]

    def take(self, node: str) -> bool:
        """Fill an end that is wanted and still empty with a node that was selected; return whether there was one."""
        if self.mode.value not in FOCUSED:
            return False
        ends = (self.focus, self.target) if self.mode.value == "path" else (self.focus,)
        if any(end.value == node for end in ends):
            return False
        empty = next((end for end in ends if not end.value.strip()), None)
        if empty is not None:
            self._is_setting = True
            empty.value = node
            self._is_setting = False
        return empty is not None

    def query(self) -> dict[str, str | int | None]:
        """Return the words of the URL for what is asked; what is as usual is empty."""
        mode = self.mode.value
        nodes, edges = tuple(self.node_types.value), set(self.edge_types.value)
        return {
            "q": (self.name.value_input or "").strip(),
            "mode": "" if mode == self._usual_mode else mode,
            "focus": self.focus.value.strip() if mode in FOCUSED else "",
            "to": self.target.value.strip() if mode == "path" else "",
            "hops": (self.hops.value or None) if mode in FOCUSED and mode != "path" else None,
            "class": "" if self.classes.value == EVERY_CLASS else self.classes.value,
            "colour": "" if self.coloring.value == "class" else self.coloring.value,
            "highlight": self.highlight.value,
            "nodes": "" if nodes == DEFAULT_NODES else ",".join(nodes) or "none",
            "edges": "" if edges == set(DEFAULT_EDGES) else ",".join(t for t in EDGE_TYPES if t in edges) or "none",
        }

    def _changed(self, event: Any) -> None:
        if self._is_setting:
            return
        if event.obj is self.mode and event.new == "around" and not self.hops.value:
            self._is_setting = True
            self.hops.value = 1
            self._is_setting = False
        self._on_change(event.name == "value")


def _select(label: str, options: dict[str, str], width: int = 140) -> Any:
    return control(pn.widgets.Select, label, options=options, width=width)
