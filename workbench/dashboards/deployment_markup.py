"""What is shown of a deployment: where it stands, its steps, its log, its plan, and what came before it."""

import shlex
from collections.abc import Mapping, Sequence

from markupsafe import Markup

from workbench.dashboards.deployment_rows import TONES, words_of
from workbench.dashboards.event_rows import clock
from workbench.dashboards.finding_markup import facts
from workbench.dashboards.links import Links
from workbench.deploy.model import Deployment, Instance, Step
from workbench.deploy.runner import Command
from workbench.deploy.wire import DeployPlan


def deployment_details(item: Deployment, links: Links) -> Markup:
    """Return where a deployment stands, and its steps."""
    before = f"{item.before.version} on {item.before.port}" if item.before else "nothing deployed from here"
    pairs: list[tuple[str, object]] = [
        ("Crate", links.crate(item.crate_name)),
        ("Strategy", f"{item.target.strategy}, by the runner {item.target.runner}"),
        ("Served before", before if item.started_at else "not known yet"),
        ("Asked for", f"{clock(item.queued_at)} UTC{f' by {item.actor}' if item.actor else ''}"),
        ("Took", _seconds(item.started_at, item.finished_at)),
    ]
    error = Markup('<p class="bad" role="alert">{}</p>').format(item.error) if item.error else ""
    return Markup(
        '<h2>{} <span class="mono">{}</span> <span class="chip {}">{}</span></h2>'
        '<progress class="bar" max="1" value="{}" aria-label="Progress"></progress>{}{}<h3>Steps</h3>{}'
    ).format(
        item.crate_name, item.target.version, _chip(item), words_of(item.state), item.progress, error, facts(pairs),
        steps_markup(item.steps),
    )  # fmt: skip


def steps_markup(steps: Sequence[Step]) -> Markup:
    """Return steps as a list, each with how long it took and why it failed."""
    if not steps:
        return Markup('<p class="quiet">It waits. Its steps are chosen when it begins.</p>')
    lines = [
        Markup('<li class="{}">{}{} <small>{}</small>{}</li>').format(
            step.state,
            "undo: " if step.is_undo else "",
            step.title,
            _seconds(step.started_at, step.finished_at),
            Markup('<br><span class="bad">{}</span>').format(step.error) if step.error else "",
        )
        for step in steps
    ]
    return Markup('<ol class="steps" aria-label="Steps">{}</ol>').format(Markup().join(lines))


def plan_markup(plan: DeployPlan, *, with_commands: bool) -> Markup:
    """Return what a deployment would do, for those who may deploy with the commands that it would run."""
    target = plan.target
    lines = [
        Markup('<li class="pending">{}{}</li>').format(step.title, _code(command if with_commands else None))
        for step, command in plan.steps
    ]
    goes_back = "goes back" if target.rollback_on_failure else "stays as it is, since the manifest says so,"
    return Markup(
        '<h3>Plan</h3><p class="quiet">{} {} by {} with the runner {}, in place of {}. If it fails once traffic was '
        'moved, it {}.</p><ol class="steps" aria-label="Plan">{}</ol>'
    ).format(
        target.crate_name, target.version, target.strategy, target.runner,
        plan.before.version if plan.before else "nothing", goes_back, Markup().join(lines),
    )  # fmt: skip


def _code(command: Command | None) -> Markup:
    return Markup("<code>{}</code>").format(shlex.join(command.arguments)) if command else Markup()


def log_markup(lines: Sequence[str], is_cut: bool) -> Markup:
    """Return the newest lines of a log; it stays at its end while it grows."""
    told = [Markup('<span class="own">{}</span>').format(x) if x.startswith("-- ") else Markup.escape(x) for x in lines]
    head = Markup('<span class="own">earlier lines are in the log</span>\n') if is_cut else Markup()
    return Markup('<h3>Log</h3><div class="log" tabindex="0" role="log" aria-label="Log"><pre>{}{}</pre></div>').format(
        head, Markup("\n").join(told) or Markup('<span class="own">nothing yet</span>')
    )


def history_markup(items: Sequence[Deployment], serving: Instance | None) -> Markup:
    """Return the deployments of one crate, newest first, and what serves it."""
    now = (
        Markup('<p>Serves now: <b class="mono">{}</b> on <span class="port">{}</span></p>').format(
            serving.version, serving.port
        )
        if serving
        else Markup('<p class="quiet">Nothing that was deployed from here serves it.</p>')
    )
    lines = [
        Markup(
            '<li><span class="mono">{}</span> <span class="chip {}">{}</span><span class="why">{}, {}</span></li>'
        ).format(item.target.version, _chip(item), words_of(item.state), clock(item.queued_at), item.target.strategy)
        for item in items
    ]
    return Markup('<h3>History</h3>{}<ul class="list" aria-label="History">{}</ul>').format(now, Markup().join(lines))


def figures_markup(items: Sequence[Deployment], serving: Mapping[str, Instance]) -> Markup:
    """Return how many are at work, wait, and have ended in which way."""
    states = [item.state for item in items]
    at_work = sum(state in ("running", "verifying", "rolling_back") for state in states)
    back = states.count("rolled_back")
    cells = [
        ("accent" if at_work else "", at_work, "at work"),
        ("", states.count("queued"), "waiting"),
        ("", states.count("succeeded"), "succeeded"),
        ("bad" if "failed" in states else "", states.count("failed"), "failed"),
        ("warn" if back else "", back, "rolled back"),
        ("", len(serving), "crates served from here"),
    ]
    return Markup('<div class="figures">{}</div>').format(
        Markup().join(Markup('<div class="figure {}"><b>{:,}</b><span>{}</span></div>').format(*cell) for cell in cells)
    )


def nothing_selected() -> Markup:
    """Return what stands in place of details."""
    return Markup(
        '<h2>No deployment is selected</h2><p class="quiet">Choose a row to see its steps and its log, to cancel it or '
        "to go back. Programs do the same at <code>/api/deployments</code>.</p>"
    )


def _chip(item: Deployment) -> str:
    return {"bad": "error", "warn": "warning"}.get(TONES[item.state], TONES[item.state])


def _seconds(since: float | None, until: float | None) -> str:
    if since is None:
        return ""
    return f"{until - since:.1f} s" if until is not None else "at work"
