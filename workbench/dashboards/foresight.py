"""What the pages derive of a revision, derived before anybody opens one."""

from collections.abc import Callable, Iterator

from workbench.dashboards.cartography import Cartographer
from workbench.dashboards.findings_page import FindingsPage
from workbench.dashboards.fleet_page import FleetPage
from workbench.dashboards.ports_page import PortsPage
from workbench.dashboards.topology_page import TopologyPage
from workbench.fleet.snapshot import Snapshot


def foresight(cartographer: Cartographer) -> Callable[[Snapshot], Iterator[None]]:
    """Return what prepares the pages for a snapshot, in steps: the first page people see first.

    The charts of the topology page are those of the sessions' `cartographer`.
    """

    def foreseen(snapshot: Snapshot) -> Iterator[None]:
        for page in (FleetPage, PortsPage, TopologyPage, FindingsPage):
            page.prepared(snapshot)
            yield
        cartographer.prepare(snapshot)

    return foreseen
