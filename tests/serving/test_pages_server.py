"""Panel's server of a hub: visitors are known of, and what their pages need can be made ahead."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import WriteManifest
from workbench.dashboards import FleetPage
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub
from workbench.serving.address import Address
from workbench.serving.pages_server import Pages, PagesServer, _visited


def made_ahead(hub: Hub, pages: Pages | None = None) -> list[Callable[[Snapshot], Any]]:
    async def makes() -> list[Callable[[Snapshot], Any]]:
        server = PagesServer(hub, Address("127.0.0.1", 0, None), pages=pages)
        server.start()
        await server.stop()
        return [*server.makes]

    return asyncio.run(makes())


def test_a_visitor_is_given_way_to_while_a_page_is_made() -> None:
    hub = Hub([])
    page = _visited(hub, hub.visits.pause)
    assert hub.visits.pause() == 0
    assert page() > 0
    assert hub.visits.pause() > 0


def test_the_pages_are_made_ahead(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    hub = Hub([fleet_dir])
    snapshot = hub.scan_once()
    (make,) = made_ahead(hub)
    for _ in make(snapshot):
        pass
    assert snapshot.has_derived(FleetPage._key())


def test_nothing_is_made_ahead_for_pages_of_others() -> None:
    assert made_ahead(Hub([]), pages={}) == []
