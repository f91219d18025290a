"""`Workbench`: the analyst's object, and the only thing that the dashboards know."""

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import networkx as nx
import pandas as pd

from workbench.crate_view import CrateView
from workbench.errors import InvalidPort
from workbench.events import Event
from workbench.fleet.graph import slot_graph
from workbench.fleet.lookup import crate_records
from workbench.fleet.plan import PortPlan
from workbench.fleet.schema import port_number
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import TABLES
from workbench.fleet.whatif import Change, plan_changes
from workbench.fleet.wire import crate_detail_model, iso, port_model, summary_model
from workbench.frames import arrow_table, event_table, frame_of
from workbench.hub import Hub, HubOptions
from workbench.live_frames import listener_table, registration_table
from workbench.live_models import live_model
from workbench.mux_settings import MuxSettings
from workbench.plan_view import PlanView
from workbench.port_counter import PortCounter
from workbench.questions import Questions
from workbench.vitals_view import VitalsView

if TYPE_CHECKING:
    from workbench.assignments import Assignment
    from workbench.audit import AuditLog
    from workbench.dashboards import Pages
    from workbench.deploy.log_file import LogPart
    from workbench.deploy.model import Deployment, Instance
    from workbench.deploy_counter import DeployCounter
    from workbench.fleet.whatif import MovePort
    from workbench.history import Moment
    from workbench.pictures import Pictures
    from workbench.query_pool import Asked
    from workbench.tokens import Tokens

T = TypeVar("T")


