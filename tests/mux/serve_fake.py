"""A Mux to look at by hand: `python -m tests.mux.serve_fake [PORT]` answers with the sample fleet's services.

Commands on its input: `away` stops it, `back` starts it again, `down` makes a service fail, `up` mends it, `mock`
marks its answers as sample data. It ends when its input does.
"""

import sys
from itertools import pairwise
from typing import Any

from tests.mux.fake_mux import FakeMux
from workbench import Workbench
from workbench.config import sample_fleet
from workbench.fleet.wire import iso


def status(port_of: dict[str, int], failing: bool = False, mock: bool = False) -> dict[str, Any]:
    """Return a status answer in which some services of a fleet run, and one that it does not know."""
    import time

    healths = ["healthy", "healthy", "healthy", "degraded", "healthy", "unknown"]
    services = [
        {"id": name, "name": name, "port": port, "health_status": healths[n % len(healths)],
         "endpoint": f"http://localhost:{port}", "last_health_check": iso(time.time() - 3 * n), "capabilities": ["route"]}
        for n, (name, port) in enumerate(port_of.items())
    ]  # fmt: skip
    services.append({"id": "night-watch", "name": "Night Watch", "port": 19999, "health_status": "healthy"})
    if failing:
        services[0]["health_status"] = "down"
    return {"status": "operational", "total_services": 40, "healthy_services": 40, "services": services, "mock": mock}


def topology(names: list[str]) -> dict[str, Any]:
    """Return a chain over some services, with one that nobody declared."""
    chain = [{"source": a, "target": b, "type": "http"} for a, b in pairwise(names)]
    return {
        "nodes": [{"id": name} for name in names],
        "edges": [*chain, {"source": "night-watch", "target": names[0], "type": "grpc"}],
    }


def _some_ports() -> dict[str, int]:
    """Return a port of each of the first crates of the sample fleet that have one."""
    snapshot = Workbench.scan(sample_fleet()).snapshot
    ports = {crate.name: claims[0].port for crate in snapshot.crates
             if (claims := [c for c in snapshot.records[crate.path].claims if c.role == "owner"])}  # fmt: skip
    return dict(list(ports.items())[:18])


def sample_mux() -> dict[str, Any]:
    """Return what a Mux might answer that knows some crates of the sample fleet, by path."""
    some = _some_ports()
    return {"/api/mux/status": status(some), "/api/mux/topology": topology(list(some))}


def main() -> None:
    some = _some_ports()
    mux = FakeMux(sample_mux())
    mux.port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    mux.start()
    sys.stdout.write(f"{mux.url}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        match line.strip():
            case "away":
                mux.stop()
            case "back":
                mux.start()
            case word:
                mux.replies["/api/mux/status"] = status(some, word == "down", word == "mock")
                mux.push({"type": "health"})
    mux.stop()


if __name__ == "__main__":
    main()
