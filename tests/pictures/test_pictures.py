"""Pictures: what is drawn, that it is drawn alike each time, and that no name can disturb it."""

import struct
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.conftest import WriteManifest
from workbench import Workbench
from workbench.config import sample_fleet
from workbench.errors import ConfigurationError, ExportError, InvalidRequest, UnknownCrate
from workbench.pictures import Picture, Pictures

Take = Callable[[Pictures], Picture]
EVERY: dict[str, Take] = {
    "port map": lambda p: p.port_map(),
    "topology": lambda p: p.topology(),
    "findings by kind": lambda p: p.findings(),
    "findings by block": lambda p: p.findings("block"),
    "findings by class": lambda p: p.findings("class"),
    "thresholds": lambda p: p.qa_thresholds(),
    "matrix": lambda p: p.dependency_matrix(most=12),
    "seen and declared": lambda p: p.seen_and_declared(),
    "health": lambda p: p.health(until=1.8e9),
}


@pytest.fixture(scope="module")
def wb() -> Workbench:
    return Workbench.scan(sample_fleet())


def texts(picture: Picture) -> set[str]:
    """Return the texts of a picture: matplotlib draws letters as outlines, and notes each text beside them."""
    return texts_in(picture.svg())


def texts_in(svg: bytes) -> set[str]:
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.fromstring(svg.decode(), parser)
    return {str(item.text).strip() for item in root.iter() if item.tag is ElementTree.Comment}  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("take", EVERY.values(), ids=EVERY)
def test_a_picture_is_png_and_svg_and_the_same_each_time(wb: Workbench, take: Take) -> None:
    picture, again = take(wb.pictures), take(wb.pictures)
    png = picture.png()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", png[16:24])
    assert (width, height) == tuple(int(inches * 144) for inches in picture.size)
    assert png == again.png()
    svg = picture.svg()
    assert svg == again.svg()
    assert picture.title in texts_in(svg)
    assert repr(picture) == f"<{picture.title}: {picture.said}>"
    html = picture._repr_html_()
    assert html.startswith('<img alt="')
    assert "data:image/png;base64," in html


def test_the_port_map_shows_every_port(wb: Workbench) -> None:
    shown = texts(wb.pictures.port_map())
    assert {str(port) for port in wb.ports["port"]} <= shown
    assert {"Foundation and core", "conflict", "owned"} <= shown


def test_topology_shows_all_crates_or_a_neighbourhood(wb: Workbench) -> None:
    assert set(wb.crates["name"]) <= texts(wb.pictures.topology())
    near = texts(wb.pictures.topology("port-manager"))
    assert near & set(wb.crates["name"]) == {
        *wb.blast_radius("port-manager", depth=1).frame["crate"],
        *wb.blast_radius("port-manager", "down", depth=1).frame["crate"],
        "port-manager",
    }
    with pytest.raises(UnknownCrate, match="did you mean port-manager"):
        wb.pictures.topology("port-manger")
    with pytest.raises(InvalidRequest, match="at least 1 hop"):
        wb.pictures.topology("port-manager", hops=0)


def test_blast_radius_shows_who_is_hit(wb: Workbench) -> None:
    picture = wb.pictures.blast_radius("port-manager")
    answer = wb.blast_radius("port-manager")
    assert set(answer.frame["crate"]) | {"port-manager"} == texts(picture) & set(wb.crates["name"])
    assert picture.said == answer.explanation


def test_findings_count_what_there_is(wb: Workbench) -> None:
    shown = texts(wb.pictures.findings())
    assert set(wb.findings["kind"]) <= shown
    with pytest.raises(InvalidRequest, match="by kind, block, class, not by 'mood'"):
        wb.pictures.findings("mood")


def test_thresholds_are_not_called_measurements(wb: Workbench) -> None:
    picture = wb.pictures.qa_thresholds()
    assert "none of these is a measurement" in picture.said
    assert f"{wb.crates['minimum_score'].count()} of 54 crates set it; median 90" in texts(picture)


def test_the_matrix_leaves_out_what_everybody_shares(wb: Workbench) -> None:
    names = ("kiosk-web", "public-map-web")
    assert "foundation-core" in wb.pictures.dependency_matrix(*names).said
    assert "foundation-core" not in wb.pictures.dependency_matrix(*names, without=["foundation-core"]).said
    assert set(names) <= texts(wb.pictures.dependency_matrix(*names))


def test_hostile_names_are_drawn_as_they_are(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    names = ["$x^2$ and $y", "<script>a</script>", "größe", "--> ]]>", "数字"]
    for number, name in enumerate(names):
        write_manifest(
            f"c{number}",
            f"[smart-crate]\nname = '{name}'\n[ports]\nhttp = {18020 + number}\n[dependencies]\nx='{names[0]}'\n",
        )
    wb = Workbench.scan(fleet_dir)
    assert {"$x^2$ and $y", "größe", "数字"} <= texts(wb.pictures.topology())
    for picture in (wb.pictures.topology(), wb.pictures.dependency_matrix(), wb.pictures.blast_radius(names[1])):
        assert picture.png()
        ElementTree.fromstring(picture.svg())
        assert "<script>" not in picture._repr_html_()


@pytest.mark.parametrize("take", EVERY.values(), ids=EVERY)
def test_an_empty_fleet_has_pictures(fleet_dir: Path, take: Take) -> None:
    assert take(Workbench.scan(fleet_dir).pictures).png()


def test_a_picture_is_saved_by_its_ending(wb: Workbench, tmp_path: Path) -> None:
    picture = wb.pictures.findings()
    assert picture.save(tmp_path / "a.png").read_bytes() == picture.png()
    assert picture.save(tmp_path / "a.SVG").read_bytes() == picture.svg()
    assert b"<h1>Findings by kind</h1>" in picture.save(tmp_path / "a.html").read_bytes()
    with pytest.raises(ExportError, match=r'a picture cannot end in "\.gif"; it can in \.png, \.svg, \.html'):
        picture.save(tmp_path / "a.gif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.SVG", "a.html", "a.png"]


def test_without_matplotlib_it_is_said_what_to_install(wb: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'ctas7-workbench\[pictures\]'"):
        _ = wb.pictures
