"""Free ports: nobody claims, reserves or decoys them, nor their sisters and mirrors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.conftest import MakeSnapshot, snapshot_of
from workbench.fleet.free_ports import free_ports
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.obstacles import obstacle
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot

SMALL = PortPlan(
    blocks=(), reserved={5: "", 6: "keeper"}, decoys=frozenset({7}), mirrors={10: (11, 12), 20: (9,)}, sister_offset=40
)


def naive(snapshot: Snapshot, first: int, last: int, taken: frozenset[int]) -> list[int]:
    """The rule, spelt out as sets over all ports."""
    plan = snapshot.plan

    def with_it(port: int) -> set[int]:
        sister = port + plan.sister_offset
        return {*plan.mirrors.get(port, ()), *([sister] if sister <= 65535 else [])}

    used = {claim.port for record in snapshot.records.values() for claim in record.claims} | taken
    for port in list(used):
        used |= with_it(port)
    used |= set(plan.reserved) | plan.decoys
    return [port for port in range(first, last + 1) if 1 <= port <= 65535 and not ({port} | with_it(port)) & used]


ports = st.integers(1, 100)


@given(
    owned=st.lists(ports, max_size=8),
    referenced=st.lists(ports, max_size=4),
    taken=st.frozensets(ports, max_size=8),
    first=st.integers(-3, 110),
    length=st.integers(0, 110),
)
def test_the_same_as_a_naive_oracle(
    owned: list[int], referenced: list[int], taken: frozenset[int], first: int, length: int
) -> None:
    lines = [f"p{n} = {port}" for n, port in enumerate(owned)] + [
        f"nats_{n} = {port}" for n, port in enumerate(referenced)
    ]
    text = "\n".join(['[smart-crate]\nname = "a"\n[ports]', *lines])
    snapshot = Snapshot(SMALL).apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", text.encode())})
    found = list(free_ports(snapshot, first, first + length, taken))
    assert found == naive(snapshot, first, first + length, taken)
    assert found == [port for port in range(max(first, 1), first + length + 1) if not obstacle(snapshot, port, taken)]


def test_the_end_of_the_range_of_ports() -> None:
    assert list(free_ports(Snapshot(), 65530, 70000)) == [65530, 65531, 65532, 65533, 65534, 65535]
    assert list(free_ports(Snapshot(), -5, 2)) == [1, 2]
    assert list(free_ports(Snapshot(), 10, 9)) == []


@pytest.mark.parametrize(
    ("port", "reason"),
    [
        (18010, '18010 is claimed by a ("http", owner)'),
        (18103, "18103 is reserved for port-manager"),
        (18108, "18108 is reserved"),
        (18150, "18150 is a decoy"),
        (18120, "18121, the mirror of 18120, is assigned"),
        (18140, "50908, the sister of 18140, is assigned"),
        (18121, "18121 is assigned"),
        (18161, "18161 is the mirror of 18160, which is assigned"),
        (50928, "50928 is the sister of 18160, which is assigned"),
        (50778, '50778 is claimed by a ("http_sister", sister)'),
        (18011, None),
    ],
)
def test_the_reason_is_said(port: int, reason: str | None, snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18010")
    assert obstacle(snapshot, port, frozenset({18121, 50908, 18160})) == reason


def test_what_it_costs_in_a_block_that_is_nearly_full() -> None:
    taken = frozenset(range(20000, 23990))
    assert next(free_ports(snapshot_of(a="[ports]\nhttp = 23990"), 20000, 23999, taken)) == 23991
