"""Revisions: one step at a time gives what a cold start gives, and what did not change is shared."""

from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from workbench.fleet import ranking
from workbench.fleet.diff import diff
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest
from workbench.fleet.muting import Mute
from workbench.fleet.observed import Listener, Observed
from workbench.fleet.plan import Override, PortPlan
from workbench.fleet.ranking import Touched
from workbench.fleet.snapshot import Snapshot, Tally
from workbench.fleet.wire import check_model, crate_detail_model, crate_model, port_registry_model

from .conftest import MakeSnapshot

_NAMES = ["a", "b", "c", "sx9-a", "port-manager", "neural-mux"]
_LABELS = ["http", "http_sister", "a", "b_grpc", "c", "port_manager", "neural_mux", "gis_x", "own_thing"]
_PORTS = [18020, 18021, 50788, 18103, 18104, 18120, 18121, 18150, 443, 40000]


@st.composite
def manifests(draw: st.DrawFn, path: str) -> Manifest | None:
    """A manifest from a small world, so that names, ports and references meet; sometimes broken, sometimes gone."""
    shape = draw(st.sampled_from(["good"] * 6 + ["broken", "nameless", "template", "gone"]))
    if shape == "gone":
        return None
    if shape in ("broken", "nameless", "template"):
        text = {"broken": "a = [", "nameless": "[smart-crate]\n", "template": '[smart-crate]\nname = "${X}"\n'}[shape]
        return parse_manifest(path, text.encode())
    lines = ["[smart-crate]", f'name = "{draw(st.sampled_from(_NAMES))}"']
    if draw(st.booleans()):
        lines.append(f'foundation = "{draw(st.sampled_from(_NAMES))}"')
    lines += ["[ports]"]
    ports = draw(st.dictionaries(st.sampled_from(_LABELS), st.sampled_from(_PORTS), max_size=4))
    lines += [f"{label} = {port}" for label, port in ports.items()]
    lines += ["[dependencies]"]
    lines += [f'd{n} = "{name}"' for n, name in enumerate(draw(st.lists(st.sampled_from(_NAMES), max_size=3)))]
    if draw(st.booleans()):
        lines += ["[metadata]", f'cloned_from = "{draw(st.sampled_from(_NAMES))}"']
    return parse_manifest(path, "\n".join(lines).encode())


_PATHS = [f"{letter}/smart-crate.toml" for letter in "pqrst"]
_STEPS = st.lists(
    st.fixed_dictionaries({}, optional={path: manifests(path) for path in _PATHS}), min_size=1, max_size=6
)


_OVERRIDES = st.builds(
    Override,
    st.sampled_from(_NAMES[:5]),
    st.sampled_from(_LABELS),
    st.sampled_from(["owner", "reference"]),
    st.just("why"),
    st.sampled_from([*_NAMES, "elsewhere"]),
)
_MUTES = st.builds(
    Mute,
    st.sampled_from(["SC1", "SC0", "owner-collision", "dependency-cycle"]),
    st.just("why"),
    st.sampled_from(["", *_NAMES]),
    st.sampled_from([None, *_PORTS]),
)
_PLANS = st.builds(
    PortPlan, overrides=st.lists(_OVERRIDES, max_size=3).map(tuple), mutes=st.lists(_MUTES, max_size=2).map(tuple)
)


def _whole(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "crates": [crate_model(snapshot.records[crate.path]) for crate in snapshot.crates],
        "details": [crate_detail_model(snapshot.records[crate.path], snapshot) for crate in snapshot.crates],
        "check": check_model(snapshot, snapshot.findings) | {"revision": 0},
        "ports": port_registry_model(snapshot) | {"revision": 0},
        "records": list(snapshot.records),
    }


@settings(max_examples=300, deadline=None)
@given(_STEPS, _PLANS)
def test_steps_give_what_a_cold_start_gives(steps: list[dict[str, Manifest | None]], plan: PortPlan) -> None:
    """The last state of every file, and the last good version of those broken now, are all that counts."""
    stepped = Snapshot(plan)
    for step in steps:
        stepped = stepped.apply(step)
    good: dict[str, Manifest | None] = {}
    final: dict[str, Manifest | None] = {}
    for step in steps:
        for path, manifest in step.items():
            if manifest is None:
                good.pop(path, None)
                final.pop(path, None)
                continue
            final[path] = manifest
            if manifest.crate is not None:
                good[path] = manifest
            elif manifest.is_template:
                good.pop(path, None)
    cold = Snapshot(plan).apply(good).apply({path: m for path, m in final.items() if m is not good.get(path)})
    assert _whole(stepped) == _whole(cold)


@settings(max_examples=150, deadline=None)
@given(_STEPS, _PLANS)
def test_the_order_of_findings_carried_over_is_that_of_a_cold_start(
    steps: list[dict[str, Manifest | None]], plan: PortPlan
) -> None:
    snapshot = Snapshot(plan)
    with patch.object(ranking, "_FEW", 1_000.0):
        for step in steps:
            beside = snapshot.apply(dict.fromkeys(snapshot.records))
            assert beside.findings == ranking.ranked(beside._findings)
            snapshot = snapshot.apply(step)
            assert snapshot.findings == ranking.ranked(snapshot._findings)
            listening = Observed(listeners=(Listener(18020 + len(snapshot.records), "tcp", ("::",)),), sees_all=True)
            snapshot = snapshot.observe(listening)
            assert snapshot.findings == ranking.ranked(snapshot._findings)


