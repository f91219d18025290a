"""The interactive pictures: the same data as the still ones, in a page that asks nobody for anything."""

import json
import re
from collections.abc import Callable, Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from bokeh.models import ColumnDataSource
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from tests.conftest import WriteManifest
from tests.pictures.test_pictures import EVERY, Take
from workbench import Workbench
from workbench.config import sample_fleet
from workbench.dashboards.charts.crate_map import heat, topology_map
from workbench.dashboards.charts.crate_map_figure import crate_map_figure
from workbench.dashboards.charts.finding_bars import finding_bars
from workbench.dashboards.charts.finding_counts import finding_counts
from workbench.dashboards.charts.health_figure import health_figure
from workbench.dashboards.charts.health_rows import health_rows
from workbench.dashboards.charts.matrix_figure import matrix_figure
from workbench.dashboards.charts.merged_map import merged_map
from workbench.dashboards.charts.thresholds import Threshold
from workbench.errors import InvalidRequest, UnknownCrate
from workbench.fleet.analysis.sharing import shared_dependencies
from workbench.fleet.health import STATES, Turn, spans
from workbench.fleet.merged import merge
from workbench.fleet.mux import MuxLink, MuxResult, MuxService, MuxTopology
from workbench.pictures.crate_map import map_picture
from workbench.pictures.health import health_picture

END = 1_800_000_000.0
DAY = 86_400.0
SERVICES = (
    MuxService("sx9-gateway-edge", "gateway", 18600, "healthy", "ok"),
    MuxService("port-manager", "pm", 18103, "degraded", "slow"),
    MuxService("shadow-cache", "shadow-cache", 19555, "healthy", "up"),
)
LINKS = (MuxLink("sx9-gateway-edge", "port-manager"), MuxLink("sx9-gateway-edge", "shadow-cache"))


@pytest.fixture(scope="module")
def wb() -> Workbench:
    return Workbench.scan(sample_fleet())


@pytest.fixture(scope="module")
def seen() -> MuxResult:
    return MuxResult(SERVICES, MuxTopology(SERVICES, LINKS), "/status", END)


def rows_of(figure: Any, columns: Iterable[str]) -> list[tuple[Any, ...]]:
    """Return the rows of all data sources of a figure that have some columns."""
    wanted = tuple(columns)
    sources = [s for s in figure.select({"type": ColumnDataSource}) if set(wanted) <= set(s.data)]
    return sorted({row for s in sources for row in zip(*(s.data[name] for name in wanted), strict=True)})


@pytest.mark.parametrize("take", EVERY.values(), ids=EVERY)
def test_a_picture_is_a_page_that_needs_no_network(wb: Workbench, take: Take) -> None:
    picture = take(wb.pictures)
    page = picture.html().decode()
    assert f"<h1>{picture.title}</h1>" in page
    assert not re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="', page)
    (found,) = re.findall(r'<script type="application/json"[^>]*>\s*(.*?)\s*</script>', page, re.DOTALL)
    (document,) = json.loads(found).values()
    assert len(document["roots"]) == 1


@pytest.mark.parametrize("take", EVERY.values(), ids=EVERY)
def test_a_notebook_shows_it_with_its_words(wb: Workbench, take: Take) -> None:
    picture = take(wb.pictures)
    words, pane = picture.interactive()
    assert words.object == str(Markup("<b>{}</b><br>{}").format(picture.title, picture.said))
    assert type(words.object) is str, "Panel shows Markup as text"
    assert pane.object is not None


@pytest.mark.parametrize("by", ["kind", "block", "class"])
def test_bars_are_as_long_as_there_are_findings(wb: Workbench, by: str) -> None:
    counts = finding_counts(wb.snapshot, by)
    assert rows_of(finding_bars(counts), ("group", "error", "warning", "hint")) == sorted(
        (group, found["error"], found["warning"], found["hint"]) for group, found in counts.groups.items()
    )
    if by == "kind":
        assert sum(found.total() for found in counts.groups.values()) == len(wb.findings)


def test_a_matrix_names_what_two_crates_share(wb: Workbench) -> None:
    answer = shared_dependencies(wb.snapshot, "kiosk-web", "public-map-web")
    rows = {
        (one, other): (n, which)
        for one, other, n, which in rows_of(matrix_figure(answer), ("one", "other", "shared", "which"))
    }
    assert rows["kiosk-web", "public-map-web"] == (4, "foundation-core, public-ingress, sx9-tile-server, ui-tokens")
    assert rows["kiosk-web", "kiosk-web"][0] == answer.matrix[0][0]


def test_a_topology_has_every_crate_and_every_lean(wb: Workbench) -> None:
    drawn = topology_map(wb.snapshot)
    assert [name for (name, _) in rows_of(crate_map_figure(drawn), ("name", "note"))] == sorted(set(wb.crates["name"]))
    assert set(drawn.positions) == set(drawn.names) == set(drawn.colors) == set(drawn.notes)


