"""/api/health and /api/crates/{name}/health: how the crates fare, by whom that is known, and how long ago."""

from typing import Annotated

from pydantic import Field

from api.base import ApiHandler
from api.crates import CrateName
from api.models import mux as models
from api.operation import operation
from api.queries import Query, parse_query
from workbench.errors import UnknownCrate
from workbench.fleet.lookup import crate_records
from workbench.live.vitals_models import DAY, crate_health_model, fleet_health_model


class WindowQuery(Query):
    """Over which time availability is counted."""

    window: Annotated[float, Field(gt=0, le=366 * DAY, allow_inf_nan=False)] = DAY
    """How many seconds back from now."""


class FleetHealthHandler(ApiHandler):
    """GET: the verdict on every crate of which anything was seen, and the counts."""

    access = "read"

    @operation("Health", "Read how the crates fare", models.FleetHealth, query=Query)
    def get(self) -> None:
        parse_query(Query, self.request.query_arguments)
        self.finish_json(fleet_health_model(self.hub.vitals))


class CrateHealthHandler(ApiHandler):
    """GET: the verdict on one crate, with all evidence, its history, and its availability."""

    access = "read"

    @operation("Health", "Read how one crate fares", models.CrateHealth, query=WindowQuery, errors=(UnknownCrate,))
    def get(self, name: CrateName) -> None:
        query = parse_query(WindowQuery, self.request.query_arguments)
        crate = crate_records(name, self.hub.snapshot)[0].crate
        assert crate is not None
        self.finish_json(crate_health_model(self.hub.vitals, crate.name, query.window))
