"""The shapes in which servers answer, read into one. Pure: JSON values in, what they tell out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from workbench.fleet.mux import MuxLink, MuxService, MuxTopology, ServiceHealth, health_of
from workbench.mux.failures import MuxFailure

MOST_SERVICES: Final = 10_000
MOST_LINKS: Final = 50_000

_LONGEST: Final = 200
_WRAPPERS: Final = ("data", "result", "payload", "response")
_LISTS: Final = ("services", "systems", "nodes", "backends")
_LINK_LISTS: Final = ("edges", "links", "dependencies", "connections")
_HEALTH_KEYS: Final = ("health", "health_status", "status", "healthy")
_CHECKED_KEYS: Final = ("last_health_check", "last_check", "last_checked", "checked_at", "last_seen")
_FROM_KEYS: Final = ("from_service", "from", "source", "from_id")
_TO_KEYS: Final = ("to_service", "to", "target", "to_id")
_PORTS: Final = range(1, 65536)

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a status endpoint told. `services` is None where it listed none, not even an empty list."""

    services: tuple[MuxService, ...] | None = None
    links: tuple[MuxLink, ...] = ()
    said: str = ""
    reported_total: int | None = None
    reported_healthy: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_bare(self) -> bool:
        """Whether it tells no more than that somebody answers."""
        return self.services is None and self.reported_total is None


def unwrapped(body: object) -> object:
    """Return what stands inside envelopes such as `{"data": …}`; raises MuxFailure for an error told as a success."""
    for _ in range(4):
        if not isinstance(body, Mapping):
            return body
        _refuse_error(body)
        inner = next((body[key] for key in _WRAPPERS if isinstance(body.get(key), (Mapping, list))), None)
        if inner is None or any(key in body for key in (*_LISTS, "gateway_status")):
            return body
        body = inner
    return body


def _refuse_error(body: Table) -> None:
    """Raise MuxFailure for `{"error": …}`, `{"status": "error"}` without services, and `{"success": false}`."""
    error = body.get("error")
    if error:
        message = error.get("message", error) if isinstance(error, Mapping) else error
        raise MuxFailure("error", f"it says: {_text(message)}")
    if body.get("success") is False or (_lower(body.get("status")) == "error" and not _listed(body)):
        raise MuxFailure("error", f"it says: {_text(body.get('message')) or 'error'}")


def read_status(body: object) -> Reading:
    """Return what a status answer tells; raises MuxFailure for one that tells nothing, or of an error."""
    body = unwrapped(body)
    if isinstance(body, list):
        services, notes = _services(body)
        return Reading(services, derived_links(body), notes=notes)
    if not isinstance(body, Mapping):
        raise MuxFailure("shape", f"expected an object or an array, found {type(body).__name__}")
    gateway = body.get("gateway_status")
    head = {**body, **gateway} if isinstance(gateway, Mapping) else body
    listed = _listed(head)
    services, notes = _services(listed or [])
    links = (*read_links(head), *derived_links(listed or []))
    said = _text(next((head[key] for key in ("status", "overall_status", "health") if _is_said(head.get(key))), ""))
    total, healthy = _count(head.get("total_services")), _count(head.get("healthy_services"))
    if listed is None and total is None and not said:
        raise MuxFailure("shape", "neither services nor a status are in the answer")
    return Reading(None if listed is None else services, tuple(dict.fromkeys(links)), said, total, healthy, notes)


def read_topology(body: object, source: str) -> MuxTopology:
    """Return the nodes and links of a topology answer; raises MuxFailure for one that holds none of either."""
    body = unwrapped(body)
    if not isinstance(body, Mapping):
        raise MuxFailure("shape", f"expected an object with nodes and edges, found {type(body).__name__}")
    table: Table = next((body[key] for key in ("topology", "graph") if isinstance(body.get(key), Mapping)), body)
    listed = _listed(table, ("nodes", "services", "systems"))
    if listed is None:
        raise MuxFailure("shape", "there are no nodes in the answer")
    nodes, _ = _services(listed)
    return MuxTopology(nodes, tuple(dict.fromkeys((*read_links(table), *derived_links(listed)))), source)


def read_links(body: Table) -> tuple[MuxLink, ...]:
    """Return the links that an answer lists: edges, links or dependencies from one service to another."""
    listed: list[object] = next((body[key] for key in _LINK_LISTS if isinstance(body.get(key), list)), [])
    return tuple(link for item in listed[:MOST_LINKS] if isinstance(item, Mapping) and (link := _link(item)))


