"""Drift: what is found equals what a naive comparison finds, and one step at a time gives what a cold start gives."""

import time
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fleet.diff import diff
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest, fold
from workbench.fleet.muting import Mute
from workbench.fleet.observed import Holder, Listener, Observed, Place, Registration, changed_ports
from workbench.fleet.plan import Block, PortPlan
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import finding_model

from .conftest import MakeSnapshot

NAMES = ["atlas", "beacon", "sx9-comet", "dune"]
LABELS = ["http", "grpc", "atlas", "port_manager", "own"]
PORTS = [10, 11, 12, 13, 20, 42]
PLAN = PortPlan(
    blocks=(Block("low", 8, 13),), reserved={12: "dune"}, decoys=frozenset({13}), mirrors={10: (20,)}, sister_offset=100
)
Said = tuple[str, tuple[int, ...], frozenset[str]]


@st.composite
def fleets(draw: st.DrawFn) -> dict[str, Manifest]:
    found = {}
    for name in draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)):
        ports = draw(st.dictionaries(st.sampled_from(LABELS), st.sampled_from(PORTS), max_size=3))
        protocol = draw(st.sampled_from(["tcp", "http", "udp"]))
        lines = ["[smart-crate]", f'name = "{name}"', "[ports]"]
        lines += [f'{label} = {{ port = {port}, protocol = "{protocol}" }}' for label, port in ports.items()]
        found[f"{name}/smart-crate.toml"] = parse_manifest(f"{name}/smart-crate.toml", "\n".join(lines).encode())
    return found


places = st.builds(
    Place, st.sampled_from(["executable", "working-directory"]), st.sampled_from(["atlas/x", "beacon/x", "else/x"])
)
listeners = st.builds(
    Listener, st.sampled_from(PORTS), st.sampled_from(["tcp", "udp"]), st.just(("::",)),
    st.sampled_from([None, 1, 2]), st.sampled_from(["atlas", "nginx", "comet", "docker-proxy"]),
    st.lists(places, max_size=1).map(tuple), st.sampled_from([False, False, False, True]),
)  # fmt: skip
services = st.builds(
    Registration, st.sampled_from([*NAMES, "phantom"]), st.sampled_from(PORTS), st.sampled_from(["tcp", "udp"]),
    pid=st.sampled_from([None, 1]), host=st.sampled_from(["", "", "10.0.0.7"]),
    state=st.sampled_from(["live", "stale", "gone"]),
)  # fmt: skip
observations = st.builds(
    Observed,
    listeners=st.lists(listeners, max_size=4, unique_by=lambda item: (item.port, item.transport, item.pid)).map(tuple),
    registrations=st.lists(services, max_size=3, unique_by=lambda item: item.service_name).map(tuple),
    holders=st.lists(
        st.builds(Holder, st.sampled_from(PORTS), st.sampled_from(NAMES)), max_size=1
    ).map(tuple),
    sees_all=st.booleans(),
    running=st.sampled_from([(), ("dune",), ("*",)]),
    registering=st.sampled_from([(), ("b*",)]),
)  # fmt: skip


def oracle(snapshot: Snapshot, seen: Observed) -> Iterator[Said]:
    """Yield (kind, ports, crates) from the claims and the observation alone, sharing no code with what it judges."""
    crates = {fold(crate.name): crate.name for crate in snapshot.crates}
    claims = snapshot.claims
    here = [s for s in seen.registrations if s.state != "gone" and not s.host]
    runs = {crates[fold(s.service_name)] for s in here if fold(s.service_name) in crates}
    for item in seen.listeners:
        kind = lambda protocol: "udp" if protocol == "udp" else "tcp"  # noqa: E731
        who = None
        by_pid = [s for s in here if s.pid is not None and s.pid == item.pid]
        inside = [crates[p.path[:-2]] for p in item.places if p.path[:-2] in crates]
        on_port = [s for s in here if s.port == item.port and s.protocol == item.transport and s.pid is None]
        if item.is_own:
            pass
        elif by_pid:
            who = crates.get(fold(by_pid[-1].service_name))
        elif inside:
            who = inside[0]
        elif fold(item.process) in crates:
            who = crates[fold(item.process)]
        elif on_port:
            who = crates.get(fold(on_port[0].service_name))
        if who:
            runs.add(who)
        meant = {
            c.crate
            for c in claims
            if c.port == item.port and c.role != "reference" and kind(c.protocol) == item.transport
        }
        meant |= {holder.crate for holder in seen.holders if holder.port == item.port}
        meant |= {"dune"} if item.port == 12 else set()
        if item.is_own or (who and fold(who) in {fold(name) for name in meant}):
            continue
        is_hidden = not (by_pid or on_port) and not who and (item.pid is None or item.process == "docker-proxy")
        if meant and not is_hidden:
            yield "drift-stranger", (item.port,), frozenset({*meant, *({who} if who else ())})
        told = any(s.port == item.port and s.protocol == item.transport for s in here)
        if not meant and 8 <= item.port <= 12 and not told:
            yield "drift-undeclared", (item.port,), frozenset({who} if who else ())
    yield from _services(snapshot, seen, crates)
    runs |= {name for name in crates.values() if "*" in seen.running or fold(name) in seen.running}
    for claim in claims:
        kinds = {item.transport for item in seen.listeners if item.port == claim.port}
        mine = "udp" if claim.protocol == "udp" else "tcp"
        if seen.sees_all and claim.role == "owner" and claim.crate in runs and mine not in kinds:
            yield "drift-silent", (claim.port,), frozenset({claim.crate})


