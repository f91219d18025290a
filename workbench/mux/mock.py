"""Whether an answer looks like sample data: only what can be pointed at counts."""

import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from workbench.fleet.mux import MuxService
from workbench.mux.shapes import moment

OLD: Final = 86_400.0
"""From which age, in seconds, an answer's own time stamp says that it was not made just now."""

_FLAGS: Final = ("mock", "is_mock", "mocked", "demo", "simulated", "simulation", "fake", "sample")
_TELLING: Final = frozenset({"mock", "mocked", "demo", "simulated", "simulation", "fake", "sample", "stub"})
_HEADERS: Final = ("x-mock", "x-mock-data", "x-demo", "x-simulated")
OWN: Final = "crate-workbench"


def mock_reasons(
    body: object, services: tuple[MuxService, ...], headers: Mapping[str, str], now: float | None = None
) -> tuple[str, ...]:
    """Return why an answer looks like sample data; empty if nothing says so.

    It is called that by a flag such as `mock: true`, a `source` or `mode` that names it so, a header such as
    `X-Mock`, ids that begin with such a word, a time stamp that is a day old, or when the answer comes from a
    workbench that stands in for a Mux.
    """
    return tuple(dict.fromkeys(_reasons(body, services, headers, time.time() if now is None else now)))


def _reasons(body: object, services: tuple[MuxService, ...], headers: Mapping[str, str], now: float) -> Iterator[str]:
    yield from (f"header {name}" for name in _HEADERS if headers.get(name, "").lower() not in ("", "0", "false"))
    for table in _tables(body):
        yield from (f"{key}: true" for key in _FLAGS if table.get(key) is True)
        for key in ("source", "mode", "environment", "data_source"):
            word = table.get(key)
            if isinstance(word, str) and word.lower() in _TELLING:
                yield f"{key}: {word.lower()}"
            if key == "source" and word == OWN:
                yield "a workbench answers there in place of a Mux"
        stamp = moment(table.get("timestamp"))
        if stamp is not None and now - stamp > OLD:
            yield "its time stamp is older than a day"
    named = sum(item.id.lower().replace("_", "-").split("-")[0] in _TELLING for item in services)
    if named:
        yield f"{named} of {len(services)} services are named as samples"


def _tables(body: object) -> Iterator[Mapping[str, Any]]:
    """Yield the outermost tables of an answer."""
    if isinstance(body, Mapping):
        yield body
        for key in ("data", "result", "metadata", "meta", "gateway_status"):
            if isinstance(body.get(key), Mapping):
                yield body[key]
