"""The cells of the port map and the findings beside it."""

from collections import Counter

from workbench import Workbench
from workbench.dashboards.findings_frame import FindingFilter, matching_findings, port_findings
from workbench.dashboards.port_map import ROW_LENGTH, port_map, port_state, top_blocks
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest
from workbench.fleet.plan import Block, PortPlan
from workbench.fleet.snapshot import Snapshot


def test_every_port_of_a_block_has_one_cell(snapshot: Snapshot) -> None:
    cells = port_map(snapshot).cells
    counts = Counter(cell.port for cell in cells)
    assert max(counts.values()) == 1
    assert all(counts[port] for block in snapshot.plan.blocks for port in range(block.first, block.last + 1))
    assert all(counts[port] for port in snapshot.at_port)


def test_no_two_cells_share_a_place(snapshot: Snapshot) -> None:
    drawing = port_map(snapshot)
    places = Counter((cell.column, cell.row) for cell in drawing.cells)
    assert max(places.values()) == 1
    assert all(cell.column < ROW_LENGTH and cell.row < drawing.rows for cell in drawing.cells)
    assert not {heading.row for heading in drawing.headings} & {cell.row for cell in drawing.cells}


def test_states(snapshot: Snapshot) -> None:
    expected = {
        18020: "owned", 18430: "conflict", 3000: "conflict", 18104: "reference", 50788: "sister",
        18111: "reserved", 18150: "decoy", 18151: "conflict", 18002: "free", 18122: "sister",
    }  # fmt: skip
    assert {port: port_state(port, snapshot) for port in expected} == expected


def test_an_assigned_port_shows_until_a_manifest_owns_it(snapshot: Snapshot) -> None:
    holders = frozenset({(18002, "storm-tracker"), (18020, "storm-tracker"), (9100, "storm-tracker")})
    cells = {cell.port: cell for cell in port_map(snapshot, holders).cells}
    assert (cells[18002].state, cells[18002].owner) == ("assigned", "storm-tracker")
    assert cells[18020].state == "owned"
    assert (cells[9100].state, cells[9100].block) == ("assigned", "outside every block")
    assert port_map(snapshot, holders) is port_map(snapshot, holders) is not port_map(snapshot)


def test_a_cell_tells_owner_block_and_reason(snapshot: Snapshot) -> None:
    cell = next(cell for cell in port_map(snapshot).cells if cell.port == 18123)
    assert (cell.owner, cell.block) == ("sx9-pass-planner", "Orbital")
    assert cell.labels
    assert cell.reason


def test_blocks_within_blocks_are_drawn_within_them() -> None:
    outer, inner = Block("outer", 100, 199), Block("inner", 120, 139)
    assert list(top_blocks([inner, outer])) == [outer]


def test_a_huge_block_shows_only_the_rows_in_use() -> None:
    snapshot = Snapshot(PortPlan(blocks=(Block("huge", 10000, 29999),), reserved={}, decoys=frozenset(), mirrors={}))
    snapshot = snapshot.apply(
        {"a/smart-crate.toml": _manifest("a", 10007), "b/smart-crate.toml": _manifest("b", 20000)}
    )
    drawing = port_map(snapshot)
    assert sum(cell.block == "huge" for cell in drawing.cells) == 2 * ROW_LENGTH
    assert "998 empty rows left out" in drawing.headings[0].note


def test_a_long_strip_is_cut_and_says_so() -> None:
    plan = PortPlan(blocks=(), reserved={}, decoys=frozenset(), mirrors={})
    fleet = {f"c{n}/smart-crate.toml": _manifest(f"c{n}", 1100 + n) for n in range(500)}
    drawing = port_map(Snapshot(plan).apply(fleet))
    assert drawing.headings[0].note == "showing 400 of 500 spoken of, conflicts first"
    assert sum(cell.state == "owned" for cell in drawing.cells) == 400


def _manifest(name: str, port: int) -> Manifest:
    text = f'[smart-crate]\nname = "{name}"\nversion = "1.0.0"\n[ports]\nhttp = {port}\n'
    return parse_manifest(f"{name}/smart-crate.toml", text.encode())


def test_findings_are_filtered(sample: Workbench) -> None:
    frame = port_findings(sample.snapshot)
    errors = matching_findings(frame, FindingFilter(severity="error"))
    assert set(errors["severity"]) == {"error"}
    assert list(matching_findings(frame, FindingFilter(kind="decoy-port"))["first_port"]) == [18151]
    assert matching_findings(frame, FindingFilter("error", "outside-block")).empty
    assert frame.index.is_unique
