"""Schemathesis over the published document: requests that nobody thought of, answers held to what is said of them.

`make fuzz` tries many more: WORKBENCH_FUZZ_EXAMPLES is how many for each operation.
"""

import os
from collections.abc import Iterator
from unittest.mock import Mock

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api import routes
from api.openapi import openapi_document
from tests.api.conftest import SECRET, LiveApi
from workbench.config import sample_fleet
from workbench.hub import Hub, HubOptions

EXAMPLES = int(os.environ.get("WORKBENCH_FUZZ_EXAMPLES", "0"))
FEW = 6
TOKEN = {"Authorization": f"Bearer {SECRET}"}

ENDLESS = "/api/events"
"""A stream does not end by itself; its refusals are tested, and its frames by their own document."""

EXCLUDED = {
    path: [positive_data_acceptance]
    for path in (
        "/api/ports/assign",
        "/api/ports/plan",
        "/api/ports/register",
        "/api/ports/{port}/release",
        "/api/query",
        "/graph/query",
        "/api/diff",
    )
} | {"/api/ports/heartbeat": [positive_data_acceptance, negative_data_rejection]}
"""Whether a sound request can be met depends on the fleet: no block may be named so, no port be left, no revision be
kept; that a name is printable or a text is SQL or Cypher is more than a pattern can say. What is too large is refused as that (413) before anybody
looks whether it is sound."""


@pytest.fixture(scope="module")
def fuzzed_api() -> Iterator[LiveApi]:
    with Hub([sample_fleet()], HubOptions(watch=False)) as hub:
        assert hub.wait_ready(30)
        with LiveApi(hub) as live:
            yield live


DOCUMENT = openapi_document(routes(Mock()))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = [(path, method) for path, section in DOCUMENT["paths"].items() for method in section if path != ENDLESS]


def test_the_document_is_sound() -> None:
    SCHEMA.validate()
    spoilt = DOCUMENT | {"paths": {"crates": {"get": {"responses": []}}}}
    with pytest.raises(Exception, match=r"responses|paths|valid"):
        schemathesis.openapi.from_dict(spoilt).validate()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nothing_is_found(fuzzed_api: LiveApi, path: str, method: str) -> None:
    operation = SCHEMA[path][method.upper()]

    @given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]))
    @settings(
        max_examples=EXAMPLES or FEW,
        derandomize=not EXAMPLES,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    def fuzz(case: schemathesis.Case) -> None:
        case.call_and_validate(
            base_url=f"http://{fuzzed_api.base}", headers=TOKEN, timeout=10, excluded_checks=EXCLUDED.get(path, [])
        )

    fuzz()