def derived_links(listed: Iterable[object]) -> tuple[MuxLink, ...]:
    """Return the links that services themselves name under `dependencies`."""
    return tuple(_own_links(item for item in listed if isinstance(item, Mapping)))[:MOST_LINKS]


def _own_links(services: Iterable[Table]) -> Iterator[MuxLink]:
    for service in services:
        named = service.get("dependencies") or service.get("depends_on")
        for item in named if isinstance(named, list) else ():
            if isinstance(item, Mapping):
                target = _first(item, (*_TO_KEYS, "id", "name", "service"))
                kind, required = _text(_first(item, ("dependency_type", "type", "kind"))), item.get("required")
            else:
                target, kind, required = item, "", None
            if target and (source := _identity(service)):
                yield MuxLink(source, _text(target), kind, required if isinstance(required, bool) else None)


def _link(item: Table) -> MuxLink | None:
    source, target = _endpoint(_first(item, _FROM_KEYS)), _endpoint(_first(item, _TO_KEYS))
    required = item.get("required")
    kind = _text(_first(item, ("dependency_type", "type", "kind", "relationship", "label")))
    if not source or not target:
        return None
    return MuxLink(source, target, kind, required if isinstance(required, bool) else None)


def _endpoint(value: object) -> str:
    return _identity(value) if isinstance(value, Mapping) else _text(value)


def _listed(body: Table, keys: tuple[str, ...] = _LISTS) -> list[Any] | None:
    """Return the services of an answer: an array, or a table from their names to them."""
    for key in keys:
        value = body.get(key)
        if isinstance(value, list):
            return value
        if isinstance(value, Mapping):
            return [
                {"id": name, **(item if isinstance(item, Mapping) else {"health": item})}
                for name, item in value.items()
            ]
    return None


def _services(listed: list[Any]) -> tuple[tuple[MuxService, ...], tuple[str, ...]]:
    """Return the services of an array, the first of each id, and notes on what was left out."""
    found: dict[str, MuxService] = {}
    for item in listed[:MOST_SERVICES]:
        service = _service(item) if isinstance(item, Mapping) else None
        if service is None:
            continue
        if service.id in found and found[service.id].port != service.port:
            service = service._replace(id=f"{service.id}:{service.port}")
        found.setdefault(service.id, service)
    lost = len(listed) - len(found)
    notes = (f"{lost:,} of {len(listed):,} entries were left out: nameless, repeated, or too many",) if lost else ()
    return tuple(found.values()), notes


def _service(item: Table) -> MuxService | None:
    identity = _identity(item)
    if not identity:
        return None
    health, said = _health(item)
    return MuxService(
        id=identity,
        name=_text(item.get("name") or item.get("service_name") or item.get("label")) or identity,
        port=_port(item.get("port")),
        health=health,
        said=said,
        endpoint=_text(item.get("endpoint") or item.get("url")) or None,
        kind=_text(_first(item, ("service_type", "type", "kind"))) or None,
        checked_at=moment(_first(item, _CHECKED_KEYS)),
        capabilities=_texts(item.get("capabilities")),
        failures=_count(item.get("failure_count")),
    )


def _identity(item: Table) -> str:
    return _text(_first(item, ("id", "service_id", "system_id", "name", "service_name")))


def _health(item: Table) -> tuple[ServiceHealth, str]:
    """Return a service's health and the word for it. `healthy: false` is believed over a status that sounds well."""
    value = _first(item, _HEALTH_KEYS)
    if isinstance(value, Mapping):
        return _health(value)
    health, said = health_of(value), _text(value)
    if health == "healthy" and item.get("healthy") is False:
        return "unhealthy", f"{said}, healthy: false"
    return health, said


def moment(value: object) -> float | None:
    """Return a moment (ISO 8601, or seconds or milliseconds since the epoch) in seconds; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        seconds = value / 1000 if value > 1e11 else float(value)
        return seconds if 0 < seconds < 1e11 else None
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _first(item: Table, keys: Iterable[str]) -> Any:
    return next((item[key] for key in keys if _is_said(item.get(key))), None)


def _is_said(value: object) -> bool:
    return value is not None and value != ""


def _port(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 6:
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value in _PORTS else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _lower(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""


def _text(value: object) -> str:
    """Return a short text; what is no scalar says nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).strip()[:_LONGEST] if isinstance(value, (str, int, float)) else ""


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for item in value[:50] if (text := _text(item))) if isinstance(value, list) else ()
