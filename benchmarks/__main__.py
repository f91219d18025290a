"""`python -m benchmarks [NAME [OPTIONS]]`: run one measurement, or all of them."""

import sys

from benchmarks import findings, revisions, scan

MEASUREMENTS = {"scan": scan.main, "revisions": revisions.main, "findings": findings.main}


def main() -> None:
    name, *arguments = sys.argv[1:] or ["all"]
    if name in MEASUREMENTS:
        MEASUREMENTS[name](arguments)
    elif name == "all":
        for run in MEASUREMENTS.values():
            run([])
    else:
        sys.exit(f"unknown measurement {name!r}; there are: all, {', '.join(MEASUREMENTS)}")


main()