def _services(snapshot: Snapshot, seen: Observed, crates: dict[str, str]) -> Iterator[Said]:
    present = [s for s in seen.registrations if s.state != "gone"]
    for one in present:
        name = crates.get(fold(one.service_name))
        if name is None:
            yield "registration-unknown", (one.port,), frozenset()
            continue
        mine = {c.port for c in snapshot.claims if c.crate == name and c.role != "reference"}
        held = {holder.port for holder in seen.holders if holder.crate == name}
        if one.port not in mine | held:
            yield "registration-mismatch", (one.port,), frozenset({name})
    for one in present:
        same = {s.service_name for s in present if (s.port, s.protocol, s.host) == (one.port, one.protocol, one.host)}
        if len(same) > 1:
            yield "registration-shared", (one.port,), frozenset(same)
    known = {fold(s.service_name) for s in seen.registrations}
    for key, name in crates.items():
        owned = tuple(sorted({c.port for c in snapshot.claims if c.crate == name and c.role == "owner"}))
        asks = any(c.crate == name and c.role == "reference" and fold(c.of) == "port-manager" for c in snapshot.claims)
        is_expected = (present and asks) or (seen.registering and key.startswith("b"))
        if owned and is_expected and key not in known:
            yield "registration-orphan", owned, frozenset({name})


def drift(snapshot: Snapshot) -> set[Said]:
    found = (item for item in snapshot.findings if item.code >= "SC120")
    return {(item.kind, item.ports, frozenset(item.crates)) for item in found}


@settings(max_examples=300, deadline=None)
@given(fleets(), observations)
def test_drift_equals_a_naive_comparison(fleet: dict[str, Manifest], seen: Observed) -> None:
    snapshot = Snapshot(PLAN).apply(fleet).observe(seen)
    assert drift(snapshot) == set(oracle(snapshot, seen))


STEPS = st.lists(fleets() | observations, min_size=1, max_size=6)
MUTES = st.sampled_from([(), (Mute("drift-stranger", "known"),), (Mute("SC12", "why", "atlas"),)])


@settings(max_examples=150, deadline=None)
@given(STEPS, MUTES)
def test_steps_give_what_a_cold_start_gives(steps: list[Any], mutes: tuple[Mute, ...]) -> None:
    plan = PortPlan(PLAN.blocks, PLAN.reserved, PLAN.decoys, PLAN.mirrors, PLAN.sister_offset, mutes=mutes)
    snapshot, files, seen = Snapshot(plan), {}, Observed()
    for step in steps:
        older = snapshot
        if isinstance(step, Observed):
            seen, snapshot = step, snapshot.observe(step)
        else:
            gone = dict.fromkeys(files.keys() - step.keys())
            files, snapshot = step, snapshot.apply({**step, **gone})
        change = diff(older, snapshot)
        was, now = ({item.identity for item in s.findings} for s in (older, snapshot))
        assert {item.identity for item in change.appeared} == now - was
        assert {item.identity for item in change.vanished} == was - now
    cold = Snapshot(plan).observe(seen).apply(files)
    assert [finding_model(item) for item in snapshot.findings] == [finding_model(item) for item in cold.findings]
    assert [finding_model(item) for item in snapshot.muted] == [finding_model(item) for item in cold.muted]
    assert snapshot.tally == cold.tally
    again = Snapshot.from_state(snapshot.state())
    assert drift(again) == set()
    assert again.tally.findings == len(again.findings)


def test_an_equal_observation_is_no_revision(snapshot_of: MakeSnapshot) -> None:
    fleet = snapshot_of(atlas="[ports]\nhttp = 18020")
    seen = Observed(listeners=(Listener(18020, "tcp", ("::",), 1, "nginx"),))
    first = fleet.observe(seen)
    assert first.revision == fleet.revision + 1
    other = Observed(listeners=(Listener(18020, "tcp", ("::",), 1, "nginx"),))
    assert first.observe(other) is first
    assert changed_ports(fleet.observed, seen) == [18020]
    assert first.records is fleet.records


def test_an_observation_costs_what_is_observed(snapshot_of: MakeSnapshot) -> None:
    """Ten times the fleet does not make an observation dearer; measured side by side, the best of several."""

    def fleet(count: int) -> Snapshot:
        text = '[smart-crate]\nname = "c{}"\n[ports]\nhttp = {}\n'
        paths = {f"c{n}/smart-crate.toml": text.format(n, 10_000 + n) for n in range(count)}
        return Snapshot().apply({path: parse_manifest(path, body.encode()) for path, body in paths.items()})

    seen = [
        Observed(listeners=tuple(Listener(18000 + n, "tcp", ("::",), k, "nginx") for n in range(100))) for k in (1, 2)
    ]
    small, large = fleet(300), fleet(3000)
    best = {}
    for _ in range(7):
        for name, snapshot in (("small", small), ("large", large)):
            started = time.process_time()
            snapshot.observe(seen[0]).observe(seen[1])
            best[name] = min(best.get(name, 9.0), time.process_time() - started)
    assert best["large"] < 4 * best["small"] + 0.005
