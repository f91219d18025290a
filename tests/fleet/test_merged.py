"""The topology of a Mux laid over the slot graph."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.fleet.manifest import parse_manifest
from workbench.fleet.merged import STANDINGS, MergedLink, MergedNode, merge
from workbench.fleet.mux import MuxLink, MuxResult, MuxService, MuxTopology
from workbench.fleet.snapshot import Snapshot

TEXTS = {
    "a": '[smart-crate]\nname = "sx9-alpha"\nversion = "1"\n[metadata]\ncloned_from = "old-alpha"\n'
    '[ports]\nhttp_api = 18010\n[dependencies]\nb = "beta"\n',
    "b": '[smart-crate]\nname = "beta"\nversion = "1"\n[ports]\nhttp_api = 18020\ngamma = 18030\n',
    "c": '[smart-crate]\nname = "gamma"\nversion = "1"\n[ports]\nhttp_api = 18030\n',
    "d": '[smart-crate]\nname = "library"\nversion = "1"\n',
}
FLEET = Snapshot().apply({
    f"{name}/smart-crate.toml": parse_manifest(f"{name}/smart-crate.toml", text.encode())
    for name, text in TEXTS.items()
})  # fmt: skip


def seen(*services: MuxService, links: tuple[MuxLink, ...] = ()) -> MuxResult:
    return MuxResult(services, MuxTopology(services, links), "/status", 0.0)


def test_each_standing() -> None:
    merged = merge(
        FLEET,
        seen(
            MuxService("old-alpha", "whatever", 1, "healthy"),
            MuxService("x", "by its port", 18020, "degraded"),
            MuxService("stray", "stray", 19999, "unhealthy"),
            links=(MuxLink("old-alpha", "x", "http"), MuxLink("stray", "sx9-alpha", "grpc")),
        ),
    )
    assert merged.nodes == (
        MergedNode("crate:beta", "seen-declared", "beta", ("x",), 18020, "degraded", "port"),
        MergedNode("crate:sx9-alpha", "seen-declared", "sx9-alpha", ("old-alpha",), 1, "healthy", "id"),
        MergedNode("service:stray", "seen-undeclared", None, ("stray",), 19999, "unhealthy", None),
        MergedNode("crate:gamma", "declared-unseen", "gamma", (), 18030, None, None),
    )
    assert merged.links == (
        MergedLink("crate:sx9-alpha", "crate:beta", "seen-declared", "http"),
        MergedLink("service:stray", "crate:sx9-alpha", "seen-undeclared", "grpc"),
        MergedLink("crate:beta", "crate:gamma", "declared-unseen", "REFERENCES"),
    )


def test_a_crate_that_runs_twice_is_one_node() -> None:
    merged = merge(FLEET, seen(MuxService("beta", "beta", 1, "healthy"), MuxService("beta:2", "beta", 2, "unhealthy")))
    assert merged.nodes[0] == MergedNode("crate:beta", "seen-declared", "beta", ("beta", "beta:2"), 1, "degraded", "id")


WORDS = st.sampled_from(["alpha", "old-alpha", "beta", "gamma", "library", "stray", "x9"])
SERVICES = st.lists(st.builds(MuxService, WORDS, WORDS, st.sampled_from([None, 18010, 18020, 5])), max_size=6)
LINKS = st.lists(st.builds(MuxLink, WORDS, WORDS), max_size=6)


@given(SERVICES, LINKS)
def test_nothing_is_lost_and_nothing_twice(services: list[MuxService], links: list[MuxLink]) -> None:
    merged = merge(FLEET, seen(*services, links=tuple(links)))
    ids = [node.id for node in merged.nodes]
    assert len(ids) == len(set(ids))
    assert {f"crate:{name}" for name in ("sx9-alpha", "beta", "gamma")} <= set(ids)
    assert {service for node in merged.nodes for service in node.services} == {item.id for item in services}
    pairs = [(link.source, link.target) for link in merged.links]
    assert len(pairs) == len(set(pairs))
    assert {("crate:sx9-alpha", "crate:beta"), ("crate:beta", "crate:gamma")} <= set(pairs)
    assert {item.standing for item in (*merged.nodes, *merged.links)} <= set(STANDINGS)
