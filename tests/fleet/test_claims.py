"""Who owns a port: each rule against the pattern that it was made for."""

import pytest

from workbench.fleet.model import PortClaim
from workbench.fleet.snapshot import Snapshot

from .conftest import MakeSnapshot

FLEET = {
    "sx9_port_manager": '[service]\nports = ["18103"]',
    "sx9_atlas_daemon": "[ports]\nhttp_api = 18500",
    "sx9_foundation_core": '[metadata]\ncloned_from = "ctas7-bedrock"',
}


def claim(snapshot: Snapshot, crate: str, port: int, role: str | None = None) -> PortClaim:
    (found,) = [c for c in snapshot.at_port[port] if c.crate == crate and role in (None, c.role)]
    return found


@pytest.mark.parametrize(
    ("text", "port", "role", "of", "rule"),
    [
        ("[ports]\nhttp = 18600", 18600, "owner", "sx9-gateway", "role-label"),
        ("[ports]\ntile_cache = 18600", 18600, "owner", "sx9-gateway", "own-label"),
        ("[ports]\ngateway = 18600", 18600, "owner", "sx9-gateway", "own-name"),
        ("[ports]\ngateway_grpc = 18600", 18600, "owner", "sx9-gateway", "own-name"),
        ("[ports]\nport_manager = 18104", 18104, "reference", "sx9-port-manager", "crate-name"),
        ("[ports]\nSX9_Port_Manager = 18104", 18104, "reference", "sx9-port-manager", "crate-name"),
        ("[ports]\nbedrock = 18001", 18001, "reference", "sx9-foundation-core", "crate-name"),
        ("[ports]\natlas_daemon_grpc = 18501", 18501, "reference", "sx9-atlas-daemon", "crate-name-and-role"),
        ("[ports]\nneural_mux = 18107", 18107, "reference", "neural_mux", "well-known-service"),
        ("[ports]\ngis_backend = 18400", 18400, "reference", "gis_backend", "well-known-service"),
        ("[ports]\nledger = 18020\n[dependencies]\nledger = 'sx9-ledger'", 18020, "reference", "sx9-ledger", "dependency-name"),
        ("[ports]\nnats = 4222\n[dependencies]\nnats = 'jetstream'", 4222, "reference", "nats", "well-known-service"),
        ("[service]\nports = ['8002']\nprotocols = ['port_manager']", 8002, "owner", "sx9-gateway", "own-table"),
        ("[network]\nport = 18600", 18600, "owner", "sx9-gateway", "own-table"),
        ("[integration.atlas_daemon]\nbackend_port = 18500", 18500, "reference", "sx9-atlas-daemon", "integration"),
        ("[integration.radar]\nbackend_port = 18400", 18400, "reference", "radar", "integration"),
        ("[port_manager]\nendpoint = 'http://localhost:18104'", 18104, "reference", "sx9-port-manager", "url"),
        ("[upstream]\natlas_url = 'http://localhost:18500/x'", 18500, "reference", "atlas", "url"),
        ("[endpoints]\nhealth = 'http://localhost:18600/h'", 18600, "owner", "sx9-gateway", "own-endpoint"),
    ],
)  # fmt: skip
def test_a_rule_decides(snapshot_of: MakeSnapshot, text: str, port: int, role: str, of: str, rule: str) -> None:
    found = claim(snapshot_of(**FLEET, sx9_gateway=text), "sx9-gateway", port)
    assert (found.role, found.of, found.rule) == (role, of, rule)
    assert found.reason
    assert 0 < found.confidence <= 1


def test_a_label_of_ones_own_family_is_no_reference(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(gis_tiles="[ports]\ngis_backend = 18400")
    assert claim(snapshot, "gis-tiles", 18400).role == "owner"


def test_a_name_outranks_an_alias(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(
        ledger="[ports]\nhttp = 18020",
        new_ledger='[metadata]\ncloned_from = "ledger"',
        caller="[ports]\nledger = 18020",
    )
    assert claim(snapshot, "caller", 18020).of == "ledger"


def test_the_sister_is_derived_unless_it_is_declared(snapshot_of: MakeSnapshot) -> None:
    derived = claim(snapshot_of(a="[ports]\nhttp = 18600"), "a", 51368)
    assert (derived.role, derived.label, derived.primary, derived.derived) == ("sister", "http_sister", 18600, True)
    declared = claim(snapshot_of(a="[ports]\nhttp = 18600\nhttp_sister = 51368"), "a", 51368)
    assert (declared.role, declared.rule, declared.primary, declared.derived) == (
        "sister",
        "declared-sister",
        18600,
        False,
    )


def test_a_port_above_32767_has_no_sister_and_never_wraps(snapshot_of: MakeSnapshot) -> None:
    assert sorted(snapshot_of(a="[ports]\nhttp = 32767\ngrpc = 32768").at_port) == [32767, 32768, 65535]


def test_the_owner_of_a_mirrored_port_holds_its_mirrors(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18120")
    assert [(c.port, c.role, c.primary) for c in snapshot.claims if c.role == "mirror"] == [
        (18121, "mirror", 18120),
        (18122, "mirror", 18120),
    ]


def test_a_network_port_that_repeats_a_label_is_one_claim(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nrest = 18600\n[network]\nport = 18600")
    assert [c.label for c in snapshot.at_port[18600]] == ["rest"]
