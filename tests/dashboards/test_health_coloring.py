"""The slot graph coloured by health: never a green without how many, and how old what it rests on is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import wait_for
from tests.mux.fake_mux import FakeMux
from workbench import Workbench
from workbench.dashboards import TopologyPage
from workbench.dashboards.address import Address
from workbench.dashboards.cartography import Cartographer
from workbench.dashboards.coloring import Scene, colored
from workbench.dashboards.graph_marks import NO_MARKS
from workbench.dashboards.health_coloring import HEALTH_COLORS, Note, health_name
from workbench.dashboards.node_details import legend_markup
from workbench.dashboards.slot_view import SlotView
from workbench.dashboards.theme import BAD, GOOD
from workbench.fleet.health import STATES, Health, State
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub, HubOptions
from workbench.mux.follower import MuxOptions


def board_of(**states: State) -> dict[str, Health]:
    """The health of crates, each last seen a second after the one before."""
    return {name: Health(name, state, 0.0, "mux", 100.0 + n) for n, (name, state) in enumerate(states.items())}


def group_of(*crates: str) -> dict[str, object]:
    return {"type": "group", "label": "some", "crates": crates}


def test_every_state_has_a_colour_and_only_healthy_is_green() -> None:
    assert set(HEALTH_COLORS) == set(STATES)
    assert [state for state, color in HEALTH_COLORS.items() if color == GOOD] == ["healthy"]


@pytest.mark.parametrize(
    ("states", "name"),
    [
        ({"a": "healthy", "b": "healthy"}, "healthy"),
        ({"a": "healthy", "b": "up"}, "up"),
        ({"a": "healthy"}, "unknown"),
        ({"a": "healthy", "b": "silent"}, "unknown"),
        ({"a": "degraded", "b": "silent"}, "degraded"),
        ({"a": "unhealthy", "b": "degraded"}, "unhealthy"),
        ({}, "unknown"),
    ],
)
def test_a_group_is_no_better_than_its_members(states: dict[str, State], name: str) -> None:
    assert health_name(group_of("a", "b"), board_of(**states)) == name


def test_a_group_without_crates_is_no_green() -> None:
    assert health_name(group_of(), board_of(a="healthy")) == "unknown"


def test_the_legend_tells_how_many_and_how_old(snapshot: Snapshot) -> None:
    chart = Cartographer().chart(snapshot, SlotView())
    board = board_of(**{"port-manager": "healthy", "console-web": "healthy", "public-ingress": "unhealthy"})
    colors = colored(chart, Scene(snapshot, board), "health")
    assert list(colors.legend) == ["unhealthy", "healthy", "unknown"]
    assert colors.notes == {"unhealthy": Note(1, 102.0), "healthy": Note(2, 100.0), "unknown": Note(51, None)}
    assert (colors.of["crate:port-manager"], colors.of["crate:public-ingress"]) == (GOOD, BAD)
    legend = legend_markup(chart, colors, NO_MARKS)
    assert 'healthy <b>2</b><small class="quiet">, oldest seen <span data-since="100.0"' in legend
    assert 'unknown <b>51</b><small class="quiet">, never seen' in legend
    assert "healthy: 2, oldest seen 1970-01-01T00:01:40" in next(name for name in colors.told if "healthy: 2" in name)


@pytest.mark.parametrize("mode", ["by-class", "by-directory"])
def test_groups_know_the_crates_that_they_stand_for(snapshot: Snapshot, mode: str) -> None:
    chart = Cartographer().chart(snapshot, SlotView(mode=mode))
    every = [crate for data in chart.slice.nodes.values() for crate in data["crates"]]
    assert sorted(every) == sorted(crate.name for crate in snapshot.crates)


@pytest.fixture
def mux() -> Iterator[FakeMux]:
    with FakeMux({"/status": {"services": [{"id": "vault", "status": "ok"}]}}) as server:
        yield server


@pytest.fixture
def page(fleet_dir: Path, write_manifest: Callable[..., Path], mux: FakeMux) -> Iterator[TopologyPage]:
    write_manifest("vault", '[smart-crate]\nname = "vault"\nversion = "1"\n[ports]\nhttp_api = 18010\n')
    write_manifest("idle", '[smart-crate]\nname = "idle"\nversion = "1"\n')
    options = MuxOptions(mux.url, interval=0.1, timeout=1.0, socket=False, longest_pause=0.2)
    with Hub([fleet_dir], HubOptions(beat=0.5, mux=options)) as hub:
        wait_for(lambda: hub.vitals.health_of("vault"))
        page = TopologyPage(Workbench(hub), address=Address(SimpleNamespace(search="?colour=health")))
        yield page
        for follower in page.followers:
            follower.stop()


def color_of(page: TopologyPage, crate: str) -> str:
    columns = page.figure.nodes.data
    return str(columns["color"][list(columns["label"]).index(crate)])


def test_the_graph_follows_the_health_of_its_crates(page: TopologyPage, mux: FakeMux) -> None:
    assert (color_of(page, "vault"), color_of(page, "idle")) == (GOOD, HEALTH_COLORS["unknown"])
    assert "healthy <b>1</b>" in page._legend.object
    mux.replies["/status"] = {"services": [{"id": "vault", "status": "failing"}]}
    wait_for(lambda: color_of(page, "vault") == BAD)
    assert "unhealthy <b>1</b>" in page._legend.object
    assert any("unhealthy" in known for known in page.figure.nodes.data["known"])


def test_the_age_in_the_legend_is_that_of_the_newest_look(page: TopologyPage) -> None:
    """What is seen again as it was makes no event; the page asks by itself."""
    before = page._legend.object

    def has_followed() -> bool:
        page._tick()
        return bool(page._legend.object != before)

    wait_for(has_followed)
    assert "healthy <b>1</b>" in page._legend.object
