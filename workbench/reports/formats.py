"""Reports for machines: JSON as in the API's contract, SARIF 2.1.0, and workflow commands of GitHub Actions."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from workbench import __version__
from workbench.fleet.model import Finding, Site, locate_sites
from workbench.fleet.rules import RULES, Rule, Severity
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import check_model

SARIF_SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "hint": "note"}
_COMMANDS: Final[Mapping[Severity, str]] = {"error": "error", "warning": "warning", "hint": "notice"}


def json_report(snapshot: Snapshot, findings: Sequence[Finding]) -> str:
    """Return the report as JSON: {revision, crates, findings, muted, summary}."""
    return json.dumps(check_model(snapshot, findings), ensure_ascii=False)


def sarif_report(findings: Sequence[Finding], locate: Mapping[str, Path]) -> str:
    """Return the report as SARIF 2.1.0, for code scanning services and editors.

    `locate` gives the file of each manifest's key; files below the current directory are named relative to it.
    """
    locate_sites(site for item in findings for site in item.sites)
    rules = sorted({item.code for item in findings})
    driver = {
        "name": "Crate Workbench",
        "semanticVersion": __version__,
        "rules": [_sarif_rule(RULES[code]) for code in rules],
    }
    results = [_sarif_result(item, rules.index(item.code), locate) for item in findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False)


def _sarif_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.code,
        "name": "".join(part.capitalize() for part in rule.kind.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.explanation},
        "help": {"text": rule.fix},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _sarif_result(item: Finding, index: int, locate: Mapping[str, Path]) -> dict[str, Any]:
    identity = hashlib.sha256(repr(item.identity).encode()).hexdigest()[:32]
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": index,
        "level": _LEVELS[item.severity],
        "message": {"text": f"{item.message}. {item.fix}"},
        "partialFingerprints": {"finding/v1": identity},
        "properties": {"kind": item.kind, "crates": list(item.crates), "ports": list(item.ports)},
    }
    if item.sites:
        result["locations"] = [_sarif_location(item.sites[0], locate)]
    if item.sites[1:]:
        result["relatedLocations"] = [
            {
                "id": number,
                **_sarif_location(site, locate),
                "message": {"text": f"{site.crate or site.path}: {site.key}"},
            }
            for number, site in enumerate(item.sites[1:])
        ]
    return result


def _sarif_location(site: Site, locate: Mapping[str, Path]) -> dict[str, Any]:
    line, column = site.position
    uri = quote(shown_path(site.path, locate), safe="/:")
    region = {"startLine": line, "startColumn": column}
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def github_lines(findings: Sequence[Finding], locate: Mapping[str, Path]) -> Iterator[str]:
    """Yield one workflow command of GitHub Actions for each finding; it shows as an annotation at its line."""
    locate_sites(site for item in findings for site in item.sites)
    for item in findings:
        properties = {"title": f"{item.code} {item.rule.title}"}
        if item.sites:
            line, column = item.sites[0].position
            properties |= {"file": shown_path(item.sites[0].path, locate), "line": str(line), "col": str(column)}
        said = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
        others = "".join(f"\nalso {shown_path(site.path, locate)}:{site.line}" for site in item.sites[1:])
        message = f"{item.message}{others}\nfix: {item.fix}"
        yield f"::{_COMMANDS[item.severity]} {said}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    """Escape a text as workflow commands want it: percent-encoding of line ends and separators."""
    return "".join(f"%{ord(c):02X}" if c in f"%\r\n{more}" else c for c in text)


def shown_path(key: str, locate: Mapping[str, Path]) -> str:
    """Return how a report names a manifest: relative to the current directory if it is below it, else absolute."""
    path = locate.get(key)
    if path is None:
        return key
    here = Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()
