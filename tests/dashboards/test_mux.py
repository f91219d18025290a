"""The Mux page by what it shows: services, merged topology, log, and what it says when there is nothing to show."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bokeh.models import ColumnDataSource

from tests.conftest import wait_for
from tests.mux.fake_mux import STATUS, FakeMux
from workbench import Workbench
from workbench.dashboards.links import Links
from workbench.dashboards.merged_card import MergedCard
from workbench.dashboards.mux_markup import health_markup, service_details, status_markup
from workbench.dashboards.mux_page import LINKS, MuxPage
from workbench.fleet.merged import Merged, MergedNode
from workbench.fleet.mux import MuxResult, MuxService, MuxTopology
from workbench.hub import Hub, HubOptions
from workbench.mux.follower import MuxOptions
from workbench.mux.view import MuxView

BAD = '<script>alert("x")</script>'


@pytest.fixture
def mux() -> Iterator[FakeMux]:
    with FakeMux({"/status": STATUS}) as server:
        yield server


@pytest.fixture
def page(fleet_dir: Path, write_manifest: Callable[..., Path], mux: FakeMux) -> Iterator[MuxPage]:
    write_manifest("vault", '[smart-crate]\nname = "vault"\nversion = "1"\n[ports]\nhttp_api = 18010\n')
    write_manifest("idle", '[smart-crate]\nname = "idle"\nversion = "1"\n[ports]\nhttp_api = 18020\n')
    options = MuxOptions(mux.url, interval=0.1, timeout=1.0, socket=False, longest_pause=0.2)
    with Hub([fleet_dir], HubOptions(beat=0.5, mux=options)) as hub:
        wait_for(lambda: hub.vitals.mux_view and hub.vitals.mux_view.is_live)
        wait_for(lambda: hub.vitals.health_of("vault"))
        page = MuxPage(Workbench(hub))
        yield page
        for follower in page.followers:
            follower.stop()


def test_services_come_worst_first_with_their_crates(page: MuxPage) -> None:
    shown = page.services.frame
    assert list(shown["name"]) == ["stray", "vault", "Universal Telemetry"]
    assert list(shown["health"]) == ["unhealthy", "degraded", "healthy"]
    assert list(shown["crate"]) == ["", "vault", ""]
    assert "it reports 99" in page._status.object


def test_the_merged_topology_and_its_choice(page: MuxPage) -> None:
    assert list(page.nodes.frame["standing"]) == [
        "seen-declared",
        "seen-undeclared",
        "seen-undeclared",
        "declared-unseen",
    ]
    page.standing.value = "declared-unseen"
    assert list(page.nodes.frame["crate"]) == ["idle"]
    page.shown.value = LINKS
    assert page.edges.widget.visible
    assert not page.nodes.widget.visible


def test_the_map_is_redrawn_only_when_it_differs(page: MuxPage, mux: FakeMux) -> None:
    figure = page.map.figure.object
    assert "1 seen and declared, 2 seen and undeclared" in page.map.said.object
    page.refresh()
    assert page.map.figure.object is figure
    mux.replies["/status"] = {"services": [{"id": "vault", "status": "ok"}]}
    wait_for(lambda: "1 seen and declared, 0 seen and undeclared" in page.map.said.object)
    assert page.map.figure.object is not figure


def test_of_a_large_fleet_the_map_has_what_is_seen() -> None:
    unseen = [MergedNode(f"crate:c{n}", "declared-unseen", f"c{n}", (), 18000 + n, None, None) for n in range(200)]
    seen = MergedNode("crate:a", "seen-declared", "a", ("a",), 17000, "healthy", "id")
    card = MergedCard()
    card.show(Merged((seen, *unseen), ()))
    assert "What is declared and unseen is not drawn." in card.said.object
    assert [s.data["name"] for s in card.figure.object.select({"type": ColumnDataSource}) if "note" in s.data] == [
        ["a"]
    ]


def test_the_pictures_show_what_is_followed(page: MuxPage) -> None:
    pictures, vitals = page.wb.pictures, page.wb.vitals
    told = "4 services and crates: 1 seen and declared, 2 seen and undeclared, 1 declared and unseen."
    assert pictures.seen_and_declared().said == told
    assert pictures.health("vault", hours=1).said.startswith(
        "The health of 1 crate in the last 1 h; least of all vault: 100.0%"
    )
    timeline = vitals.timeline(hours=1)
    assert list(timeline["state"]) == ["unknown", "degraded"]
    assert list(timeline["crate"]) == ["vault", "vault"]
    assert (timeline["end"] - timeline["start"]).sum().total_seconds() == pytest.approx(3600)
    assert [turn.state for turn in vitals.turns("vault")["vault"]] == ["degraded"]


def test_a_service_in_full(page: MuxPage) -> None:
    page.select("stray")
    assert "no crate of this fleet declares it" in page._details.object
    page.select("gone")
    assert "No service is selected" in page._details.object


def test_the_log_tells_what_happened(page: MuxPage, mux: FakeMux) -> None:
    assert "vault: new → degraded" in page._log.object
    mux.replies["/status"] = {"services": [{"id": "vault", "status": "ok"}]}
    wait_for(lambda: "vault: degraded → healthy" in page._log.object)


def test_away_is_said_and_nothing_is_green(page: MuxPage, mux: FakeMux) -> None:
    mux.stop()
    wait_for(lambda: "The Neural Mux is away" in page._status.object)
    told = ["was unhealthy", "was degraded", "was healthy"]
    wait_for(lambda: list(page.services.frame["health"]) == told)
    assert 'class="figure accent"' not in page._status.object
    mux.start()
    wait_for(lambda: "The Neural Mux is away" not in page._status.object)


def test_sample_data_is_not_green_either(page: MuxPage, mux: FakeMux) -> None:
    mux.replies["/status"] = {**STATUS, "mock": True}
    wait_for(lambda: "This looks like sample data" in page._status.object)
    told = ["unhealthy (sample)", "degraded (sample)", "healthy (sample)"]
    wait_for(lambda: list(page.services.frame["health"]) == told)


def test_without_a_mux_it_says_how_to_have_one(sample: Workbench) -> None:
    page = MuxPage(sample)
    assert list(page._stage) == [page._blank]
    assert "workbench serve --mux" in page._blank.object


def test_before_the_first_answer_it_says_why(fleet_dir: Path, write_manifest: Callable[..., Path]) -> None:
    write_manifest("alpha")
    with FakeMux() as gone:
        url = gone.url
    options = MuxOptions(url, interval=0.1, timeout=1.0, socket=False, longest_pause=0.2)
    with Hub([fleet_dir], HubOptions(beat=0.5, mux=options)) as hub:
        wait_for(lambda: hub.vitals.mux_view and hub.vitals.mux_view.phase == "away")
        page = MuxPage(Workbench(hub))
        assert "The Neural Mux does not answer" in page._blank.object
        assert url in page._blank.object
        for follower in page.followers:
            follower.stop()


def test_what_a_mux_says_is_escaped() -> None:
    service = MuxService(BAD, BAD, 1, "healthy", BAD, BAD, BAD, None, (BAD,))
    result = MuxResult((service,), MuxTopology(), BAD, 1.0, BAD, mock=(BAD,), notes=(BAD,))
    link = {"interval_seconds": 5.0, "socket": "off"}
    for view in (MuxView(BAD, "away", 1.0, result, BAD), MuxView(BAD, "live", 1.0, result, BAD)):
        assert "<script" not in status_markup(view, result, link)
    assert "<script" not in service_details(service, None, Links())
    model = {
        "state": "up", "source": "mux", "since": None, "seen_at": None, "history": [], "availability": {"share": 0.5},
        "evidence": [{"source": "mux", "state": "up", "is_fresh": False, "detail": BAD}],
    }  # fmt: skip
    assert "<script" not in health_markup(model)


def test_the_drawer_of_a_crate_tells_its_health(page: MuxPage) -> None:
    from workbench.dashboards.fleet_page import FleetPage

    fleet = FleetPage(page.wb)
    fleet.select("vault/smart-crate.toml")
    assert "the Mux says &#34;Degraded&#34;" in fleet._details.object
    fleet.select("idle/smart-crate.toml")
    assert "nothing was seen of it" in fleet._details.object
    for follower in fleet.followers:
        follower.stop()


def test_frames_for_notebooks(page: MuxPage) -> None:
    vitals = page.wb.vitals
    assert vitals.status()["total_services"] == 3
    assert list(vitals.health["crate"]) == ["vault"]
    assert vitals.health["state"][0] == "degraded"
    assert vitals.states() == {"vault": "degraded"}
    assert list(vitals.links.columns) == ["standing", "source", "target", "kind"]
    assert vitals.crate("idle")["state"] == "unknown"
