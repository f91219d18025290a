"""Pages that are pinned to a kept revision: what they show, where they lead, and what they do not do."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import panel as pn
import pytest

from tests.dashboards.conftest import MANIFEST
from workbench import Workbench
from workbench.dashboards import FindingsPage, FleetPage, PortsPage, TopologyPage
from workbench.dashboards.address import Address
from workbench.dashboards.archive import Archive, Then
from workbench.dashboards.links import Links
from workbench.dashboards.page import Page
from workbench.dashboards.pinned import PinnedPage, gone_state

Open = Callable[..., PinnedPage]
PAGES: dict[str, type[Page]] = {
    "fleet": FleetPage, "ports": PortsPage, "topology": TopologyPage, "findings": FindingsPage,
}  # fmt: skip


@pytest.fixture
def archive(kept: Workbench) -> Archive:
    return Archive(kept)


@pytest.fixture
def open_page(archive: Archive, wait_for: Callable[..., None]) -> Iterator[Open]:
    made: list[PinnedPage] = []

    def open_page(name: str, revision: int, search: str = "") -> PinnedPage:
        address = Address(SimpleNamespace(search=search))
        address.pinned = revision
        page = PinnedPage(name, revision, archive, lambda then: PAGES[name](then.wb, then.feed, address))
        made.append(page)
        wait_for(lambda: "Reading" not in page._state.object or page.page is not None)
        return page

    yield open_page
    for page in made:
        for follower in page.followers:
            follower.stop()


def shown(pinned: PinnedPage, kind: type[Page]) -> Page:
    assert isinstance(pinned.page, kind)
    return pinned.page


def test_each_page_shows_the_fleet_as_it_was(open_page: Open) -> None:
    """Revision 1 has alpha alone; in 2 beta has come, on the port of alpha."""
    fleet = [shown(open_page("fleet", revision), FleetPage) for revision in (1, 2)]
    assert [list(page.table.frame["name"]) for page in fleet] == [["alpha"], ["alpha", "beta"]]  # type: ignore[attr-defined]
    findings = [shown(open_page("findings", revision), FindingsPage) for revision in (1, 2)]
    kinds = [set(page.table.frame["kind"]) for page in findings]  # type: ignore[attr-defined]
    assert ["owner-collision" in found for found in kinds] == [False, True]
    ports = shown(open_page("ports", 1, "?port=18020"), PortsPage)
    assert "alpha" in ports._details.object  # type: ignore[attr-defined]
    assert "beta" not in ports._details.object  # type: ignore[attr-defined]
    topology = shown(open_page("topology", 1), TopologyPage)
    assert list(topology.figure.nodes.data["label"]) == ["alpha"]  # type: ignore[attr-defined]


def test_it_says_which_revision_of_when_and_that_it_is_not_live(open_page: Open, kept: Workbench) -> None:
    banner = open_page("fleet", 1)._banner.object
    taken_at = kept.at(1).taken_at
    assert "Revision <b>1</b>" in banner
    assert f'data-since="{taken_at:.1f}"' in banner
    assert "not live" in banner
    assert '<a href="fleet" data-now>Back to now</a>' in banner


def test_a_later_revision_does_not_reach_it(
    open_page: Open, kept: Workbench, fleet_dir: Path, wait_for: Callable[..., None]
) -> None:
    live, pinned = FleetPage(kept), shown(open_page("fleet", 3), FleetPage)
    (fleet_dir / "gamma").mkdir()
    (fleet_dir / "gamma" / "smart-crate.toml").write_text(MANIFEST.format("gamma", "1.0.0", 18021))
    kept.refresh()
    wait_for(lambda: "gamma" in set(live.table.frame["name"]))
    assert set(pinned.table.frame["name"]) == {"alpha", "beta"}  # type: ignore[attr-defined]
    live.followers[0].stop()


def test_its_address_and_its_links_stay_at_the_revision(open_page: Open) -> None:
    page = shown(open_page("fleet", 2), FleetPage)
    page.select("alpha/smart-crate.toml")  # type: ignore[operator]
    assert page.address.query == {"crate": "alpha", "revision": "2"}
    assert 'href="ports?port=18020&amp;revision=2"' in page._details.object  # type: ignore[attr-defined]
    links = Links(pinned=2)
    assert "revision" not in links.query("SELECT 1", "x") + links.change(1, 2, "x")


def test_it_offers_nothing_that_changes_anything(open_page: Open) -> None:
    page = shown(open_page("ports", 2, "?port=18020"), PortsPage)
    live = PortsPage(page.wb)
    offered = [button.label for button in live.__panel__().select(pn.widgets.Button)]
    assert [label for label in offered if "ssign" in label]
    assert not page.__panel__().select(pn.widgets.Button)
    assert not page.__panel__().select(pn.widgets.PasswordInput)
    live.followers[0].stop()


def test_what_belongs_to_the_present_is_not_shown(open_page: Open) -> None:
    topology = shown(open_page("topology", 2, "?colour=health"), TopologyPage)
    assert topology.controls.coloring.value == "class"  # type: ignore[attr-defined]
    fleet = shown(open_page("fleet", 2, "?crate=alpha"), FleetPage)
    assert "nothing was seen" not in fleet._details.object  # type: ignore[attr-defined]


@pytest.mark.parametrize("revision", [99, 0])
def test_a_revision_that_cannot_be_had_is_said_with_a_way_on(open_page: Open, revision: int) -> None:
    pinned = open_page("topology", revision)
    assert pinned.page is None
    words = "There is no revision 99 yet" if revision else "Revision 0 is no longer kept"
    assert words in pinned._state.object
    assert "Kept are 1 to 3." in pinned._state.object
    assert '<a href="topology" data-now>Show the present</a>' in pinned._state.object


def test_a_revision_that_cannot_be_read_tells_nothing_of_why() -> None:
    assert "secret" not in gone_state(OSError("secret"), "fleet", 3)


def test_all_who_look_at_a_revision_share_it_and_few_are_held(
    archive: Archive, kept: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = archive.at(1).result(10)
    assert isinstance(first, Then)
    assert archive.at(1).result(10) is first
    for revision in (2, 3):
        archive.at(revision).result(10)
    assert archive.at(1).result(10) is first
    assert archive.at(kept.revision).result(10).wb.revision == kept.revision
    monkeypatch.setattr("workbench.dashboards.archive._KEPT_REVISIONS", 1)
    archive.at(2).result(10)
    assert archive.at(1).result(10) is not first
