"""The vital signs of a fleet for analysts and pages: the Mux, the merged topology and health, as frames."""

import time
from collections.abc import Mapping
from typing import Any

import pandas as pd

from workbench.errors import UnknownCrate
from workbench.fleet.health import Health, Turn, spans
from workbench.fleet.lookup import crate_records
from workbench.fleet.merged import Merged, match
from workbench.hub import Hub
from workbench.live.vitals_models import DAY, crate_health_model, mux_status_model
from workbench.mux.view import MuxView

SERVICE_COLUMNS = ("id", "name", "health", "said", "port", "crate", "matched_by", "checked_at", "kind", "failures")
NODE_COLUMNS = ("standing", "id", "crate", "services", "port", "health", "matched_by")
LINK_COLUMNS = ("standing", "source", "target", "kind")
TIMELINE_COLUMNS = ("crate", "state", "start", "end", "source", "detail")
HEALTH_COLUMNS = ("crate", "state", "since", "source", "seen_at", "detail")


class VitalsView:
    """What is known of the Mux and of the crates' health at this moment; nothing is waited for."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @property
    def mux_url(self) -> str | None:
        """Where the Mux is; None if none is configured."""
        return self._hub.vitals.mux_url

    @property
    def mux(self) -> MuxView | None:
        """The newest view of the Mux; None if none is followed."""
        return self._hub.vitals.mux_view

    def status(self) -> dict[str, Any]:
        """Return the status of the Mux with source and age; raises MuxAway or MuxNotConfigured."""
        return mux_status_model(self._hub.vitals, self._hub.snapshot)

    def link_status(self) -> dict[str, Any]:
        """Return how the connection to the Mux fares."""
        status: dict[str, Any] = self._hub.vitals.status()["mux"]
        return status

    @property
    def services(self) -> pd.DataFrame:
        """One row per service that the Mux told of last, with the crate that it is."""
        view, snapshot = self.mux, self._hub.snapshot
        rows = []
        for item in view.result.services if view and view.result else ():
            found = match(item, snapshot)
            rows.append((
                item.id, item.name, item.health, item.said, item.port, found.name if found else None,
                found.rule if found else None, item.checked_at, item.kind, item.failures,
            ))  # fmt: skip
        return pd.DataFrame(rows, columns=list(SERVICE_COLUMNS), dtype=object)

    def merged(self) -> Merged | None:
        """Return the Mux's topology laid over the slot graph; None if the Mux never answered."""
        view = self.mux
        if view is None or view.result is None:
            return None
        return self._hub.vitals.merged(self._hub.snapshot, view.result)

    @property
    def nodes(self) -> pd.DataFrame:
        """One row per node of the merged topology: seen and declared, seen and undeclared, declared and unseen."""
        merged = self.merged()
        rows = [(n.standing, n.id, n.crate, ", ".join(n.services), n.port, n.health, n.matched_by)
                for n in (merged.nodes if merged else ())]  # fmt: skip
        return pd.DataFrame(rows, columns=list(NODE_COLUMNS), dtype=object)

    @property
    def links(self) -> pd.DataFrame:
        """One row per link of the merged topology."""
        merged = self.merged()
        rows = [(link.standing, link.source, link.target, link.kind) for link in (merged.links if merged else ())]
        return pd.DataFrame(rows, columns=list(LINK_COLUMNS), dtype=object)

    @property
    def health(self) -> pd.DataFrame:
        """One row per crate of which anything was seen: state, since when, by which source, when that was seen."""
        board = self._hub.vitals.health.board
        rows = [
            (h.crate, h.state, _moment(h.since), h.source, _moment(h.at), h.detail)
            for h in (board[name] for name in sorted(board))
        ]
        return pd.DataFrame(rows, columns=list(HEALTH_COLUMNS), dtype=object)

    def health_of(self, crate: str) -> Health | None:
        """Return the verdict on a crate by its name; None if nothing was ever seen of it."""
        return self._hub.vitals.health_of(crate)

    @property
    def board(self) -> Mapping[str, Health]:
        """The verdict on each crate of which anything was seen, by name; it never changes, later ones are others."""
        return self._hub.vitals.health.board

    def states(self) -> dict[str, str]:
        """Return the state of each crate of which anything was seen, by name: for colouring."""
        return {name: health.state for name, health in self._hub.vitals.health.board.items()}

    def turns(self, *names: str) -> dict[str, tuple[Turn, ...]]:
        """Return the kept changes of health by crate, oldest first, of some crates or of all that were ever seen.

        Raises UnknownCrate with the nearest names.
        """
        record = self._hub.vitals.health.record
        chosen = [crate_records(name, self._hub.snapshot)[0] for name in names]
        crates = [item.crate.name for item in chosen if item.crate] if names else record.crates
        return {crate: record.turns(crate) for crate in crates}

    def timeline(self, hours: float = 24.0) -> pd.DataFrame:
        """One row per span of time in which a crate's health did not change, in the newest hours."""
        end = time.time()
        rows = [
            (crate, span.state, _moment(span.start), _moment(span.end), span.source, span.detail)
            for crate, turns in self.turns().items()
            for span in spans(turns, end - hours * 3600, end)
        ]
        return pd.DataFrame(rows, columns=list(TIMELINE_COLUMNS), dtype=object)

    def crate(self, name: str, window: float = DAY) -> dict[str, Any]:
        """Return the health of a crate with evidence, history and availability over a window in seconds.

        Raises UnknownCrate.
        """
        records = self._hub.snapshot.records_named(name)
        crate = records[0].crate if records else None
        if crate is None:
            raise UnknownCrate(f'no crate is named "{name}"', name=name)
        return crate_health_model(self._hub.vitals, crate.name, window)


def _moment(seconds: float | None) -> pd.Timestamp | None:
    return None if seconds is None else pd.Timestamp(seconds, unit="s", tz="UTC")
