"""Whatever JSON a server answers with is read, or refused with a reason; nothing else happens."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from workbench.fleet.mux import health_of, overall
from workbench.mux.failures import MuxFailure
from workbench.mux.mock import mock_reasons
from workbench.mux.shapes import moment, read_status, read_topology

_KEYS = st.sampled_from(
    ["services", "nodes", "edges", "dependencies", "id", "name", "port", "status", "health", "healthy", "data",
     "gateway_status", "error", "total_services", "from_service", "to_service", "source", "target", "last_health_check"]
)  # fmt: skip
_LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["ok", "down"])
)
_JSON = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6), max_leaves=25
)


@given(_JSON)
def test_any_json_is_read_or_refused(body: object) -> None:
    with contextlib.suppress(MuxFailure):
        reading = read_status(body)
        mock_reasons(body, reading.services or (), {})
        for service in reading.services or ():
            assert service.id
            assert service.port is None or 0 < service.port < 65536
        ids = [service.id for service in reading.services or ()]
        assert len(ids) == len(set(ids))
    with contextlib.suppress(MuxFailure):
        read_topology(body, "/x")


@given(st.lists(st.sampled_from(["ok", "warn", "down", "?"]), max_size=6))
def test_the_whole_is_healthy_only_if_all_of_it_is(words: list[str]) -> None:
    found = overall(map(health_of, words))
    assert (found == "healthy") == (bool(words) and set(words) == {"ok"})
    assert (found == "unhealthy") == ("down" in words and not {"ok", "warn"} & set(words))


def test_moments() -> None:
    assert moment("2026-01-31T12:00:00Z") == 1769860800.0
    assert moment("2026-01-31T12:00:00") == 1769860800.0
    assert moment(1769860800) == 1769860800.0
    assert moment(1769860800000) == 1769860800.0
    assert [moment(value) for value in (None, True, "soon", -1, [], float("inf"), float("nan"))] == [None] * 7
