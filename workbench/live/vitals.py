"""The vital signs of a fleet: what the Neural Mux tells, what probes of health found, and the verdict on each crate."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from workbench.events import Draft, EventLog
from workbench.fleet.evidence import Freshness, gathered
from workbench.fleet.health import Evidence, Health
from workbench.fleet.health_target import HealthTarget, health_targets, where_served
from workbench.fleet.merged import Merged, merge
from workbench.fleet.mux import MuxResult
from workbench.fleet.snapshot import Snapshot
from workbench.live.health_desk import HealthDesk
from workbench.live.layer import LiveLayer

if TYPE_CHECKING:
    from workbench.mux.follower import MuxFollower, MuxOptions
    from workbench.mux.view import MuxView
    from workbench.sources.health_probe import HealthProber


logger = logging.getLogger(__name__)

_MUX_CHECKS: Final = 180.0
"""How long a check of the Mux's own counts, in seconds: some look at their services once a minute."""


class Host(Protocol):
    """The hub, as far as its vital signs need it."""

    log: EventLog
    live: LiveLayer

    @property
    def snapshot(self) -> Snapshot:
        """The newest revision."""

    @property
    def serving_ports(self) -> Mapping[str, int]:
        """On which port each crate serves that was deployed from here."""

    def announce(self, drafts: Sequence[Draft]) -> None:
        """Publish events, in order with all others; returns at once."""


class Vitals:
    """Follows the Mux, asks crates for their health and judges them: each on a thread of its own, none on the hub's.

    Whoever reads gets what is known at that moment. Nothing here is waited for.
    """

    def __init__(self, host: Host, mux: "MuxOptions | None" = None) -> None:
        self._host = host
        self._mux = mux
        self.mux: MuxFollower | None = None
        self.prober: HealthProber | None = None
        self.health = HealthDesk(self._gather, host.announce)
        self._merged: tuple[Snapshot, MuxResult, Merged] | None = None

    @property
    def mux_url(self) -> str | None:
        """Where the Mux is; None if none is configured."""
        return self._mux.url if self._mux else None

    @property
    def mux_view(self) -> "MuxView | None":
        """What is known of the Mux; None if none is configured, or the hub has not begun to follow it."""
        return self.mux.view if self.mux else None

    def start(self) -> None:
        """Begin to follow, to ask and to judge; whatever stands in the way of it, the hub goes on without."""
        try:
            self._start()
        except Exception:
            logger.exception("following the Mux and the health of crates could not begin")

    def _start(self) -> None:
        # The libraries for it are loaded only where they are needed.
        if self._mux is not None:
            from workbench.mux.follower import MuxFollower

            self.mux = MuxFollower(self._mux, self._mux_turned)
            self.mux.start()
        targets = [target for target in self._host.live.options.targets if target.health]
        if targets:
            from workbench.sources.health_probe import HealthProber

            self.prober = HealthProber(targets, self._health_targets, self.health.wake)
            self.prober.start()
        self.health.start(self._host.log.newest(self._host.log.last_seq))

    def stop(self) -> None:
        """End all threads."""
        if self.mux:
            self.mux.stop()
        if self.prober:
            self.prober.stop()
        self.health.stop()

    def health_of(self, crate: str) -> Health | None:
        """Return the health of a crate by its name; None if nothing was ever seen of it."""
        return self.health.board.get(crate)

    def merged(self, snapshot: Snapshot, result: MuxResult) -> Merged:
        """Return what the Mux sees laid over a fleet; the newest answer is kept, since it takes time with its size."""
        kept = self._merged
        if kept is None or kept[0] is not snapshot or kept[1] is not result:
            kept = self._merged = (snapshot, result, merge(snapshot, result))
        return kept[2]

    def status(self) -> dict[str, Any]:
        """Return how the following fares."""
        return {
            "mux": {"url": self.mux_url, **(self.mux.link_status() if self.mux else {"phase": "off"})},
            "health": {
                "crates": len(self.health.board),
                "probed_hosts": len(self.prober.targets) if self.prober else 0,
            },
        }

    def _health_targets(self) -> Iterator[HealthTarget]:
        return where_served(health_targets(self._host.snapshot), self._host.serving_ports)

    def _mux_turned(self, older: "MuxView", newer: "MuxView") -> None:
        from workbench.mux.news import mux_drafts

        drafts = mux_drafts(older, newer)
        if drafts:
            self._host.announce(drafts)
        self.health.wake()

    def _gather(self) -> Mapping[str, Sequence[Evidence]]:
        snapshot, view = self._host.snapshot, self.mux_view
        board = self.health.board
        watched = [name for name, health in board.items() if any(e.source == "listener" for e in health.evidence)]
        result, serving = view.result if view else None, self._host.serving_ports
        found = gathered(snapshot, self._freshness(), result, watched, serving)
        for crate, item in self.prober.evidence() if self.prober else ():
            found.setdefault(crate, []).append(item)
        return found

    def _freshness(self) -> Freshness:
        live, mux = self._host.live, self._mux
        heard = {item.service_name: pulse.seen_at for item, pulse in live.desk.known()}
        return Freshness(
            listened_at=live.observer.looked_at if live.observer else None,
            listening_for=3 * live.options.beat + 10,
            heard_at=lambda name: heard.get(name, 0.0),
            heard_for=live.options.patience.gone_after,
            probed_at=live.prober.probed_at,
            probed_for={target.host: 3 * target.interval + 60 for target in live.options.targets},
            mux_for=max(_MUX_CHECKS, 3 * mux.interval + mux.timeout) if mux else 0.0,
        )
