"""Where crates say that they tell of their health: the declared path, on the ports that they own."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from workbench.fleet.model import PortClaim
from workbench.fleet.observed import transport_of
from workbench.fleet.snapshot import Snapshot

MOST_PORTS: Final = 3
"""On how many of a crate's ports its health endpoint is looked for."""

_PATH: Final = re.compile(r"/(?!/)[!-~]{0,499}", re.ASCII)
_HINTS: Final = ("health", "http", "api", "rest", "web", "ui", "main")


class HealthTarget(NamedTuple):
    """A crate, the ports on which its endpoint may be, likeliest first, and the path."""

    crate: str
    ports: tuple[int, ...]
    path: str


def health_targets(snapshot: Snapshot) -> tuple[HealthTarget, ...]:
    """Return the crates whose health can be asked for over HTTP, by name; computed once for each revision.

    A declared endpoint counts if it is a path: a manifest may not send us to another host.
    """
    return snapshot.derive("health-targets", _health_targets)


def _health_targets(snapshot: Snapshot) -> tuple[HealthTarget, ...]:
    found: dict[str, HealthTarget] = {}
    for crate in snapshot.crates:
        route = crate.endpoints.get("health")
        if route is None:
            continue
        path = route if route.startswith("/") else f"/{route}"
        claims = snapshot.records[crate.path].claims
        owned = [claim for claim in claims if claim.role == "owner" and transport_of(claim.protocol) == "tcp"]
        ports = tuple(dict.fromkeys(claim.port for claim in sorted(owned, key=_likelihood)))[:MOST_PORTS]
        if ports and "://" not in route and _PATH.fullmatch(path):
            found.setdefault(crate.name, HealthTarget(crate.name, ports, path))
    return tuple(found.values())


def where_served(targets: Iterable[HealthTarget], serving: Mapping[str, int]) -> Iterator[HealthTarget]:
    """Yield targets, those of crates that are known to serve on a port with that port before the others.

    An instance may serve on the sister of its crate's port, which the crate does not own.
    """
    for target in targets:
        port = serving.get(target.crate)
        yield target if port is None else target._replace(ports=tuple(dict.fromkeys((port, *target.ports))))


def _likelihood(claim: PortClaim) -> int:
    label = claim.label.lower()
    return next((place for place, hint in enumerate(_HINTS) if hint in label), len(_HINTS))
