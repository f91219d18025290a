"""Back and forward: a page that is open takes up what its address says, all of it and nothing else."""

from collections.abc import Callable
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest

from workbench import Workbench
from workbench.dashboards import (
    AuditPage,
    DeploymentsPage,
    EventsPage,
    FindingsPage,
    FleetPage,
    HistoryPage,
    MuxPage,
    PortsPage,
    SqlPage,
    TopologyPage,
)
from workbench.dashboards.address import Address
from workbench.dashboards.page import Page

# Not every control stands in the words of these addresses alone: together they name each that there is.
ADDRESSES: list[tuple[Callable[..., Page], str]] = [
    (FleetPage, "?q=gate&class=gateway&findings=1&crate=public-ingress&where.name=pub&where.ports=44"),
    (FleetPage, "?manifest=geo/contour-lab/smart-crate.toml"),
    (FleetPage, "?crate=drill-simulator&sort=-errors,name&page=2"),
    (PortsPage, "?port=3000&severity=error&kind=owner-collision&muted=1&where.crates=web&muted.message=a&muted.sort=kind"),
    (PortsPage, "?sort=ports&page=3"),
    (TopologyPage, "?node=crate:port-manager&q=a&mode=up&focus=port-manager&hops=2&class=gateway&colour=health"
                   "&highlight=cycles&nodes=crate,port&edges=REFERENCES"),
    (TopologyPage, "?mode=path&focus=console-web&to=port-manager"),
    (FindingsPage, "?q=port&severity=error&kind=owner-collision&where.code=SC1"),
    (FindingsPage, "?muted=1&finding=nothing"),
    (FindingsPage, "?sort=-code&page=2"),
    (EventsPage, "?q=crate&topic=crates&seq=3&where.type=added&sort=words"),
    (DeploymentsPage, "?q=web&state=failed&id=7&sort=-crate"),
    (SqlPage, "?sql=SELECT 1 AS one, 2 AS two&chart=bars&x=one&y=two"),
    (HistoryPage, "?from=0&to=1&sort=errors"),
    (AuditPage, "?outcome=refused&where.actor=operator&sort=-at"),
]  # fmt: skip


def page_at(make: Callable[..., Page], wb: Workbench, search: str) -> tuple[Page, Address]:
    address = Address(SimpleNamespace(search=search))
    return make(wb, address=address), address


def written(page: Page) -> dict[str, str]:
    """Return the query that a page would write for what its controls say."""
    page._write_address()  # type: ignore[attr-defined]
    return dict(page.address.query)


def query_of(search: str) -> dict[str, str]:
    return dict(parse_qsl(search.removeprefix("?")))


@pytest.mark.parametrize(("make", "search"), ADDRESSES)
def test_an_open_page_takes_up_the_address_that_the_browser_goes_to(
    sample: Workbench, make: Callable[..., Page], search: str
) -> None:
    page, address = page_at(make, sample, "")
    if make is AuditPage:
        page._ask = lambda: SimpleNamespace(scopes={"admin"})  # type: ignore[attr-defined]
        page.refresh()
    usual = written(page)
    address.go(search)
    assert dict(address.query) == query_of(search), "restoring writes nothing"
    assert written(page) == query_of(search)
    address.go("")
    assert written(page) == usual
    for follower in page.followers:
        follower.stop()


@pytest.mark.parametrize(("make", "search"), [item for item in ADDRESSES if item[0] is not AuditPage])
def test_a_page_that_is_opened_at_an_address_says_the_same(
    sample: Workbench, make: Callable[..., Page], search: str
) -> None:
    page, _ = page_at(make, sample, search)
    assert written(page) == query_of(search)
    for follower in page.followers:
        follower.stop()


def test_the_mux_page_takes_up_its_address(sample: Workbench) -> None:
    page, address = page_at(MuxPage, sample, "")
    search = "?service=vault&show=who leans on whom&standing=seen-declared&where.name=a&nodes.crate=b&links.source=c&sort=-name&links.sort=kind"
    address.go(search)
    assert written(page) == query_of(search)
    page.followers[0].stop()


def test_what_the_page_wrote_itself_is_no_news(sample: Workbench) -> None:
    page, address = page_at(FleetPage, sample, "")
    moves: list[str] = []
    address.on_move(lambda: moves.append("moved"))
    page.classification.value = "gateway"  # type: ignore[attr-defined]
    address.go("?class=gateway")
    assert moves == []
    address.go("?class=nobody")
    assert moves == ["moved"]
    assert page.classification.value == "all classes"  # type: ignore[attr-defined]
    page.followers[0].stop()
