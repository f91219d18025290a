"""Details as markup: what they tell, and that text of manifests stays text."""

from collections.abc import Callable
from pathlib import Path

import pytest

from workbench import Workbench
from workbench.dashboards.crate_details import manifest_details
from workbench.dashboards.fleet_markup import overview_markup
from workbench.dashboards.links import Links
from workbench.dashboards.node_details import node_details
from workbench.dashboards.port_details import port_details, sister_markup
from workbench.dashboards.source_listing import source_listing
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot

BAD = "<script>x</script>"


def test_details_of_a_crate(snapshot: Snapshot) -> None:
    text = manifest_details("gateway/edge/smart-crate.toml", snapshot, Links())
    for part in (
        "sx9-gateway-edge",
        "not measured",
        "public-ingress",
        'href="ports?port=18020"',
        "ports.hashing_engine",
    ):
        assert part in text
    assert text.count('<li class="error">') + text.count('<li class="warning">') > 3


def test_details_of_a_broken_manifest_mark_the_line(snapshot: Snapshot) -> None:
    text = manifest_details("geo/contour-lab/smart-crate.toml", snapshot, Links())
    assert "No crate can be read here" in text
    assert '<li class="error">' in text


def test_a_manifest_that_is_gone_is_called_gone(snapshot: Snapshot) -> None:
    assert "no longer exists" in manifest_details("nowhere.toml", snapshot, Links())


def test_nothing_is_linked_in_a_notebook(snapshot: Snapshot) -> None:
    links = Links(is_linked=False)
    text = manifest_details("gateway/edge/smart-crate.toml", snapshot, links) + overview_markup(snapshot, links)
    assert "<a " not in text


def test_markup_in_manifests_is_escaped_everywhere(fleet_dir: Path, write_manifest: Callable[..., Path]) -> None:
    write_manifest(
        "bad",
        f'[smart-crate]\nname = "{BAD}"\nversion = "{BAD}"\nclassification = "{BAD}"\nfoundation = "{BAD}x"\n'
        f'description = "{BAD}"\n[ports]\n"{BAD}" = 18077\n[dependencies]\n"{BAD}" = "{BAD}y"\n[endpoints]\nhealth = "{BAD}"\n',
    )
    snapshot = Workbench.scan(fleet_dir).snapshot
    wb = Workbench.scan(fleet_dir)
    parts = [
        manifest_details("bad/smart-crate.toml", snapshot, Links()),
        overview_markup(snapshot, Links()),
        port_details(wb.port(18077), Links()),
        node_details(f"crate:{BAD}", snapshot, Links()),
        source_listing(BAD, "a", ()),
    ]
    assert all("<script" not in part for part in parts)
    assert all("&lt;script&gt;" in parts[i] for i in (0, 2, 3, 4))


@pytest.mark.parametrize(
    ("port", "words"),
    [(18000, "50768"), (32767, "65535"), (32768, "above 65535"), (50051, "82819"), (None, "Type a port")],
)
def test_the_sister_of_a_port_is_explained(port: int | None, words: str) -> None:
    assert words in sister_markup(port, PortPlan(), Links())


def test_a_long_manifest_is_cut_and_says_so() -> None:
    listing = source_listing("\n".join(f"k{n} = 1" for n in range(1000)), "a", ())
    assert listing.count("<li") == 800
    assert "200 more lines" in listing
