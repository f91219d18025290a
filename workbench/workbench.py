"""`Workbench`: the analyst's object, and the only thing that the dashboards know."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import networkx as nx
import pandas as pd

from workbench.backings.backing import Backing
from workbench.backings.local import LocalBacking
from workbench.config import DEFAULT_PORT
from workbench.desks.port_counter import PortCounter
from workbench.errors import InvalidPort, Unavailable
from workbench.events import Event
from workbench.fleet.graph import slot_graph
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.values import port_number
from workbench.fleet.whatif import Change, plan_changes
from workbench.hub import Hub
from workbench.questions import Questions
from workbench.tables.fleet_frames import FleetFrames
from workbench.tables.frames import frame_of
from workbench.views.crate import CrateView
from workbench.views.fleet_portrait import FleetPortrait
from workbench.views.plan import PlanView
from workbench.views.vitals import VitalsView

if TYPE_CHECKING:
    from workbench.dashboards import Pages
    from workbench.deploy.log_file import LogPart
    from workbench.deploy.model import Deployment, Instance
    from workbench.deployer import Deployer
    from workbench.desks.assignments import Assignment
    from workbench.desks.audit import AuditLog
    from workbench.desks.deploy_counter import DeployCounter
    from workbench.fleet.whatif import MovePort
    from workbench.history import Moment
    from workbench.pictures import Pictures
    from workbench.queries.query_pool import Asked
    from workbench.security.tokens import Tokens
    from workbench.sync.desk import Sync

T = TypeVar("T")

DEFAULT_URL: Final = f"http://127.0.0.1:{DEFAULT_PORT}"


class Workbench(FleetFrames, FleetPortrait, Questions):
    """A fleet of smart crates, as DataFrames, SQL, a graph and live views.

    Make one with `Workbench.scan(...)`, `Workbench.connect(...)` or `Workbench.open(...)`: whichever it is, it behaves
    in one way. Every frame is of one revision and is yours to change.
    """

    def __init__(self, source: Hub | Backing) -> None:
        self._backing: Backing = LocalBacking(source) if isinstance(source, Hub) else source

    @classmethod
    def scan(
        cls,
        *roots: str | Path,
        watch: bool = False,
        plan: PortPlan | None = None,
        mux: str | None = None,
        state: str | Path | None = None,
        config: str | Path | None = None,
    ) -> "Workbench":
        """Read the manifests below the roots, in this process.

        With `watch`, the workbench follows the disk until `close()` (or the end of a `with` block), and the Neural Mux
        at the address `mux`, if there is one. With `state`, it does, and keeps every revision in that folder for
        `history`, `at` and `diff`. `config` is a `workbench.toml`, of which all holds that makes a difference without a
        server; its runners need `state`. Raises RootError if a root does not exist, and ConfigurationError.
        """
        from workbench.own_hub import own_hub

        folder, file = (Path(item) if item is not None else None for item in (state, config))
        return cls(own_hub(roots, watch=watch, plan=plan, mux=mux, state=folder, config=file))

    @classmethod
    def connect(cls, url: str = DEFAULT_URL, token: str | None = None) -> "Workbench":
        """Return the fleet that a running server follows; `token` is needed where its reads are closed.

        Nothing is held back: each question is answered from the server's newest revision. Raises Unavailable if no
        workbench answers there, Unauthorized for a token that it does not know.
        """
        from workbench.backings.remote import RemoteBacking

        return cls(RemoteBacking(url, token))

    @classmethod
    def open(cls, folder: str | Path) -> "Workbench":
        """Return the newest revision that was published in a folder; it never changes.

        Raises SnapshotError if there is none, or if it is not whole.
        """
        from workbench.backings.published import PublishedBacking

        return cls(PublishedBacking(folder))

    def publish(self, folder: str | Path, keep: int = 10) -> Path:
        """Write the newest revision into a folder, for `Workbench.open`; returns the revision's own folder there.

        Whoever has an older one open keeps it, as long as it is among the newest `keep`. Raises SnapshotError.
        """
        from workbench.backings.publication import publish

        return publish(self._backing, Path(folder), keep)

    def refresh(self) -> int:
        """Have the disk compared with the fleet now, wait for it, and return the newest revision's number."""
        self._backing.refresh()
        return self.revision

    async def refresh_async(self) -> int:
        """Do as `refresh`, without holding up the loop."""
        return await asyncio.to_thread(self.refresh)

    def close(self) -> None:
        """Stop following the disk or the server, and end the processes that answer queries; harmless twice."""
        self._backing.close()

    def __enter__(self) -> "Workbench":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _hub(self) -> Hub:
        """The hub of this process; it follows nothing where a server does, or nobody."""
        return self._backing.hub

    # ------------------------------------------------------------------ the fleet as it stands

    @property
    def snapshot(self) -> Snapshot:
        """The newest complete revision of the fleet, immutable."""
        return self._backing.snapshot

    @property
    def revision(self) -> int:
        """The number of the newest revision."""
        return self._backing.head.revision

    @property
    def taken_at(self) -> float:
        """When the newest revision was made, in seconds since the epoch."""
        return self._backing.head.taken_at

    @property
    def port_plan(self) -> PortPlan:
        """The port plan that ports are judged by."""
        return self._backing.head.plan

    def status(self) -> dict[str, Any]:
        """Return how the live side fares: phase and progress of the scan, roots, watching, journal."""
        return self._backing.status()

    def summary(self) -> dict[str, int]:
        """Return the fleet's figures: crates, manifests, ports_owned, collisions, errors, warnings, hints and more."""
        return dict(self._backing.head.summary)

    def at(self, moment: "Moment") -> "Workbench":
        """Return the fleet as it was at a revision or a time, as a workbench that follows nothing.

        A whole number is a revision; a datetime, its ISO form, or seconds as a float a time. Raises RevisionGone
        for what is no longer kept, UnknownRevision for what never was.
        """
        return Workbench(Hub.frozen(self._backing.at(moment)))

    def diff(self, older: "Moment", newer: "Moment") -> dict[str, Any]:
        """Return what changed between two moments: crates with their fields old and new, ports, findings."""
        from workbench.fleet.diff import diff
        from workbench.history import diff_model

        before, after = self._backing.at(older), self._backing.at(newer)
        return diff_model(before, after, diff(before, after))

    def why(self, subject: str | int, limit: int = 20) -> pd.DataFrame:
        """Return why a crate or a port is as it is: what the kept revisions changed about it, newest first.

        One row per changed fact: revision, taken_at, paths (the manifests that the revision changed; none if it was the
        port plan), fact, old, new; of at most `limit` revisions. A crate is named, also by its manifest's path; a port
        is a whole number. Raises UnknownCrate, InvalidPort, and Unavailable where the fleet is followed elsewhere.
        """
        from workbench.causes import causes
        from workbench.history import History

        if not self._hub.discovery.roots:
            raise Unavailable("causes are told where the fleet is followed, not over a server or a published snapshot")
        found = islice(causes(History(self._hub), subject), limit)
        rows = [
            (item.revision, pd.Timestamp(item.taken_at, unit="s", tz="UTC"), list(item.paths), fact, old, new)
            for item in found
            for fact, (old, new) in item.changes.items()
        ]
        return pd.DataFrame(rows, columns=["revision", "taken_at", "paths", "fact", "old", "new"])

    def newest_events(self, count: int = 10_000) -> list[Event]:
        """Return the newest events, oldest first."""
        return self._backing.newest_events(count)

    def plan(self, *changes: Change) -> PlanView:
        """Return what changes would do: the findings that appear and vanish, and a patch. Nothing is written.

        Changes are `AddCrate`, `MovePort`, `RenumberBlock` and `RemoveCrate` of `workbench.fleet.whatif`, made one
        after another. Raises UnknownCrate, UnknownLabel, UnknownBlock, InvalidPort and InvalidRequest.
        """
        return PlanView(plan_changes(self.snapshot, changes))

    # ------------------------------------------------------------------ one crate, one port, the graph

    def repair(self) -> "list[MovePort]":
        """Return moves of ports that would clear all collisions; judge them, or get a patch, with `plan(*moves)`."""
        from workbench.fleet.repair import propose_moves

        return propose_moves(self.snapshot)

    def crate(self, name: str) -> CrateView:
        """Return everything known of a crate, by name or former name.

        Raises UnknownCrate, with the nearest names, if there is none.
        """
        return CrateView(self._backing.crate(name))

    def port(self, port: int) -> dict[str, Any]:
        """Return everything known of a port: block, sister, claims with their reasons, findings, and what is observed.

        Raises InvalidPort for anything but a whole number from 1 to 65535.
        """
        try:
            number = port_number(port)
        except ValueError as error:
            raise InvalidPort(str(error), port=port) from None
        return self._backing.port(number)

    @property
    def vitals(self) -> VitalsView:
        """What the Neural Mux tells and how crates fare: `.services`, `.nodes`, `.links`, `.health`, `.crate(name)`."""
        return VitalsView(self._hub)

    @property
    def assignments(self) -> "Sequence[Assignment]":
        """The assignments of ports that hold, by port."""
        return self._backing.assignments

    @property
    def deployments(self) -> "Sequence[Deployment]":
        """The deployments that are known, newest first."""
        return self._hub.deployments.all

    @property
    def serving(self) -> "Mapping[str, Instance]":
        """What serves each crate that was deployed from here: version and port."""
        return self._hub.deployments.live

    def deployment_log(self, identity: str, since: int = 0) -> "LogPart":
        """Return what a deployment's log holds from an offset on, as text, and the offset of what follows."""
        return self._hub.deployments.engine.read_log(identity, since)

    def deploy_counter(self, tokens: "Tokens | None" = None) -> "DeployCounter":
        """Return where deployments are asked for; with `tokens`, only those who present one of them are served."""
        from workbench.desks.deploy_counter import DeployCounter

        return DeployCounter(self._hub, tokens)

    @property
    def deployer(self) -> "Deployer":
        """Where an analyst deploys: `.plan(crate, version)`, `.deploy(…)`, `.history`, `.serving`."""
        from workbench.deployer import Deployer

        return Deployer(self._hub)

    def counter(self, tokens: "Tokens | None" = None) -> PortCounter:
        """Return where ports are asked for; with `tokens`, only those who present one of them are served."""
        return PortCounter(self._hub, tokens)

    @property
    def audit(self) -> "AuditLog":
        """The audit log of this process: who changed what, and what was refused; see `AuditLog.entries`."""
        return self._hub.audit

    @property
    def graph(self) -> "nx.MultiDiGraph[str]":
        """A fresh copy of the slot graph; see `workbench.fleet.graph.slot_graph` for nodes and attributes."""
        return slot_graph(self.snapshot).copy()

    def export(self, file: str | Path, what: str | None = None) -> Path:
        """Write the slot graph or a table to a file, in the format that its ending names; returns its path.

        `graph.graphml`, `.gexf`, `.dot`, `.json` or `.mmd`; `crates.csv`, `.parquet`, `.arrow` or `.json`. `what` says
        what is meant if the name does not. Raises ExportError.
        """
        from workbench.tables.export import export_fleet

        return export_fleet(self.snapshot, file, what)

    def sql(self, query: str, **parameters: Any) -> pd.DataFrame:
        """Return the result of a read-only SQL query over the tables, with `$name` parameters.

        Tables: crates, ports, findings, dependencies, endpoints, diagnostics, events. Raises QueryError for
        a query that is wrong or that would write or read files.
        """
        return frame_of(self._backing.sql(query, parameters))

    def ask(self, query: str, rows: int | None = None) -> "Asked":
        """Ask a read-only SQL query of the newest revision in a process of its own, which can be given up.

        The answer, an Arrow stream of at most `rows` rows, comes as the future `Asked.answer`, or its QueryError.
        Raises TooManyQueries.
        """
        from workbench.queries.query_pool import Question, encoded_tables, pool_of

        question = Question(query, {}, arrow=True, rows=rows)
        return pool_of(self._hub).ask(self.snapshot, question, lambda snapshot: encoded_tables(snapshot, self._hub))

    def match(self, pattern: str) -> pd.DataFrame:
        """Return what a Cypher pattern finds in the slot graph: one row per match, one column per RETURN item.

        Labels: Crate, Port, Foundation, Endpoint, Capability, External; types of edges: OWNS, REFERENCES, SISTER_OF,
        DEPENDS_ON, BUILT_ON, CLONED_FROM, EXPOSES. Raises QueryError with the place that cannot be read.
        """
        from workbench.fleet.property_graph import graph_lists, property_graph
        from workbench.queries.cypher import match

        graph = self.derive("property graph", lambda snapshot: property_graph(*graph_lists(snapshot)))
        found = match(graph, pattern)
        return pd.DataFrame(found.rows, columns=pd.Index(found.columns))

    # ------------------------------------------------------------------ live views

    def derive(self, key: object, compute: Callable[[Snapshot], T]) -> T:
        """Return `compute(snapshot)` for the newest revision, computed once and shared by all who ask."""
        return self.snapshot.derive(key, compute)

    def subscribe(self, listener: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        """Call `listener` with the events of each new revision; returns the function that ends it.

        Listeners are called on a thread of ours and must not block.
        """
        return self._backing.subscribe(listener)

    @property
    def pages(self) -> "Pages":
        """The dashboards' pages over this workbench: `wb.pages.fleet()`, `.ports()`, `.topology()`."""
        from workbench.dashboards import Pages

        return Pages(self)

    @property
    def pictures(self) -> "Pictures":
        """Pictures to be saved as PNG or SVG: `wb.pictures.port_map()`, `.topology()`, `.blast_radius(name)` …."""
        from workbench.pictures import Pictures

        return Pictures(self)

    @property
    def sync(self) -> "Sync":
        """Copies in other databases: `wb.sync.postgres(url)`, `.supabase(url)`, `.postgrest(url)`, `.surreal(url)`."""
        from workbench.sync.desk import Sync

        return Sync(lambda: self.snapshot)

    def topology(self) -> Any:
        """Return the topology page, to be shown in a notebook."""
        return self.pages.topology()