def test_a_crate_that_is_renamed_and_keeps_its_former_name_is_spoken_of_anew() -> None:
    caller = parse_manifest("s/smart-crate.toml", b'[smart-crate]\nname = "s"\n[ports]\nold_name = 18020\n')
    owner = '[smart-crate]\nname = "{}"\n[metadata]\ncloned_from = "old-name"\n'
    before, after = (parse_manifest("r/smart-crate.toml", owner.format(name).encode()) for name in ("r1", "r2"))
    stepped = Snapshot().apply({"s/smart-crate.toml": caller, "r/smart-crate.toml": before})
    stepped = stepped.apply({"r/smart-crate.toml": after})
    assert [claim.of for claim in stepped.claims] == ["r2"]


@settings(max_examples=150, deadline=None)
@given(_STEPS)
def test_a_diff_carries_one_revision_to_the_next(steps: list[dict[str, Manifest | None]]) -> None:
    snapshot = Snapshot()
    for step in steps:
        older, snapshot = snapshot, snapshot.apply(step)
        change = diff(older, snapshot)
        was = {item.identity for item in older.findings}
        now = {item.identity for item in snapshot.findings}
        assert {item.identity for item in change.appeared} == now - was
        assert {item.identity for item in change.vanished} == was - now
        names = {crate.path: crate for crate in older.crates}
        for item in change.crates:
            if item.action == "removed":
                del names[item.path]
            else:
                names[item.path] = item.crate
        assert names == {crate.path: crate for crate in snapshot.crates}


@settings(max_examples=150, deadline=None)
@given(_STEPS, _PLANS)
def test_the_tally_is_that_of_a_count_and_the_short_way_that_of_the_long(
    steps: list[dict[str, Manifest | None]], plan: PortPlan
) -> None:
    snapshot = Snapshot(plan)
    for step in steps:
        older, snapshot = snapshot, snapshot.apply(step)
        records = list(snapshot.records.values())
        assert snapshot.tally == Tally(
            manifests=len(records),
            crates=len(snapshot.crates),
            templates=sum(record.manifest.is_template for record in records),
            broken=sum(record.manifest.is_broken for record in records),
            stale=sum(record.is_stale for record in records),
            ports_owned=len({claim.port for claim in snapshot.claims if claim.role == "owner"}),
            collisions=len(snapshot.collisions),
            findings=len(snapshot.findings),
            errors=sum(item.severity == "error" for item in snapshot.findings),
            warnings=sum(item.severity == "warning" for item in snapshot.findings),
            hints=sum(item.severity == "hint" for item in snapshot.findings),
            muted=len(snapshot.muted),
        )
        short = diff(older, snapshot)
        snapshot.touched = Touched(None)
        long = diff(older, snapshot)
        assert (short.crates, short.ports) == (long.crates, long.ports)
        assert {item.identity for item in short.appeared} == {item.identity for item in long.appeared}
        assert {item.identity for item in short.vanished} == {item.identity for item in long.vanished}


def test_a_broken_manifest_keeps_its_last_good_version(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020", b="[ports]\na = 18020")
    broken = snapshot.apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", b"[smart-crate")})
    record = broken.records["a/smart-crate.toml"]
    assert (record.is_stale, record.crate) == (True, snapshot.records["a/smart-crate.toml"].crate)
    assert [item.kind for item in broken.findings] == ["syntax"]
    assert [item.crates for item in broken.findings] == [("a",)]
    mended = broken.apply({"a/smart-crate.toml": snapshot.records["a/smart-crate.toml"].manifest})
    assert (mended.findings, mended.records["a/smart-crate.toml"].is_stale) == ((), False)


def test_nothing_changes_when_nothing_changed(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="[ports]\nhttp = 18020")
    same = parse_manifest("a/smart-crate.toml", snapshot.crates[0].source.text.encode())
    assert snapshot.apply({"a/smart-crate.toml": same}) is snapshot
    assert snapshot.apply({"gone/smart-crate.toml": None}) is snapshot
    assert snapshot.apply({}) is snapshot


def test_a_revision_shares_what_it_did_not_touch(snapshot_of: MakeSnapshot) -> None:
    older = snapshot_of(a="[ports]\nhttp = 18020", b="[ports]\nhttp = 18020", c="[ports]\nhttp = 18030")
    newer = older.apply({"c/smart-crate.toml": None})
    assert newer.revision == older.revision + 1
    assert newer.records["a/smart-crate.toml"] is older.records["a/smart-crate.toml"]
    assert newer.finding_groups()["port", 18020] is older.finding_groups()["port", 18020]
    assert len(older.crates) == 3


def test_a_new_crate_turns_an_own_label_into_a_reference(snapshot_of: MakeSnapshot) -> None:
    older = snapshot_of(a="[ports]\nledger = 18020")
    assert [c.role for c in older.at_port[18020]] == ["owner"]
    newer = older.apply({"l/smart-crate.toml": parse_manifest("l", b'[smart-crate]\nname = "sx9-ledger"\n')})
    assert [(c.role, c.of) for c in newer.at_port[18020]] == [("reference", "sx9-ledger")]


def test_derived_values_are_computed_once(snapshot_of: MakeSnapshot) -> None:
    snapshot = snapshot_of(a="")
    assert snapshot.derive("x", lambda s: object()) is snapshot.derive("x", lambda s: object())


def test_a_faulty_file_that_is_read_again_unchanged_makes_no_revision() -> None:
    text = b'[smart-crate]\nname = "a"\nversion = 7\n[ports]\nweb = "x"\n'
    first = Snapshot().apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", text)})
    assert first.records["a/smart-crate.toml"].manifest.diagnostics
    assert first.apply({"a/smart-crate.toml": parse_manifest("a/smart-crate.toml", text)}) is first
