"""Each finding from the pattern that causes it, and none from its neighbour that does not."""

import pytest

from .conftest import MakeSnapshot

Said = list[tuple[str, str, tuple[str, ...], tuple[int, ...]]]

CASES: list[tuple[str, dict[str, str], Said]] = [
    (
        "two owners",
        {"a": "[ports]\nhttp = 18020", "b": "[ports]\nrest = 18020"},
        [("owner-collision", "port 18020 is owned by a and b", ("a", "b"), (18020,))],
    ),
    ("owner and reference", {"a": "[ports]\nhttp = 18020", "b": "[ports]\na = 18020"}, []),
    (
        "two labels",
        {"a": "[ports]\nhttp = 18020\nrest = 18020"},
        [("duplicate-in-crate", 'a gives port 18020 to "http" and "rest"', ("a",), (18020,))],
    ),
    (
        "a sister meets an owner",
        {"a": "[ports]\nhttp = 18020", "b": "[ports]\nhttp = 50788"},
        [
            ("sister-collision", "port 50788 is the sister of 18020 in a and is also taken by b", ("a", "b"), (50788,)),
            ("sister-overflow", 'port 50788 ("http" of b) has no sister: 50788 + 32768 exceeds 65535', ("b",), (50788,)),
            ("outside-block", 'port 50788 ("http" of b) lies outside every block', ("b",), (50788,)),
            ("ephemeral-port", 'port 50788 ("http" of b) is in the system\'s ephemeral range 32768-60999', ("b",), (50788,)),
        ],
    ),
    (
        "a declared sister that is wrong meets another's sister",
        {"a": "[ports]\nhttp = 18020", "b": "[ports]\nhttp = 18030\nhttp_sister = 50788"},
        [
            ("sister-collision", "port 50788 is the sister of 18020 in a and is also taken by b", ("a", "b"), (50788,)),
            ("sister-mismatch", 'b declares 50788 as "http_sister"; the sister of 18030 is 50798', ("b",), (50788,)),
        ],
    ),
    ("a sister declared right", {"a": "[ports]\nhttp = 18020\nhttp_sister = 50788"}, []),
    (
        "a mirror meets an owner",
        {"a": "[ports]\nhttp = 18120", "b": "[ports]\nhttp = 18121"},
        [("mirror-collision", "port 18121 mirrors 18120 of a, and b owns it", ("a", "b"), (18121,))],
    ),
    (
        "reserved",
        {"a": "[ports]\nhttp = 18108"},
        [("reserved-port", 'port 18108 is reserved, and a owns it as "http"', ("a",), (18108,))],
    ),
    ("reserved for the crate itself", {"sx9_port_manager": "[ports]\nhttp = 18103"}, []),
    (
        "reserved for another",
        {"a": "[ports]\nhttp = 18103"},
        [("reserved-port", 'port 18103 is reserved for port-manager, and a owns it as "http"', ("a",), (18103,))],
    ),
    (
        "decoy",
        {"a": "[ports]\nhttp = 18152"},
        [("decoy-port", 'port 18152 is a decoy, and a owns it as "http"', ("a",), (18152,))],
    ),
    (
        "mismatch, several callers",
        {"a": "[ports]\nc = 18104", "b": "[ports]\nc_api = 18104", "c": "[ports]\nhttp = 18020"},
        [("reference-mismatch", "a and b expect c on 18104; it declares 18020", ("a", "b", "c"), (18104,))],
    ),
    ("a reference to the sister", {"a": "[ports]\nc = 50788", "c": "[ports]\nhttp = 18020"}, []),
    (
        "silent",
        {"a": "[ports]\nc = 18001", "c": ""},
        [("reference-silent", "a expects c on 18001; it declares no port", ("a", "c"), (18001,))],
    ),
    (
        "hijacked",
        {"a": "[ports]\nc = 18001", "c": "", "d": "[ports]\nhttp = 18001"},
        [
            ("reference-hijacked", "d owns port 18001, where a expects c", ("d", "a", "c"), (18001,)),
            ("reference-silent", "a expects c on 18001; it declares no port", ("a", "c"), (18001,)),
        ],
    ),
    (
        "external",
        {"a": "[ports]\ngis_backend = 18400"},
        [
            (
                "reference-external",
                "a expects gis_backend on 18400; no crate of the fleet bears that name",
                ("a",),
                (18400,),
            )
        ],
    ),
    (
        "privileged",
        {"a": "[ports]\nhttps = 443"},
        [
            ("outside-block", 'port 443 ("https" of a) lies outside every block', ("a",), (443,)),
            ("privileged-port", 'port 443 ("https" of a) is privileged', ("a",), (443,)),
        ],
    ),
    (
        "a dependency that is missing",
        {"a": '[dependencies]\nx = "sx9-x"\nnats = "jetstream"'},
        [("unresolved-dependency", 'a depends on "sx9-x", which is no crate of the fleet', ("a",), ())],
    ),
    (
        "a cycle",
        {"a": '[dependencies]\nb = "b"', "b": '[dependencies]\nc = "c"', "c": '[dependencies]\na = "a"'},
        [("dependency-cycle", "dependency cycle: a -> b -> c -> a", ("a", "b", "c"), ())],
    ),
    ("founded on itself", {"a": '[smart-crate]\nname = "a"\nfoundation = "a"'}, []),
    (
        "two of one name",
        {"x": '[smart-crate]\nname = "n"\n[ports]\nhttp = 18020', "y": '[smart-crate]\nname = "n"\n[ports]\nhttp = 18020'},
        [
            (
                "duplicate-crate",
                '2 manifests bear the name "n": x/smart-crate.toml and y/smart-crate.toml',
                ("n",),
                (),
            )
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_findings(snapshot_of: MakeSnapshot, texts: dict[str, str], expected: Said) -> None:
    snapshot = snapshot_of(**texts)
    assert [(f.kind, f.message, f.crates, f.ports) for f in snapshot.findings] == expected
    assert all(item.sites and item.fix and item.explanation for item in snapshot.findings)


def test_every_side_is_named_with_its_line(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020", b="# note\n[ports]\nrest = 18020")
    (item,) = snapshot.findings
    assert [str(site) for site in item.sites] == ["a/smart-crate.toml:4:1", "b/smart-crate.toml:5:1"]
    assert item.fix == "Keep 18020 in a and move b to a free port."


def test_a_block_is_reported_when_it_is_nearly_full_and_when_it_is_full(snapshot_of: MakeSnapshot) -> None:
    def said(count: int) -> list[str]:
        ports = "\n".join(f"p{port} = {port}" for port in range(15180, 15180 + count))
        return [f.message for f in snapshot_of(a=f"[ports]\n{ports}").findings if f.kind == "block-full"]

    assert said(17) == []
    assert said(18) == ["block Command Center (15180-15199) is nearly full: 18 of 20 ports are in use"]
    assert said(20) == ["block Command Center (15180-15199) is full: 20 of 20 ports are in use"]


def test_many_callers_are_counted_in_the_message_and_all_named_in_the_sites(snapshot_of: MakeSnapshot) -> None:
    callers = {f"caller_{n}": "[ports]\nc = 18104" for n in range(5)}
    (item,) = snapshot_of(c="[ports]\nhttp = 18020", **callers).findings
    assert item.message == "5 crates expect c on 18104; it declares 18020"
    assert len(item.sites) == 6


def test_the_patterns_of_a_real_fleet_give_no_false_conflict(snapshot_of: MakeSnapshot) -> None:
    """Three crates name the ports of others; counting every entry as owned would report five conflicts."""
    callers = {
        f"sx9_caller_{n}": (
            f"[ports]\nhttp = {18600 + n}\nport_manager = 18104\nhashing_engine = 18105\n"
            "foundation_core = 18001\nneural_mux = 18107\natlas_daemon = 18500"
        )
        for n in range(3)
    }
    snapshot = snapshot_of(
        sx9_port_manager='[service]\nports = ["18103"]',
        sx9_hashing_engine='[service]\nports = ["8002", "50051"]\nprotocols = ["rest", "grpc"]',
        sx9_foundation_core="",
        sx9_neural_mux="",
        sx9_atlas_daemon="[ports]\nhttp_api = 18500",
        **callers,
    )
    assert snapshot.collisions == ()
    assert [(f.kind, f.ports) for f in snapshot.findings if f.kind.startswith("reference")] == [
        ("reference-mismatch", (18104,)),
        ("reference-mismatch", (18105,)),
        ("reference-silent", (18001,)),
        ("reference-silent", (18107,)),
    ]
