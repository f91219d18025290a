"""The tables of a fleet as properties: what an analyst types first."""

import pandas as pd

from workbench.backings.backing import Backing
from workbench.errors import NotFound
from workbench.tables.frames import frame_of
from workbench.tables.hub_tables import TABLE_NAMES


class FleetFrames:
    """Typed DataFrames of a fleet, with Arrow behind every column; docs/notebooks.md lists the columns of each."""

    _backing: Backing

    def table(self, name: str) -> pd.DataFrame:
        """Return a table by its name (`crates`, `ports` …) as a DataFrame with Arrow types; raises NotFound."""
        if name not in TABLE_NAMES:
            raise NotFound(f'there is no table "{name}"; there are {", ".join(TABLE_NAMES)}', tables=list(TABLE_NAMES))
        return frame_of(self._backing.table(name))

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
    def manifests(self) -> pd.DataFrame:
        """One row per manifest file: path, text, digest, and what is wrong with a file that cannot be read."""
        return self.table("manifests")

    @property
    def events(self) -> pd.DataFrame:
        """One row per event, oldest first: seq, revision, ts, type, topic, data (JSON)."""
        return self.table("events")

    @property
    def history(self) -> pd.DataFrame:
        """One row per kept revision, oldest first: revision, taken_at, figures, and how many manifests changed."""
        return self.table("history")

    @property
    def registrations(self) -> pd.DataFrame:
        """One row per service that registered itself: name, port, state, and when it was last heard."""
        return self.table("registrations")

    @property
    def observed(self) -> pd.DataFrame:
        """One row per process that listens on this host: port, process, whose it is by which rule, when it was seen."""
        return self.table("observed")
