"""What-if: changes made on the texts in memory, and what they would bring and take away."""

import pytest

from workbench.errors import InvalidPort, InvalidRequest, UnknownBlock, UnknownCrate, UnknownLabel, WorkbenchError
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.whatif import AddCrate, Change, MovePort, RemoveCrate, RenumberBlock, plan_changes

from .conftest import MakeSnapshot

A = "a/smart-crate.toml"


def test_a_move_keeps_comments_and_tells_what_comes_and_goes(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]   # ours\nhttp = 18020 # main", b="[ports]\nhttp = 18020", c="[ports]\na = 18020")
    result = plan_changes(snapshot, [MovePort("a", "http", 18021)])
    assert [item.message for item in result.vanished] == ["port 18020 is owned by a and b"]
    assert [item.message for item in result.appeared] == [
        "b owns port 18020, where c expects a",
        "c expects a on 18020; it declares 18021",
    ]
    text = result.snapshot.records[A].manifest.source.text
    assert text.endswith("[ports]   # ours\nhttp = 18021 # main")
    assert [str(site) for site in result.appeared[1].sites] == ["c/smart-crate.toml:4:1", "a/smart-crate.toml:4:1"]
    assert result.patch() == (
        f'--- a/{A}\n+++ b/{A}\n@@ -1,4 +1,4 @@\n [smart-crate]\n name = "a"\n [ports]   # ours\n'
        "-http = 18020 # main\n+http = 18021 # main\n"
    )
    assert snapshot.records[A].claims[0].port == 18020


def test_references_follow_where_asked(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020", c="[ports]\na = 18020", d="[ports]\na_ws = 50788")
    result = plan_changes(snapshot, [MovePort("a", "http", 18021, references=True)])
    assert (result.appeared, result.vanished) == ((), ())
    assert [(c.crate, c.port) for c in result.snapshot.claims] == [
        ("a", 18021), ("c", 18021), ("a", 50789), ("d", 50789)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("[service]\nports = ['8002', '50051']", "service-0", "[service]\nports = [\"9000\", '50051']"),
        ("[ports]\nhttp = { port = 1, protocol = 'x' }", "http", "[ports]\nhttp = { port = 9000, protocol = 'x' }"),
        ("[ports]\nhttp = 1\nhttp_sister = 2", "http", "[ports]\nhttp = 9000\nhttp_sister = 41768"),
        ("[ports]\nhttp = 8\n[network]\nport = 8 # too", "http", "[ports]\nhttp = 9000\n[network]\nport = 9000 # too"),
        (
            "[ports]\nhttp = 8\n[endpoints]\nhealth = 'http://h:8/x'",
            "http",
            "[ports]\nhttp = 9000\n[endpoints]\nhealth = \"http://h:9000/x\"",
        ),
        ("[ports]\nhttp = 8\nrest = 8\n[network]\nport = 8", "http", "[ports]\nhttp = 9000\nrest = 8\n[network]\nport = 8"),
        ("[ports]\nHTTP = 8", "http", "[ports]\nHTTP = 9000"),
    ],
)  # fmt: skip
def test_a_port_moves_in_the_form_in_which_it_stands(
    snapshot_of: MakeSnapshot, text: str, label: str, expected: str
) -> None:
    result = plan_changes(snapshot_of(a=text), [MovePort("a", label, 9000)])
    assert result.snapshot.records[A].manifest.source.text.split("\n", 2)[2] == expected


def test_a_crate_comes_and_another_goes(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020", b="[ports]\nnew = 18030")
    result = plan_changes(snapshot, [AddCrate("new", {"http": 18020}, dependencies=("a",)), RemoveCrate("a")])
    assert [item.message for item in result.appeared] == [
        'new depends on "a", which is no crate of the fleet',
        "b expects new on 18030; it declares 18020",
    ]
    assert [crate.name for crate in result.snapshot.crates] == ["b", "new"]


def test_a_block_is_renumbered_at_once(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020\nrest = 18021", b="[ports]\na = 18021")
    shifted = plan_changes(snapshot, [RenumberBlock("Foundation and core", offset=1, references=True)])
    assert (shifted.appeared, shifted.vanished) == ((), ())
    assert [(c.label, c.port) for c in shifted.snapshot.claims if c.port < 20000] == [
        ("http", 18021), ("rest", 18022), ("a", 18022)
    ]  # fmt: skip
    moved = plan_changes(snapshot, [RenumberBlock("Foundation and core", first=18100)])
    assert sorted(p for p in moved.snapshot.at_port if p < 20000) == [18021, 18120, 18121, 18122]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (MovePort("atls", "http", 1), UnknownCrate, 'no crate is named "atls"; did you mean atlas?'),
        (MovePort("atlas", "htp", 1), UnknownLabel, 'atlas has no label "htp"; did you mean http?'),
        (MovePort("atlas", "http", 1, was=2), UnknownLabel, 'atlas has no label "http" with port 2; did you mean http?'),
        (MovePort("atlas", "http", 70000), InvalidPort, "a port must be from 1 to 65535, not 70000"),
        (AddCrate("x", {"http": 0}), InvalidPort, "a port must be from 1 to 65535, not 0"),
        (AddCrate("x", path="atlas/smart-crate.toml"), InvalidRequest, "atlas/smart-crate.toml: there is a manifest already"),
        (RemoveCrate("x"), UnknownCrate, 'no crate is named "x"'),
        (RenumberBlock("Gis", offset=1), UnknownBlock, 'no block is named "Gis"'),
        (RenumberBlock("GIS"), InvalidRequest, "give either the offset or the first port of the renumbered block"),
        (RenumberBlock("GIS", offset=60000), InvalidPort, "a port must be from 1 to 65535, not 78400"),
        (MovePort("broken", "http", 1), InvalidRequest, "broken/smart-crate.toml: cannot be edited while it is broken"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(
    snapshot_of: MakeSnapshot, change: Change, error: type[WorkbenchError], message: str
) -> None:
    snapshot = snapshot_of(atlas="[ports]\nhttp = 18400", broken="[ports]\nhttp = 18030")
    path = "broken/smart-crate.toml"
    with pytest.raises(error) as caught:
        plan_changes(snapshot.apply({path: parse_manifest(path, b"[")}), [change])
    assert caught.value.message == message


def test_a_label_that_stands_for_several_ports_needs_its_port(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a='[ports]\nrest = 18020\n[service]\nports = ["18030"]\nprotocols = ["rest"]')
    with pytest.raises(InvalidRequest, match="stands for several ports"):
        plan_changes(snapshot, [MovePort("a", "rest", 18040)])
    result = plan_changes(snapshot, [MovePort("a", "rest", 18040, was=18030)])
    assert [c.port for c in result.snapshot.records[A].claims if not c.derived] == [18020, 18040]
