"""What is found about ports equals what a naive look at every pair of claims finds."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest, PortClaim, fold
from workbench.fleet.plan import Block, Override, PortPlan
from workbench.fleet.snapshot import Snapshot

Said = tuple[str, tuple[int, ...], frozenset[str]]

NAMES = ["a", "b", "sx9-a", "c-api", "port-manager", "d"]
LABELS = ["http", "http_sister", "grpc", "rest", "a", "b_grpc", "c_api", "d", "gis_x", "postgres", "own", "own_sister"]
KINDS = frozenset(
    [
        "owner-collision",
        "duplicate-in-crate",
        "sister-collision",
        "mirror-collision",
        "reserved-port",
        "decoy-port",
        "reference-mismatch",
        "reference-silent",
        "reference-external",
        "reference-hijacked",
        "outside-block",
        "privileged-port",
        "ephemeral-port",
        "sister-overflow",
        "sister-mismatch",
    ]
)
ports = st.integers(1, 30) | st.sampled_from([65520, 65530])
plans = st.builds(
    PortPlan,
    blocks=st.just((Block("low", 4, 12), Block("inner", 6, 8), Block("high", 20, 65525))),
    reserved=st.dictionaries(ports, st.sampled_from(["", "a", "port-manager"]), max_size=2),
    decoys=st.frozensets(ports, max_size=2),
    mirrors=st.dictionaries(ports, st.lists(ports, min_size=1, max_size=2, unique=True).map(tuple), max_size=2),
    sister_offset=st.sampled_from([3, 10]),
    ephemeral=st.just((10, 15)),
    privileged_below=st.just(3),
    overrides=st.lists(
        st.builds(
            Override, st.sampled_from(NAMES), st.sampled_from(LABELS), st.sampled_from(["owner", "reference"]),
            st.just("why"), st.sampled_from(["a", "b", "elsewhere"]),
        ),
        max_size=2,
    ).map(tuple),
)  # fmt: skip


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Manifest]:
    manifests = {}
    for number in range(draw(st.integers(1, 5))):
        path = f"{number}/smart-crate.toml"
        labels = draw(st.dictionaries(st.sampled_from(LABELS), ports, max_size=4))
        lines = ["[smart-crate]", f'name = "{draw(st.sampled_from(NAMES))}"', "[ports]"]
        lines += [f"{label} = {port}" for label, port in labels.items()]
        service = draw(st.lists(ports, max_size=2))
        lines += ["[service]", f"ports = {service}", "[network]", f"port = {draw(ports)}"]
        if draw(st.booleans()):
            lines += ["[integration.b]", f"backend_port = {draw(ports)}"]
        if draw(st.booleans()):
            lines += ["[metadata]", f'cloned_from = "{draw(st.sampled_from(NAMES))}"']
        manifests[path] = parse_manifest(path, "\n".join(lines).encode())
    return manifests


def oracle(claims: tuple[PortClaim, ...], plan: PortPlan) -> Iterator[Said]:
    """Yield (kind, ports, crates) by comparing every claim with every other, with no index and no shared code."""
    for one in claims:
        yield from _alone(one, plan)
        if one.role == "reference":
            yield from _reference(one, claims)
        at = [other for other in claims if other.port == one.port]
        owners = [other for other in at if other.role == "owner"]
        if one.role == "owner":
            if len({owner.crate for owner in owners}) > 1:
                yield "owner-collision", (one.port,), frozenset(owner.crate for owner in owners)
            if len({owner.label for owner in owners if owner.site.path == one.site.path}) > 1:
                yield "duplicate-in-crate", (one.port,), frozenset([one.crate])
        if one.role in ("sister", "mirror"):
            met = {owner.crate for owner in owners if owner.crate != one.crate}
            if one.role == "sister":
                met |= {
                    other.crate
                    for other in at
                    if other.role == "sister" and other.crate > one.crate and other.primary != one.primary
                }
            if met:
                yield f"{one.role}-collision", (one.port,), frozenset([one.crate, *met])


def _alone(one: PortClaim, plan: PortPlan) -> Iterator[Said]:
    port, said = one.port, ((one.port,), frozenset([one.crate]))
    if one.rule == "declared-sister" and one.primary is not None and port != one.primary + plan.sister_offset:
        yield "sister-mismatch", *said
    if one.role != "owner":
        return
    if port in plan.reserved and fold(plan.reserved[port]) != fold(one.crate):
        yield "reserved-port", *said
    if port in plan.decoys:
        yield "decoy-port", *said
    if not any(block.first <= port <= block.last for block in plan.blocks):
        yield "outside-block", *said
    if port < plan.privileged_below:
        yield "privileged-port", *said
    if plan.ephemeral[0] <= port <= plan.ephemeral[1]:
        yield "ephemeral-port", *said
    if port + plan.sister_offset > 65535:
        yield "sister-overflow", *said


def _reference(one: PortClaim, claims: tuple[PortClaim, ...]) -> Iterator[Said]:
    callers = {
        other.crate
        for other in claims
        if other.role == "reference" and other.port == one.port and fold(other.of) == fold(one.of)
    }
    if not one.resolved:
        yield "reference-external", (one.port,), frozenset(callers)
        return
    target = [other for other in claims if fold(other.crate) == fold(one.of) and other.role != "reference"]
    if any(other.port == one.port for other in target):
        return
    declares = any(other.role == "owner" for other in target)
    kind = "reference-mismatch" if declares else "reference-silent"
    yield kind, (one.port,), frozenset([*callers, one.of])
    strangers = {
        other.crate
        for other in claims
        if other.role == "owner" and other.port == one.port and fold(other.crate) != fold(one.of)
    }
    if strangers:
        yield "reference-hijacked", (one.port,), frozenset([*strangers, *callers, one.of])


@settings(max_examples=120, deadline=None)
@given(fleets(), plans)
def test_findings_are_those_of_the_oracle(manifests: dict[str, Manifest], plan: PortPlan) -> None:
    snapshot = Snapshot(plan).apply(manifests)
    found = {(item.kind, item.ports, frozenset(item.crates)) for item in snapshot.findings if item.kind in KINDS}
    assert found == set(oracle(snapshot.claims, plan))


@settings(max_examples=30, deadline=None)
@given(st.lists(fleets(), min_size=2, max_size=4), plans)
def test_they_still_are_after_many_steps(steps: list[dict[str, Manifest]], plan: PortPlan) -> None:
    snapshot = Snapshot(plan)
    for step in steps:
        gone = dict.fromkeys(snapshot.records.keys() - step.keys())
        snapshot = snapshot.apply({**gone, **step})
    found = {(item.kind, item.ports, frozenset(item.crates)) for item in snapshot.findings if item.kind in KINDS}
    assert found == set(oracle(snapshot.claims, plan))
