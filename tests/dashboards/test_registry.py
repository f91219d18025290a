"""The registry's rows and its filter."""

from workbench.dashboards.registry import RegistryFilter, classes, matching, registry
from workbench.fleet.snapshot import Snapshot


def test_every_crate_and_every_broken_manifest_has_a_row(snapshot: Snapshot) -> None:
    frame = registry(snapshot)
    assert len(frame) == 56
    assert list(frame.index[:2]) == ["geo/contour-lab/smart-crate.toml", "orbital/antenna-survey/smart-crate.toml"]
    assert list(frame["state"][:2]) == ["broken", "broken"]


def test_a_row_tells_what_the_manifest_states(snapshot: Snapshot) -> None:
    row = registry(snapshot).loc["gateway/edge/smart-crate.toml"]
    assert (row["name"], row["ports"], row["errors"], row["warnings"]) == (
        "sx9-gateway-edge",
        "18020 18021 18022",
        1,
        4,
    )
    assert (row["slsa"], row["retrofit"], row["state"]) == ("3", "2025-10-18", "ok")


def test_the_frame_is_made_once_for_a_revision(snapshot: Snapshot) -> None:
    assert registry(snapshot) is registry(snapshot)


def test_words_are_all_searched_for_in_any_column_and_any_case(snapshot: Snapshot) -> None:
    found = matching(registry(snapshot), RegistryFilter(text="GATEWAY 18024"))
    assert list(found["name"]) == ["ctas7-field-gateway"]


def test_text_is_no_pattern(snapshot: Snapshot) -> None:
    assert matching(registry(snapshot), RegistryFilter(text="[.*(")).empty


def test_class_and_findings_filter(snapshot: Snapshot) -> None:
    found = matching(registry(snapshot), RegistryFilter(classification="data", only_findings=True))
    assert set(found["class"]) == {"data"}
    assert (found["errors"] + found["warnings"] + found["hints"] > 0).all()
    assert "data" in classes(snapshot)


def test_an_empty_fleet_has_no_rows() -> None:
    frame = registry(Snapshot())
    assert frame.empty
    assert matching(frame, RegistryFilter("x", "y", True)).empty
