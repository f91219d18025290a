"""Everything known of one manifest, as the fleet page's details show it."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from workbench.dashboards.finding_markup import facts, finding_list, quiet
from workbench.dashboards.links import Links
from workbench.dashboards.source_listing import source_listing
from workbench.fleet.snapshot import Record, Snapshot
from workbench.fleet.wire import crate_detail_model, finding_model

_THRESHOLDS: Final[Mapping[str, str]] = {
    "minimum_score": "score at least {:g}",
    "code_coverage_minimum": "code coverage at least {:g} %",
    "complexity_threshold": "complexity at most {:g}",
    "maintainability_index_minimum": "maintainability index at least {:g}",
    "technical_debt_ratio_maximum": "technical debt ratio at most {:g}",
}
_SWITCHES: Final[Mapping[str, str]] = {
    "phd_suite_enabled": "PhD suite",
    "automated_testing": "automated testing",
    "continuous_validation": "continuous validation",
}


def manifest_details(path: str, snapshot: Snapshot, links: Links, health: Markup | None = None) -> Markup:
    """Return the details of the manifest at a path, whether it describes a crate or is broken.

    `health` is how the crate fares, as `health_markup` gives it.
    """
    record = snapshot.records.get(path)
    if record is None:
        return Markup(
            '<section class="card"><h2>Gone</h2><p>The manifest <code>{}</code> no longer exists.</p></section>'
        ).format(path)
    if record.crate is None:
        return _broken(record, links)
    return _crate(crate_detail_model(record, snapshot), record, snapshot, links, health or Markup())


def _broken(record: Record, links: Links) -> Markup:
    findings = [finding_model(item) for item in record.manifest.diagnostics]
    return Markup(
        '<section class="card" aria-label="Details"><h2>No crate can be read here</h2>'
        '<p class="place">{}</p><div class="chips"><span class="chip error">broken manifest</span></div>'
        "<h3>What is wrong</h3>{}<h3>Manifest</h3>{}</section>"
    ).format(
        record.manifest.path, finding_list(findings, links),
        source_listing(record.manifest.source.text, record.manifest.path, record.manifest.diagnostics),
    )  # fmt: skip


def _crate(model: dict[str, Any], record: Record, snapshot: Snapshot, links: Links, health: Markup) -> Markup:
    assert record.crate is not None
    sections: dict[str, Markup] = {
        "Health": health,
        f"Findings · {len(model['findings'])}": finding_list(model["findings"], links),
        "Owned ports": _claims(model, "owner", links),
        "References to others": _claims(model, "reference", links),
        "Depends on": _dependencies(model, links),
        "Needed by": _names(model["dependents"], links),
        "QA thresholds": _thresholds(model["qa_metrics"]),
        "Endpoints": _endpoints(model["endpoints"]),
        "Manifest": source_listing(model["manifest"]["text"], model["path"], snapshot.findings_of(record.crate)),
    }
    body = Markup().join(Markup("<h3>{}</h3>{}").format(title, part) for title, part in sections.items() if part)
    return Markup('<section class="card" aria-label="Details">{}{}</section>').format(_head(model, links), body)


def _head(model: dict[str, Any], links: Links) -> Markup:
    chips = [("chip accent", model["classification"])]
    if model["tesla_grade"]:
        chips.append(("chip good", "Tesla grade"))
    if model["stale"]:
        chips.append(("chip warning", "file is broken now, this is its last good version"))
    if model["duplicates"]:
        chips.append(("chip error", "name used by another manifest too"))
    tags = Markup().join(Markup('<span class="{}">{}</span>').format(*chip) for chip in chips)
    graph = links.node(f"crate:{model['name']}", "show in the topology") if links.is_linked else ""
    foundation = links.crate(model["foundation"]) if model["foundation"] else quiet("none declared")
    return Markup('<h2>{} <span class="quiet">{}</span></h2><div class="chips">{}</div>{}{}').format(
        model["name"], model["version"], tags,
        Markup("<p>{}</p>").format(model["description"]) if model["description"] else "",
        facts([
            ("Manifest", Markup('<span class="place">{}</span>').format(model["path"])),
            ("Foundation", foundation),
            ("Retrofit", (model["retrofit_at"] or "")[:10] or quiet("not stated")),
            ("SLSA level", quiet("not stated") if model["slsa_level"] is None else model["slsa_level"]),
            ("Hashes", ", ".join(model["hash_algorithms"]) or quiet("none named")),
            ("Former names", ", ".join(model["aliases"]) or quiet("none")),
            *([("Graph", graph)] if graph else []),
        ]),
    )  # fmt: skip


def _claims(model: dict[str, Any], role: str, links: Links) -> Markup:
    claims = [claim for claim in model["claims"] if claim["role"] == role]
    if not claims:
        return quiet("no ports (library)") if role == "owner" else quiet("none")
    return Markup('<ul class="list">{}</ul>').format(Markup().join(_claim(claim, links) for claim in claims))


def _claim(claim: dict[str, Any], links: Links) -> Markup:
    whose = ""
    if claim["role"] == "reference":
        whose = Markup(" → {}").format(links.crate(claim["of"]) if claim["resolved"] else claim["of"])
    return Markup('<li>{} {}{} <span class="place">line {}</span><span class="why">{}</span></li>').format(
        links.port(claim["port"]), claim["label"], whose, claim["line"], claim["reason"]
    )


def _dependencies(model: dict[str, Any], links: Links) -> Markup:
    if not model["dependencies"]:
        return quiet("nothing declared")
    items = Markup().join(
        Markup('<li>{}{} <span class="place">line {}</span></li>').format(
            links.crate(item["resolved"]) if item["resolved"] else item["target"],
            "" if item["resolved"] else Markup(' <span class="chip">{}</span>').format(_outside(item["kind"])),
            item["line"],
        )
        for item in model["dependencies"]
    )
    return Markup('<ul class="wrap">{}</ul>').format(items)


def _outside(kind: str) -> str:
    return {"runtime": "runtime", "service": "outside service"}.get(kind, "not in this fleet")


def _names(names: list[str], links: Links) -> Markup:
    if not names:
        return quiet("no crate of this fleet")
    return Markup('<ul class="wrap">{}</ul>').format(
        Markup().join(Markup("<li>{}</li>").format(links.crate(name)) for name in names)
    )


def _thresholds(qa: Mapping[str, Any]) -> Markup:
    limits = [text.format(qa[key]) for key, text in _THRESHOLDS.items() if qa.get(key) is not None]
    switches = [f"{text} {'on' if qa[key] else 'off'}" for key, text in _SWITCHES.items() if qa.get(key) is not None]
    if not limits and not switches:
        return quiet("none set")
    items = Markup().join(
        Markup('<li>{} <span class="chip">{}</span></li>').format(text, note)
        for text, note in [*((t, "not measured") for t in limits), *((t, "setting") for t in switches)]
    )
    return Markup("<ul>{}</ul>").format(items)


def _endpoints(endpoints: Mapping[str, str]) -> Markup:
    if not endpoints:
        return Markup()
    return facts((name, Markup("<code>{}</code>").format(route)) for name, route in endpoints.items())
