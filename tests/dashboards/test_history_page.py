"""The history page: the timeline, two revisions compared, and what is said where nothing is kept."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from workbench import Workbench
from workbench.dashboards.address import Address
from workbench.dashboards.archive import Archive
from workbench.dashboards.history_markup import change_markup
from workbench.dashboards.history_page import HistoryPage
from workbench.dashboards.links import Links


@pytest.fixture
def show(wait_for: Callable[..., None]) -> Iterator[Callable[..., HistoryPage]]:
    made: list[HistoryPage] = []

    def show(wb: Workbench, search: str = "") -> HistoryPage:
        page = HistoryPage(wb, address=Address(SimpleNamespace(search=search)))
        made.append(page)
        wait_for(lambda: "Comparing" not in page._details.object)
        return page

    yield show
    for page in made:
        for follower in page.followers:
            follower.stop()


def test_the_newest_two_are_compared_at_first(kept: Workbench, show: Callable[..., HistoryPage]) -> None:
    page = show(kept)
    assert list(page.table.frame["revision"]) == [3, 2, 1]
    assert (page.older.value, page.newer.value) == (2, 3)
    assert "Revision 2 to 3" in page._details.object
    assert "<dt>version</dt><dd><del>1.0.0</del> <ins>2.0.0</ins></dd>" in page._details.object
    assert page.address.query == {}
    assert list(page.chart.rows.data["revision"]) == [1, 2, 3]


def test_any_two_are_compared_and_stand_in_the_address(
    kept: Workbench, show: Callable[..., HistoryPage], wait_for: Callable[..., None]
) -> None:
    page = show(kept, "?from=1&to=2")
    assert '<span class="chip good">added</span> <a class="" href="fleet?crate=beta">' in page._details.object
    assert '<a class="" href="fleet?revision=1">The fleet at revision 1</a>' in page._details.object
    assert "Findings that appeared (1)" in page._details.object
    assert "owner-collision" in page._details.object
    page.older.value = 3
    wait_for(lambda: "Revision 3 to 2" in page._details.object)
    assert page.address.query == {"from": "3", "to": "2"}
    assert "Findings that appeared (0)" in page._details.object


def test_a_row_shows_what_its_revision_changed(
    kept: Workbench, show: Callable[..., HistoryPage], wait_for: Callable[..., None]
) -> None:
    page = show(kept)
    page.table.widget.selection = [1]
    wait_for(lambda: "Revision 1 to 2" in page._details.object)
    assert page.table.selected == 2


def test_a_new_revision_is_shown_by_itself(
    kept: Workbench, show: Callable[..., HistoryPage], wait_for: Callable[..., None], fleet_dir: Path
) -> None:
    page = show(kept)
    pinned = show(kept, "?from=1&to=2")
    (fleet_dir / "beta" / "smart-crate.toml").unlink()
    wait_for(lambda: "Revision 3 to 4" in page._details.object)
    assert "removed" in page._details.object
    wait_for(lambda: len(pinned.table.frame) == 4)
    assert "Revision 1 to 2" in pinned._details.object


@pytest.mark.parametrize("search", ["?from=0&to=2", "?from=1&to=77"])
def test_what_is_not_kept_is_said_so(kept: Workbench, show: Callable[..., HistoryPage], search: str) -> None:
    assert 'role="alert"' in show(kept, search)._details.object


def test_without_a_state_file_there_is_the_present_alone(sample: Workbench, show: Callable[..., HistoryPage]) -> None:
    page = show(sample)
    assert "keeps no state file" in page._details.object
    assert list(page.table.frame["revision"]) == [1]


def test_the_archive_reads_once(kept: Workbench) -> None:
    archive = Archive(kept)
    assert archive.revisions() is archive.revisions()
    assert archive.change(1, 2) is archive.change(1, 2)
    failed = archive.change(1, 99)
    assert failed.exception(10) is not None
    assert archive.change(1, 99) is not failed


def test_what_manifests_say_is_escaped() -> None:
    bad = "<script>x</script>"
    crate = {"action": "changed", "name": bad, "path": bad, "fields": {bad: {"old": bad, "new": [bad]}}}
    change = {"from": 1, "to": 2, "crates": [crate], "ports": [], "appeared": [], "vanished": []}
    assert "<script" not in change_markup(change, Links())
