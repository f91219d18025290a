"""`python -m benchmarks [NAME [OPTIONS]]`: run one measurement, or all of them."""

import sys

from benchmarks import api, connect, findings, graph, latency, mux, pages, reference, revisions, scan

ALONE = {
    "scan": scan.main,
    "revisions": revisions.main,
    "latency": latency.main,
    "findings": findings.main,
    "connect": connect.main,
    "graph": graph.main,
    "mux": mux.main,
}
MEASUREMENTS = {**ALONE, "reference": reference.main, "api": api.main, "pages": pages.main}
"""What can be measured; the last three need a server to compare with, wrk, or a browser, and are not part of `all`."""


def main() -> None:
    name, *arguments = sys.argv[1:] or ["all"]
    if name in MEASUREMENTS:
        MEASUREMENTS[name](arguments)
    elif name == "all":
        for run in ALONE.values():
            run([])
    else:
        sys.exit(f"unknown measurement {name!r}; there are: all, {', '.join(MEASUREMENTS)}")


main()