class Workbench(Questions):
    """A fleet of smart crates, as DataFrames, SQL, a graph and live views.

    Make one with `Workbench.scan(...)`. Every frame is of one revision and is yours to change.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    @classmethod
    def scan(
        cls, *roots: str | Path, watch: bool = False, plan: PortPlan | None = None, mux: str | None = None
    ) -> "Workbench":
        """Read the manifests below the roots, in this process.

        With `watch`, the workbench follows the disk until `close()` (or the end of a `with` block), and the Neural Mux
        at the address `mux`, if there is one. Raises RootError if a root does not exist.
        """
        hub = Hub(roots, HubOptions(plan=plan or PortPlan(), watch=watch, mux=MuxSettings(url=mux).options()))
        hub.discovery.check_roots()
        if watch:
            hub.start()
            hub.wait_ready()
        else:
            hub.scan_once()
        return cls(hub)

    def close(self) -> None:
        """Stop following the disk and end the processes that answer queries; harmless if there are none."""
        from workbench.query_pool import close_pool

        close_pool(self._hub)
        self._hub.stop()

    def __enter__(self) -> "Workbench":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ------------------------------------------------------------------ the fleet as it stands

    @property
    def snapshot(self) -> Snapshot:
        """The newest complete revision of the fleet, immutable."""
        return self._hub.snapshot

    @property
    def revision(self) -> int:
        """The number of the newest revision."""
        return self.snapshot.revision

    @property
    def taken_at(self) -> float:
        """When the newest revision was made, in seconds since the epoch."""
        return self.snapshot.taken_at

    @property
    def port_plan(self) -> PortPlan:
        """The port plan that ports are judged by."""
        return self.snapshot.plan

    def status(self) -> dict[str, Any]:
        """Return how the live side fares: phase and progress of the scan, roots, watching, journal."""
        return self._hub.status()

    def summary(self) -> dict[str, int]:
        """Return the fleet's figures: crates, manifests, ports_owned, collisions, errors, warnings, hints and more."""
        return dict(self.snapshot.derive("summary", summary_model))

    @property
    def crates(self) -> pd.DataFrame:
        """One row per crate: name, version, classification, tesla_grade, path, ports, QA thresholds and more."""
        return self.table("crates")

    @property
    def ports(self) -> pd.DataFrame:
        """One row per port claim: port, crate, label, role, of, block, and the rule that decided the role."""
        return self.table("ports")

    @property
    def findings(self) -> pd.DataFrame:
        """One row per finding: code, kind, severity, crates, ports, message, fix and place."""
        return self.table("findings")

    @property
    def dependencies(self) -> pd.DataFrame:
        """One row per declared dependency: crate, target, and the crate of the fleet that it resolves to."""
        return self.table("dependencies")

    @property
    def endpoints(self) -> pd.DataFrame:
        """One row per declared endpoint: crate, name, route."""
        return self.table("endpoints")

    @property
    def diagnostics(self) -> pd.DataFrame:
        """One row per diagnostic of a manifest: path, line, column, key, code, severity, message."""
        return self.table("diagnostics")

    @property
    def events(self) -> pd.DataFrame:
        """One row per event, oldest first: seq, revision, ts, type, topic, data (JSON)."""
        return frame_of(event_table(self.newest_events()))

    @property
    def history(self) -> pd.DataFrame:
        """One row per kept revision, oldest first: revision, taken_at, figures, and how many manifests changed."""
        from workbench.history import History

        frame = pd.DataFrame(History(self._hub).revisions())
        frame["taken_at"] = pd.to_datetime((frame["taken_at"] * 1e6).round().astype("int64"), unit="us", utc=True)
        return frame

    def at(self, moment: "Moment") -> "Workbench":
        """Return the fleet as it was at a revision or a time, as a workbench that follows nothing.

        A whole number is a revision; a datetime, its ISO form, or seconds as a float a time. Raises RevisionGone
        for what is no longer kept, UnknownRevision for what never was.
        """
        from workbench.history import History

        return Workbench(Hub.frozen(History(self._hub).at(moment)))

    def diff(self, older: "Moment", newer: "Moment") -> dict[str, Any]:
        """Return what changed between two moments: crates with their fields old and new, ports, findings."""
        from workbench.history import History, diff_model

        return diff_model(*History(self._hub).diff(older, newer))

    def why(self, subject: str | int, limit: int = 20) -> pd.DataFrame:
        """Return why a crate or a port is as it is: what the kept revisions changed about it, newest first.

        One row per changed fact: revision, taken_at, paths (the manifests that the revision changed; none if it was the
        port plan), fact, old, new; of at most `limit` revisions. A crate is named, also by its manifest's path; a port
        is a whole number. Raises UnknownCrate, InvalidPort.
        """
        from workbench.causes import causes
        from workbench.history import History

        found = islice(causes(History(self._hub), subject), limit)
        rows = [
            (item.revision, pd.Timestamp(item.taken_at, unit="s", tz="UTC"), list(item.paths), fact, old, new)
            for item in found
            for fact, (old, new) in item.changes.items()
        ]
        return pd.DataFrame(rows, columns=["revision", "taken_at", "paths", "fact", "old", "new"])

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by name (`crates`, `ports`, `findings` …) as a DataFrame with Arrow types."""
        return frame_of(arrow_table(name, self.snapshot))

    def newest_events(self, count: int = 10_000) -> list[Event]:
        """Return the newest events, oldest first."""
        return self._hub.log.newest(count)

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
        snapshot = self.snapshot
        return CrateView(crate_detail_model(crate_records(name, snapshot)[0], snapshot))

    def port(self, port: int) -> dict[str, Any]:
        """Return everything known of a port: block, sister, claims with their reasons, findings, and what is observed.

        Raises InvalidPort for anything but a whole number from 1 to 65535.
        """
        try:
            number = port_number(port)
        except ValueError as error:
            raise InvalidPort(str(error), port=port) from None
        return {**port_model(number, self.snapshot), **live_model(self._hub.live, self.snapshot, number)}

    @property
    def registrations(self) -> pd.DataFrame:
        """One row per service that registered itself: name, port, state, and when it was last heard."""
        return frame_of(registration_table(self._hub.live, self.snapshot))

    @property
    def observed(self) -> pd.DataFrame:
        """One row per process that listens on this host: port, process, whose it is by which rule, when it was seen."""
        return frame_of(listener_table(self._hub.live, self.snapshot))

    @property
    def vitals(self) -> VitalsView:
        """What the Neural Mux tells and how crates fare: `.services`, `.nodes`, `.links`, `.health`, `.crate(name)`."""
        return VitalsView(self._hub)

    @property
    def assignments(self) -> "Sequence[Assignment]":
        """The assignments of ports that hold, by port."""
        return self._hub.desk.book.active

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
        from workbench.deploy_counter import DeployCounter

        return DeployCounter(self._hub, tokens)

    def counter(self, tokens: "Tokens | None" = None) -> PortCounter:
        """Return where ports are asked for; with `tokens`, only those who present one of them are served."""
        return PortCounter(self._hub, tokens)

    @property
    def audit(self) -> "AuditLog":
        """The audit log: who changed what over the API, and what was refused; see `AuditLog.entries`."""
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
        from workbench.export import export_fleet

        return export_fleet(self.snapshot, file, what)

    def sql(self, query: str, **parameters: Any) -> pd.DataFrame:
        """Return the result of a read-only SQL query over the tables, with `$name` parameters.

        Tables: crates, ports, findings, dependencies, endpoints, diagnostics, events. Raises QueryError for
        a query that is wrong or that would write or read files.
        """
        from workbench.store.query import query_snapshot

        return frame_of(query_snapshot(self.snapshot, query, parameters, self.newest_events))

    def ask(self, query: str, rows: int | None = None) -> "Asked":
        """Ask a read-only SQL query of the newest revision in a process of its own, which can be given up.

        The answer, an Arrow stream of at most `rows` rows, comes as the future `Asked.answer`, or its QueryError.
        Raises TooManyQueries.
        """
        from workbench.query_pool import Question, encoded_tables, pool_of

        question = Question(query, {}, arrow=True, rows=rows)
        return pool_of(self._hub).ask(self.snapshot, question, lambda snapshot: encoded_tables(snapshot, self._hub))

    def match(self, pattern: str) -> pd.DataFrame:
        """Return what a Cypher pattern finds in the slot graph: one row per match, one column per RETURN item.

        Labels: Crate, Port, Foundation, Endpoint, Capability, External; types of edges: OWNS, REFERENCES, SISTER_OF,
        DEPENDS_ON, BUILT_ON, CLONED_FROM, EXPOSES. Raises QueryError with the place that cannot be read.
        """
        from workbench.cypher import match
        from workbench.fleet.property_graph import graph_lists, property_graph

        graph = self.derive("property graph", lambda snapshot: property_graph(*graph_lists(snapshot)))
        found = match(graph, pattern)
        return pd.DataFrame(found.rows, columns=pd.Index(found.columns))

    # ------------------------------------------------------------------ live views

    def derive(self, key: object, compute: Callable[[Snapshot], T]) -> T:
        """Return `compute(snapshot)` for the newest revision, computed once and shared by all who ask."""
        return self.snapshot.derive(key, compute)

    def subscribe(self, listener: Callable[[Sequence[Event]], None]) -> Callable[[], None]:
        """Call `listener` with the events of each new revision; returns the function that ends it.

        Listeners are called on the hub's thread and must not block.
        """
        return self._hub.log.subscribe(listener)

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

    def topology(self) -> Any:
        """Return the topology page, to be shown in a notebook."""
        return self.pages.topology()

    def __repr__(self) -> str:
        figures = self.summary()
        return (
            f"<Workbench revision {self.revision}: {figures['crates']} crates, {figures['ports_owned']} owned ports, "
            f"{figures['errors']} errors, {figures['warnings']} warnings>"
        )

    def _repr_html_(self) -> str:
        figures: Mapping[str, object] = self.summary()
        cells = "".join(
            f"<td style='padding:4px 14px 4px 0'><b>{figures[key]}</b><br><small>{label}</small></td>"
            for key, label in (
                ("crates", "crates"),
                ("ports_owned", "owned ports"),
                ("collisions", "collisions"),
                ("errors", "errors"),
                ("warnings", "warnings"),
            )
        )
        return (
            f"<div><b>Crate Workbench</b> · revision {self.revision} · {iso(self.taken_at)}"
            f"<table><tr>{cells}</tr></table></div>"
        )

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *TABLES})
