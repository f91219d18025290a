"""Why a crate or a port is as it is: found by going back through the kept revisions, and equal to comparing them all."""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import WriteManifest
from workbench.causes import _facts_of, causes
from workbench.errors import InvalidPort, UnknownCrate
from workbench.fleet.plan import Override, PortPlan
from workbench.history import History
from workbench.hub import Hub, HubOptions
from workbench.store.database import Store
from workbench.workbench import Workbench

GATE = '[smart-crate]\nname = "gate"\nversion = "{}"\n[ports]\nhttp = {}\n'
HUT = '[smart-crate]\nname = "hut"\nversion = "1"\n[ports]\ngate = 18500\n'


def hub_of(root: Path, state: Path, plan: PortPlan | None = None) -> Hub:
    hub = Hub([root], HubOptions(plan=plan or PortPlan(), watch=False, beat=60), Store(state))
    hub.start()
    assert hub.wait_ready(10)
    return hub


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    """Four revisions: gate appears, hut refers to it, gate moves, gate has a new version."""
    root = tmp_path / "fleet"
    for crate in ("gate", "hut"):
        (root / crate).mkdir(parents=True)
    gate, hut = (root / crate / "smart-crate.toml" for crate in ("gate", "hut"))
    gate.write_text(GATE.format("1", 18500))
    hub = hub_of(root, tmp_path / "state")
    for path, text in ((hut, HUT), (gate, GATE.format("1", 18501)), (gate, GATE.format("2", 18501))):
        path.write_text(text)
        hub.refresh().result(10)
    yield Workbench(hub)
    hub.stop()


def test_why_a_crate_is_so(bench: Workbench) -> None:
    told = bench.why("gate")
    assert list(told.columns) == ["revision", "taken_at", "paths", "fact", "old", "new"]
    assert told.drop(columns="taken_at").values.tolist() == [
        [4, ["gate/smart-crate.toml"], "version", "1", "2"],
        [3, ["gate/smart-crate.toml"], "ports", {"http": 18500}, {"http": 18501}],
    ]
    times = bench.history.set_index("revision")["taken_at"]
    assert [abs((row.taken_at - times[row.revision]).total_seconds()) < 1e-3 for row in told.itertuples()] == [True] * 2
    assert bench.why("gate/smart-crate.toml", limit=1)["revision"].tolist() == [4]
    assert set(bench.why("hut")["revision"]) == {2}
    with pytest.raises(UnknownCrate):
        bench.why("nobody")


def test_why_a_port_is_so(bench: Workbench) -> None:
    told = bench.why(18500)
    assert [(row.revision, row.fact) for row in told.itertuples()] == [(3, "gate http"), (2, "hut gate")]
    assert (told["old"][0]["role"], told["new"][0]) == ("owner", None)
    assert (told["old"][1], told["new"][1]["role"], told["new"][1]["of"]) == (None, "reference", "gate")
    with pytest.raises(InvalidPort):
        bench.why(70_000)


def test_the_port_plan_is_a_cause_too(bench: Workbench, tmp_path: Path) -> None:
    bench._hub.stop()
    plan = PortPlan(overrides=(Override("hut", "gate", "owner", "it took the port over"),))
    hub = hub_of(tmp_path / "fleet", tmp_path / "state", plan)
    try:
        told = Workbench(hub).why(18500, limit=1)
    finally:
        hub.stop()
    assert told["paths"].tolist() == [[]]
    assert (told["fact"][0], told["old"][0]["role"], told["new"][0]["role"]) == ("hut gate", "reference", "owner")


def test_revisions_of_a_crate(bench: Workbench) -> None:
    history = History(bench._hub)
    assert [row["revision"] for row in history.revisions_of("gate")] == [1, 3, 4]
    assert [row["revision"] for row in history.revisions_of("hut/smart-crate.toml")] == [2]
    assert history.revisions_of("never/smart-crate.toml") == []
    with pytest.raises(UnknownCrate):
        history.revisions_of("nobody")


def test_without_a_state_file_nothing_is_known(write_manifest: WriteManifest, tmp_path: Path) -> None:
    write_manifest("gate", GATE.format("1", 18500))
    assert Workbench.scan(tmp_path).why("gate").empty


STEPS = st.lists(
    st.tuples(st.sampled_from(["gate", "hut", "shed"]), st.sampled_from([None, "broken", 18500, 18501, 18502])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_it_equals_comparing_all_kept_revisions(steps: list[tuple[str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root, state = Path(folder) / "fleet", Path(folder) / "state"
        root.mkdir()
        hub = hub_of(root, state)
        try:
            for crate, port in steps:
                path = root / crate / "smart-crate.toml"
                path.parent.mkdir(exist_ok=True)
                if port is None:
                    path.unlink(missing_ok=True)
                else:
                    good = f'[smart-crate]\nname = "{crate}"\n[ports]\ngate = {port}\n'
                    path.write_text("[" if port == "broken" else good)
                hub.refresh().result(10)
            history = History(hub)
            numbers = [row["revision"] for row in history.revisions()]
            for subject in (18500, 18501, "gate/smart-crate.toml", "hut/smart-crate.toml"):
                facts = _facts_of(subject, hub.snapshot)
                known = [facts(history.at(number)) for number in numbers]
                expected = [
                    number for number, (old, new) in zip(numbers[1:], pairwise(known), strict=True) if old != new
                ]
                assert [item.revision for item in causes(history, subject)] == expected[::-1]
        finally:
            hub.stop()


def test_the_file_is_not_held_between_two_pages(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = bench.why("gate")
    monkeypatch.setattr("workbench.store.history_rows._PAGE", 1)
    assert bench.why("gate").equals(whole)
    steps = bench._hub.journal.undone(0)  # type: ignore[union-attr]
    assert next(steps)
    bench._hub.stop()  # closes the file, although somebody is in the middle of it
