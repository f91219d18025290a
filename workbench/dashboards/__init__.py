"""The dashboards: pages over a `Workbench`, served to browsers or shown inline in a notebook."""

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from workbench.dashboards.address import Address
from workbench.dashboards.archive import Archive, Then
from workbench.dashboards.audit_page import AuditPage
from workbench.dashboards.cartography import Cartographer
from workbench.dashboards.deployments_page import DeploymentsPage
from workbench.dashboards.event_rows import EventRows
from workbench.dashboards.events_page import EventsPage
from workbench.dashboards.findings_page import FindingsPage
from workbench.dashboards.fleet_page import FleetPage
from workbench.dashboards.frame import framed
from workbench.dashboards.history_page import HistoryPage
from workbench.dashboards.links import HIGHEST_REVISION, PINNABLE
from workbench.dashboards.live import Feed
from workbench.dashboards.mux_page import MuxPage
from workbench.dashboards.page import Page
from workbench.dashboards.page_caller import page_caller
from workbench.dashboards.page_scripts import PageScripts
from workbench.dashboards.pinned import PinnedPage
from workbench.dashboards.ports_page import PortsPage
from workbench.dashboards.sql_page import SqlPage
from workbench.dashboards.topology_page import TopologyPage
from workbench.security.access import AccessRules
from workbench.security.tokens import Tokens
from workbench.workbench import Workbench

__all__ = [
    "AuditPage",
    "DeploymentsPage",
    "EventsPage",
    "FindingsPage",
    "FleetPage",
    "HistoryPage",
    "MuxPage",
    "Pages",
    "PortsPage",
    "SqlPage",
    "TopologyPage",
    "page_functions",
    "served_page_functions",
]


class Pages:
    """The pages over a workbench, for notebooks: `Pages(wb).fleet()`, `.ports()`, `.topology()` and the others."""

    def __init__(self, wb: Workbench) -> None:
        pn.extension("tabulator")
        self._wb = wb
        self._feed = Feed(wb)

    def fleet(self) -> FleetPage:
        """Return the figures, the registry and the details of crates."""
        return FleetPage(self._wb, self._feed)

    def ports(self) -> PortsPage:
        """Return the port map, the findings about ports and the sister calculator."""
        return PortsPage(self._wb, self._feed)

    def topology(self) -> TopologyPage:
        """Return the slot graph."""
        return TopologyPage(self._wb, self._feed)

    def mux(self) -> MuxPage:
        """Return what the Neural Mux tells, beside what is declared."""
        return MuxPage(self._wb, self._feed)

    def deployments(self) -> DeploymentsPage:
        """Return what is deployed, was, and can be."""
        return DeploymentsPage(self._wb, self._feed)

    def findings(self) -> FindingsPage:
        """Return everything that was found, by kind, with the lines concerned."""
        return FindingsPage(self._wb, self._feed)

    def events(self) -> EventsPage:
        """Return what happened, newest first."""
        return EventsPage(self._wb, self._feed)

    def sql(self) -> SqlPage:
        """Return an editor for SQL over the fleet, with the answer as a table and a chart."""
        return SqlPage(self._wb, self._feed)

    def history(self) -> HistoryPage:
        """Return the kept revisions, and what changed between any two."""
        return HistoryPage(self._wb, self._feed)

    def audit(self) -> AuditPage:
        """Return who changed what, and what was refused."""
        return AuditPage(self._wb)


def page_functions(
    wb: Workbench,
    rules: AccessRules | None = None,
    notices: Sequence[str] = (),
    cartographer: Cartographer | None = None,
) -> dict[str, Callable[[], Any]]:
    """Return, for each page's name, the function that builds it for a new session of `pn.serve`.

    `rules` say who may change something there and who may see the audit log, without any nobody may; `notices`
    stand on every page; a `cartographer` of the caller's may know charts already.
    """
    PageScripts().install()
    tokens = rules.tokens if rules else Tokens()
    counter, deploys = wb.counter(tokens), wb.deploy_counter(tokens)
    feed, events, archive = Feed(wb), EventRows(wb), Archive(wb)
    charts = cartographer or Cartographer()
    audited = Feed(wb, wb.audit.subscribe)
    makers: dict[str, Callable[[Address], Page]] = {
        "fleet": lambda address: FleetPage(wb, feed, address),
        "ports": lambda address: PortsPage(wb, feed, address, counter, page_caller(rules)),
        "topology": lambda address: TopologyPage(wb, feed, address, charts),
        "mux": lambda address: MuxPage(wb, feed, address),
        "deployments": lambda address: DeploymentsPage(wb, feed, address, deploys, page_caller(rules)),
        "findings": lambda address: FindingsPage(wb, feed, address),
        "events": lambda address: EventsPage(wb, feed, address, events),
        "sql": lambda address: SqlPage(wb, feed, address),
        "history": lambda address: HistoryPage(wb, feed, address, archive),
        "audit": lambda address: AuditPage(wb, audited, address, rules),
    }

    def builder(name: str) -> Callable[[], Any]:
        def build() -> Any:
            pn.extension("tabulator")
            address = Address.of_session()
            revision = address.number("revision", 0, HIGHEST_REVISION) if name in PINNABLE else None
            if revision is None:
                return framed(name, wb, makers[name](address), feed, notices)
            address.pinned = revision
            page = PinnedPage(name, revision, archive, lambda then: _pinned_page(name, then, address))
            return framed(name, wb, page, feed, notices)

        return build

    return {name: builder(name) for name in makers}


def _pinned_page(name: str, then: Then, address: Address) -> Page:
    """Return a page of a kept revision, which nobody can change anything at."""
    if name == "topology":
        return TopologyPage(then.wb, then.feed, address, then.cartographer)
    pages: dict[str, type[Page]] = {"fleet": FleetPage, "ports": PortsPage, "findings": FindingsPage}
    return pages[name](then.wb, then.feed, address)


def served_page_functions() -> dict[str, Callable[[], Any]]:
    """Return the pages of this process's own workbench, one set of functions for all sessions of `panel serve`."""
    from workbench.runtime import current_workbench, default_rules

    functions: dict[str, Callable[[], Any]] = pn.state.as_cached(
        "workbench-pages", lambda: page_functions(current_workbench(), default_rules())
    )
    return functions
