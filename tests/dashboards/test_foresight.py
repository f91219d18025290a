"""What the pages derive can be derived before anybody opens one."""

from workbench.dashboards import FindingsPage, FleetPage, PortsPage, TopologyPage
from workbench.dashboards.cartography import Cartographer
from workbench.dashboards.foresight import foresight
from workbench.dashboards.slot_view import SlotView, usual_mode
from workbench.fleet.snapshot import Snapshot


def test_everything_a_first_visitor_would_wait_for_is_made(snapshot: Snapshot) -> None:
    fresh = Snapshot.from_state(snapshot.state())
    cartographer = Cartographer()
    steps = 0
    for _ in foresight(cartographer)(fresh):
        steps += 1
    assert steps >= 4
    for page in (FleetPage, PortsPage, TopologyPage, FindingsPage):
        assert fresh.has_derived(page._key()), page
    assert cartographer.known(fresh, SlotView(mode=usual_mode(fresh))) is not None
