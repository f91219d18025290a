"""`python -m benchmarks [NAME [OPTIONS]]`: run one measurement, or all of them."""

import sys

from benchmarks import findings, graph, latency, mux, reference, revisions, scan

ALONE = {
    "scan": scan.main,
    "revisions": revisions.main,
    "latency": latency.main,
    "findings": findings.main,
    "graph": graph.main,
    "mux": mux.main,
}
MEASUREMENTS = {**ALONE, "reference": reference.main}
"""What can be measured; the reference needs a server to compare with, so it is not part of `all`."""


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
