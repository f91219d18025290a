"""The analyst's object: frames, graph, SQL, one crate, one port."""

from pathlib import Path

import pandas as pd
import pytest

from tests.conftest import WriteManifest
from workbench import Workbench
from workbench.config import sample_fleet
from workbench.errors import InvalidPort, RootError, UnknownCrate
from workbench.fleet.tables import TABLES
from workbench.fleet.whatif import AddCrate


@pytest.fixture(scope="module")
def wb() -> Workbench:
    return Workbench.scan(sample_fleet())


def test_every_table_is_a_typed_frame(wb: Workbench) -> None:
    for name, spec in TABLES.items():
        frame = getattr(wb, name)
        assert tuple(frame.columns) == spec.column_names
        assert len(frame) > 0
        assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    assert len(wb.events) == 1


def test_frames_are_ones_own_to_change(wb: Workbench) -> None:
    crates, graph = wb.crates, wb.graph
    crates["name"] = "x"
    graph.clear()
    assert wb.crates["name"].nunique() > 40
    assert len(wb.graph) > 100


def test_frames_agree_with_sql(wb: Workbench) -> None:
    owned = wb.ports[wb.ports["role"] == "owner"]
    answer = wb.sql("SELECT count(*) AS n, count(DISTINCT port) AS ports FROM ports WHERE role = $role", role="owner")
    assert answer.to_dict("records") == [{"n": len(owned), "ports": owned["port"].nunique()}]


def test_a_crate_by_its_name_and_by_its_former_name(wb: Workbench) -> None:
    crate = wb.crate("port-manager")
    assert (crate.name, crate["ports"], crate.path) == (
        "port-manager",
        {"rest": 18103},
        "platform/port-manager/smart-crate.toml",
    )
    assert wb.crate("ctas7-harbourmaster").name == "port-manager"
    assert "sx9-gateway-edge" in repr(wb.crate("sx9-gateway-edge"))
    assert "18103" in crate._repr_html_()
    assert "claims" in dir(crate)
    with pytest.raises(AttributeError, match="a crate has no 'nothing'"):
        _ = crate.nothing


def test_an_unknown_crate_names_the_nearest(wb: Workbench) -> None:
    with pytest.raises(UnknownCrate, match=r'no crate is named "port-manger"; did you mean port-manager') as caught:
        wb.crate("port-manger")
    assert caught.value.details["nearest"][0] == "port-manager"


def test_a_port_with_everything_known_of_it(wb: Workbench) -> None:
    port = wb.port(18001)
    assert port["block"] == "Foundation and core"
    assert {claim["role"] for claim in port["claims"]} == {"owner", "reference"}
    assert {item["kind"] for item in port["findings"]} == {"reference-hijacked", "reference-silent"}
    assert wb.port(50051)["sister_port"] is None


@pytest.mark.parametrize("port", [0, 65536, -1, 1.5, True, "80 ", "0x50", None, [80]])
def test_what_is_no_port_is_refused_with_the_reason(wb: Workbench, port: object) -> None:
    with pytest.raises(InvalidPort, match="a port"):
        wb.port(port)  # type: ignore[arg-type]


def test_the_repair_clears_every_collision(wb: Workbench) -> None:
    assert wb.summary()["collisions"] == 8
    plan = wb.plan(*wb.repair())
    assert plan.collisions == 0
    assert "-http = 18001" in plan.patch


def test_it_shows_itself(wb: Workbench) -> None:
    assert repr(wb).startswith("<Workbench revision 1: 54 crates,")
    assert "<table>" in wb._repr_html_()
    assert {"crates", "ports", "sql", "graph"} <= set(dir(wb))


def test_names_from_manifests_are_escaped(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "<script>x</script>"\nversion = "<b>"\n')
    assert "<script>" not in Workbench.scan(fleet_dir).crate("<script>x</script>")._repr_html_()


def test_a_root_that_does_not_exist_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(RootError):
        Workbench.scan(tmp_path / "absent")


def test_a_watching_workbench_follows_the_disk(
    fleet_dir: Path, write_manifest: WriteManifest, wait_for: object
) -> None:
    with Workbench.scan(fleet_dir, watch=True) as wb:
        assert wb.crates.empty
        write_manifest("a")
        wait_for(lambda: list(wb.crates["name"]) == ["a"])  # type: ignore[operator]


def test_a_plan_shows_what_would_come_and_go(wb: Workbench) -> None:
    revision = wb.revision
    plan = wb.plan(AddCrate("<new>", {"http": 18001}))
    assert repr(plan).startswith("<plan: ")
    assert "+ error[SC101] port 18001 is owned by <new> and legacy-bridge" in repr(plan)
    assert "&lt;new&gt;" in plan._repr_html_()
    assert "<new>" not in plan._repr_html_()
    assert plan.patch.startswith("--- /dev/null\n+++ b/<new>/smart-crate.toml\n")
    assert {item.code for item in plan.appeared} >= {"SC101"}
    assert wb.revision == revision


def test_a_workbench_with_a_state_folder_looks_back(
    fleet_dir: Path, write_manifest: WriteManifest, tmp_path: Path
) -> None:
    write_manifest("a")
    for name, count in (("b", 2), ("c", 3)):  # the second time over what the first has kept
        with Workbench.scan(fleet_dir, state=tmp_path / "state") as wb:
            write_manifest(name)
            newest = wb.refresh()
            assert (wb.summary()["crates"], wb.at(1).summary()["crates"]) == (count, 1)
            assert [item["name"] for item in wb.diff(newest - 1, newest)["crates"]] == [name]
    assert wb.status()["journal"] == {"enabled": True, "error": None}


def test_a_plain_workbench_is_refreshed_on_request(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    wb = Workbench.scan(fleet_dir)
    write_manifest("a")
    assert (wb.crates.empty, wb.refresh(), len(wb.crates)) == (True, 1, 1)
