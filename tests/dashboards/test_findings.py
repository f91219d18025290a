"""The rows and the details of findings."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench import Workbench
from workbench.dashboards.finding_details import finding_details, findings_overview
from workbench.dashboards.finding_rows import FindingsFilter, counted_rows, matching_rows, muted_rows
from workbench.dashboards.findings_page import MUTED, FindingsPage
from workbench.dashboards.links import Links
from workbench.fleet.muting import Mute
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot

BAD = "<script>x</script>"


def test_every_finding_has_a_row_and_every_row_leads_back(snapshot: Snapshot) -> None:
    rows = counted_rows(snapshot)
    assert list(rows.by_key.values()) == list(snapshot.findings)
    assert list(rows.frame.index) == list(rows.by_key)
    assert rows.frame["severity"].iloc[0] == "error"
    assert counted_rows(snapshot) is rows


def test_keys_stay_when_other_findings_come(fleet_dir: Path, write_manifest: Callable[..., Path]) -> None:
    write_manifest("alpha", '[smart-crate]\nname = "alpha"\n[ports]\nweb = 3000\n')
    before = set(counted_rows(Workbench.scan(fleet_dir).snapshot).by_key)
    write_manifest("beta", '[smart-crate]\nname = "beta"\n[ports]\nweb = 80\n')
    after = set(counted_rows(Workbench.scan(fleet_dir).snapshot).by_key)
    assert before < after


@pytest.mark.parametrize(
    ("wanted", "kinds"),
    [
        (FindingsFilter(kind="decoy-port"), {"decoy-port"}),
        (FindingsFilter("CACHE-WARMER 18151"), {"decoy-port"}),
        (FindingsFilter("cache-warmer", severity="hint"), set()),
        (FindingsFilter("(.*"), set()),
    ],
)
def test_filters(snapshot: Snapshot, wanted: FindingsFilter, kinds: set[str]) -> None:
    assert set(matching_rows(counted_rows(snapshot).frame, wanted)["kind"]) == kinds


def test_details_show_the_lines_and_how_to_accept_it(snapshot: Snapshot) -> None:
    item = next(item for item in snapshot.findings if item.kind == "owner-collision" and 18430 in item.ports)
    text = finding_details(item, Links())
    assert "geo/hazard-map/smart-crate.toml:15" in text
    assert text.count('<li class="error">') == len(item.sites) >= 2
    assert "[[ports.mute]]" in text
    assert "port = 18430" in text
    assert 'href="findings?kind=owner-collision"' in text
    assert "<a " not in finding_details(item, Links(is_linked=False))


def test_the_shown_mute_accepts_just_that_finding(snapshot: Snapshot) -> None:
    item = next(item for item in snapshot.findings if item.kind == "decoy-port")
    assert [other for other in snapshot.findings if other in Mute(item.code, "x", item.crates[0], item.ports[0])] == [
        item
    ]


def test_muted_findings_are_apart_and_have_their_reason(fleet_dir: Path, write_manifest: Callable[..., Path]) -> None:
    write_manifest("alpha", '[smart-crate]\nname = "alpha"\nversion = "1.0.0"\n[ports]\nweb = 80\n')
    plan = PortPlan(mutes=(Mute("privileged-port", "the balancer may"),))
    wb = Workbench.scan(fleet_dir, plan=plan)
    (item,) = muted_rows(wb.snapshot).by_key.values()
    assert "the balancer may" in finding_details(item, Links())
    page = FindingsPage(wb)
    page.state.value = MUTED
    assert list(page.table.frame["kind"]) == ["privileged-port"]
    for follower in page.followers:
        follower.stop()


def test_the_overview_counts_each_kind(snapshot: Snapshot) -> None:
    text = findings_overview(counted_rows(snapshot).counts, Links())
    count = sum(item.kind == "outside-block" for item in snapshot.findings)
    assert f">outside-block</a> <b>{count}</b>" in text
    assert "Nothing was found" in findings_overview({}, Links())


def test_text_of_manifests_is_escaped(fleet_dir: Path, write_manifest: Callable[..., Path]) -> None:
    write_manifest("bad", f'[smart-crate]\nname = "{BAD}"\n[ports]\n"{BAD}" = 80\n[dependencies]\nx = "{BAD}y"\n')
    for item in Workbench.scan(fleet_dir).snapshot.findings:
        assert "<script" not in finding_details(item, Links())