def test_seen_and_declared_are_told_apart(wb: Workbench, seen: MuxResult) -> None:
    merged = merge(wb.snapshot, seen)
    drawn = merged_map(merged)
    standing = {drawn.names[key]: note.partition(" · ")[0] for key, note in drawn.notes.items()}
    assert {name: standing[name] for name in ("port-manager", "shadow-cache", "hashing-engine")} == {
        "port-manager": "seen and declared",
        "shadow-cache": "seen and undeclared",
        "hashing-engine": "declared and unseen",
    }
    assert {drawn.names[key] for key in drawn.hollow} == {
        n for n, word in standing.items() if word == "declared and unseen"
    }
    assert drawn.links["seen-declared"] == [("crate:sx9-gateway-edge", "crate:port-manager")]
    assert drawn.links["seen-undeclared"] == [("crate:sx9-gateway-edge", "service:shadow-cache")]
    assert drawn.said == "35 services and crates: 2 seen and declared, 1 seen and undeclared, 32 declared and unseen."
    only = merged_map(merged, unseen=False)
    assert set(only.names.values()) == {"sx9-gateway-edge", "port-manager", "shadow-cache"}
    assert map_picture(only).svg() == map_picture(only).svg()
    assert merged_map(None).said == "No Neural Mux has answered yet, so that nothing is seen."


def test_health_is_shown_as_it_was(wb: Workbench) -> None:
    turns = {
        "steady": [Turn(END - 2 * DAY, "healthy", "mux", "fine")],
        "shaky": [
            Turn(END - DAY / 2, "healthy", "http-probe", "ok"),
            Turn(END - DAY / 4, "unhealthy", "http-probe", "HTTP 500"),
        ],
        "unknown": [Turn(END - DAY / 2, "unknown", None, "nothing is known of it")],
    }
    found = health_rows(turns, END - DAY, END)
    assert [(row.crate, row.note) for row in found.rows] == [
        ("shaky", "50.0%"),
        ("steady", "100.0%"),
        ("unknown", "nothing known"),
    ]
    assert found.explanation == "The health of 3 crates in the last 24 h; least of all shaky: 50.0% of the known time."
    ((crate, seconds, by, detail),) = [
        row for row in rows_of(health_figure(found), ("crate", "seconds", "by", "detail")) if row[3] == "HTTP 500"
    ]
    assert (crate, seconds, by, detail) == ("shaky", DAY / 4, "http-probe", "HTTP 500")
    assert health_picture(found).png() == health_picture(found).png()
    with pytest.raises(InvalidRequest, match="above 0 hours"):
        wb.pictures.health(hours=0)
    with pytest.raises(UnknownCrate, match="did you mean port-manager"):
        wb.pictures.health("port-manger")


MOMENTS = st.floats(0, 1000)


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(STATES))), MOMENTS, MOMENTS)
def test_spans_fill_the_time_and_say_the_state_of_each_moment(raw: list[tuple[float, Any]], a: float, b: float) -> None:
    start, end = sorted((a, b))
    turns = [Turn(at, state, None, "") for at, state in sorted(raw)]
    found = spans(turns, start, end)
    edges = [span.start for span in found] + [end]
    assert edges == sorted(set(edges)) if found else start == end
    assert not found or (found[0].start, found[-1].end) == (start, end)
    assert all(one.end == other.start for one, other in pairwise(found))
    for span in found:
        middle = (span.start + span.end) / 2
        before = [turn.state for turn in turns if turn.at <= middle]
        assert middle in (span.start, span.end) or span.state == (before[-1] if before else "unknown")


@given(st.lists(st.floats(-1e6, 1e6), min_size=1).map(sorted))
def test_bins_count_every_value_once(values: list[float]) -> None:
    bins = Threshold("x", values, len(values)).bins
    assert sum(found.crates for found in bins) == len(values)
    assert bins[0].start <= values[0]
    assert bins[-1].end >= values[-1] - 1e-6


def test_heat_goes_from_green_through_yellow_to_red() -> None:
    assert (heat(0.0), heat(0.5), heat(1.0)) == ("#4ade80", "#facc15", "#f87171")


def test_no_name_can_disturb_a_page(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    names = ["</script><script>alert(1)</script>", "$$x^2$$", "größe"]
    for number, name in enumerate(names):
        write_manifest(
            f"c{number}", f"[smart-crate]\nname = '{name}'\nclassification = '{name}'\n[dependencies]\nx='{names[0]}'\n"
        )
    wb = Workbench.scan(fleet_dir)
    drawings: list[Callable[[], Any]] = [
        wb.pictures.topology,
        wb.pictures.dependency_matrix,
        lambda: wb.pictures.blast_radius(names[0]),
    ]
    for draw in drawings:
        assert b"alert(1)</script>" not in draw().html()
