"""The direction of imports is the architecture: lower rooms know nothing of higher ones."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import api
import workbench

ROOMS = {
    "workbench.fleet": {"workbench.fleet", "workbench.errors"},
    "workbench.sources": {"workbench.sources", "workbench.fleet", "workbench.errors"},
    "workbench.store": {
        "workbench.store",
        "workbench.files",
        "workbench.fleet",
        "workbench.errors",
        "workbench.events",
        "workbench.tables.frames",
        "workbench.desks.assignments",
        "workbench.deploy.model",
        "workbench.processes.worker",
        "workbench.desks.audit",
        "workbench.desks.registrations",
    },
    "workbench.processes.worker": {"workbench.errors"},
    "workbench.queries.cypher": {"workbench.errors", "workbench.fleet"},
    "workbench.queries.cypher_worker": {
        "workbench.queries.cypher",
        "workbench.errors",
        "workbench.fleet",
        "workbench.processes.worker",
    },
    "workbench.tables.files": {"workbench.fleet"},
    "workbench.queries.query_pool": {
        "workbench.errors",
        "workbench.fleet",
        "workbench.hub",
        "workbench.store",
        "workbench.processes.worker",
    },
    "workbench.mux": {"workbench.mux", "workbench.fleet", "workbench.events"},
    "workbench.live.health_record": {"workbench.events", "workbench.fleet"},
    "workbench.live.health_desk": {"workbench.events", "workbench.fleet", "workbench.live.health_record"},
    "workbench.sections.mux": {"workbench.errors", "workbench.mux", "workbench.sections.ports"},
    "workbench.live.vitals": {
        "workbench.events",
        "workbench.fleet",
        "workbench.live.health_desk",
        "workbench.live.layer",
        "workbench.mux",
        "workbench.sources",
    },
    "workbench.deploy": {"workbench.deploy", "workbench.fleet", "workbench.errors"},
    "workbench.hub": {
        "workbench.hub",
        "workbench.events",
        "workbench.sources",
        "workbench.fleet",
        "workbench.errors",
        "workbench.desks.assignments",
        "workbench.desks.assignment_desk",
        "workbench.desks.audit",
        "workbench.beat",
        "workbench.desks.deployment_desk",
        "workbench.desks.commands",
        "workbench.desks.hub_desks",
        "workbench.hub_options",
        "workbench.hub_status",
        "workbench.desks.journal_guard",
        "workbench.live.events",
        "workbench.live.layer",
        "workbench.persistence",
        "workbench.recollection",
        "workbench.desks.service_desk",
        "workbench.live.vitals",
        "workbench.serving.visits",
    },
    "workbench.hub_options": {
        "workbench.desks.audit",
        "workbench.deploy.engine",
        "workbench.fleet",
        "workbench.live.layer",
        "workbench.mux",
        "workbench.sources",
    },
    "workbench.beat": set(),
    "workbench.recollection": {
        "workbench.fleet",
        "workbench.persistence",
        "workbench.sources",
        "workbench.serving.visits",
    },
    "workbench.serving.visits": set(),
    "workbench.serving.preparer": {"workbench.events", "workbench.fleet", "workbench.tables.frames", "workbench.hub"},
    "workbench.hub_status": {"workbench.fleet", "workbench.hub"},
    "workbench.desks.journal_guard": {
        "workbench.errors",
        "workbench.events",
        "workbench.fleet",
        "workbench.persistence",
    },
    "workbench.desks.hub_desks": {
        "workbench.desks.assignment_desk",
        "workbench.desks.audit",
        "workbench.desks.deployment_desk",
        "workbench.errors",
        "workbench.fleet",
        "workbench.desks.journal_guard",
        "workbench.desks.service_desk",
    },
    "workbench.desks.deployment_desk": {
        "workbench.desks.deployment_desk",
        "workbench.deploy",
        "workbench.events",
        "workbench.fleet",
        "workbench.errors",
    },
    "workbench.desks.assignment_desk": {
        "workbench.desks.assignment_desk",
        "workbench.desks.assignments",
        "workbench.events",
        "workbench.fleet",
        "workbench.errors",
    },
    "workbench.desks.audit": {"workbench.errors", "workbench.fleet"},
    "workbench.security.access": {
        "workbench.security.origins",
        "workbench.security.scopes",
        "workbench.security.tokens",
    },
    "workbench.desks.assignments": {"workbench.desks.assignments", "workbench.fleet", "workbench.errors"},
    "workbench.events": {"workbench.events", "workbench.fleet"},
    "workbench.tables.frames": {
        "workbench.tables.frames",
        "workbench.fleet",
        "workbench.events",
        "workbench.tables.pieces",
    },
    "workbench.tables.pieces": set(),
    "workbench.desks.registrations": {"workbench.fleet", "workbench.errors"},
    "workbench.desks.service_desk": {"workbench.desks.registrations", "workbench.fleet", "workbench.errors"},
    "workbench.live.layer": {
        "workbench.desks.assignments",
        "workbench.fleet",
        "workbench.desks.registrations",
        "workbench.desks.service_desk",
        "workbench.sources",
    },
    "workbench.live.models": {"workbench.fleet", "workbench.live.layer", "workbench.desks.registrations"},
    "workbench.live.events": {"workbench.events", "workbench.fleet", "workbench.live.models"},
    "workbench.desks.commands": {
        "workbench.events",
        "workbench.desks.assignment_desk",
        "workbench.errors",
        "workbench.fleet",
        "workbench.desks.deployment_desk",
        "workbench.desks.service_desk",
    },
    "workbench.persistence": {
        "workbench.desks.assignment_desk",
        "workbench.desks.audit",
        "workbench.desks.deployment_desk",
        "workbench.events",
        "workbench.fleet",
        "workbench.desks.service_desk",
    },
    "workbench.tables.hub_tables": {
        "workbench.fleet",
        "workbench.tables.frames",
        "workbench.history",
        "workbench.hub",
        "workbench.live.frames",
    },
    "workbench.backings": {
        "workbench.desks.assignments",
        "workbench.backings",
        "workbench.errors",
        "workbench.events",
        "workbench.fleet",
        "workbench.history",
        "workbench.hub",
        "workbench.tables.hub_tables",
        "workbench.live.models",
        "workbench.security.origins",
        "workbench.queries.query_pool",
        "workbench.sources",
        "workbench.store",
        "workbench.tables.files",
    },
    "workbench.sync": {
        "workbench.sync",
        "workbench.errors",
        "workbench.fleet",
        "workbench.progress",
        "workbench.security.secret_file",
    },
    "workbench.errors": {"workbench.errors"},
}
"""What each room may import of ours; rooms that are not listed may import anything below them."""

LIBRARIES = {
    "tornado": (
        "api",
        "workbench.backings.follow",
        "workbench.serving.front",
        "workbench.jupyter",
        "workbench.serving.listening",
        "workbench.serving.oversized",
        "workbench.serving.pages_server",
        "workbench.server",
        "workbench.serving.starting",
        "workbench.serving.waiting_room",
        "workbench.dashboards",
    ),
    "duckdb": ("workbench.store",),
    "matplotlib": ("workbench.pictures",),
    "panel": ("workbench.dashboards", "workbench.serving.pages_server"),
    "bokeh": ("workbench.dashboards", "workbench.serving.pages_server"),
    "httpx": (
        "workbench.mux.exchange",
        "workbench.sources.health_probe",
        "workbench.subcommands.client",
        "workbench.backings",
        "workbench.deploy.health",
        "workbench.sync.postgrest",
    ),
    "websockets": ("workbench.mux.socket", "workbench.sync.surreal"),
    "asyncpg": ("workbench.sync.postgres",),
    "surrealdb": ("workbench.sync.surreal",),
    "aiohttp": ("workbench.sync.surreal",),
    "jupyter_server": ("workbench.jupyter",),
    "traitlets": ("workbench.jupyter",),
    "psutil": ("workbench.sources.listeners", "workbench.deploy.processes"),
    "grandcypher": ("workbench.queries.cypher",),
    "prometheus_client": ("api.measures", "api.metrics"),
    "lark": ("workbench.queries.cypher",),
    "watchfiles": ("workbench.sources.watch",),
    "pandas": (
        "workbench.views.answer",
        "workbench.deployer",
        "workbench.magics",
        "workbench.workbench",
        "workbench.views.vitals",
        "workbench.tables.fleet_frames",
        "workbench.tables.frames",
        "workbench.dashboards",
    ),
}
"""Which of our modules may import a library."""

PURE = {
    "graspologic_native",
    "networkx",
    "numpy",
    "rustworkx",
    "pydantic",
    "pydantic_core",
    "rtoml",
    "tomli",
    "tomlkit",
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in (workbench, api):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            parts = [package.__name__, *path.relative_to(root).with_suffix("").parts]
            yield ".".join(part for part in parts if part != "__init__"), path


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
    return found


def within(name: str, rooms: object) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("name", "path"), list(modules()), ids=lambda value: value if isinstance(value, str) else "")
def test_imports_point_downwards(name: str, path: Path) -> None:
    room = next((room for room in ROOMS if within(name, [room])), None)
    for imported in imports(path):
        top = imported.partition(".")[0]
        if top == "workbench" and imported != "workbench":
            assert room is None or within(imported, ROOMS[room]), f"{name} imports {imported}"
        if top == "api":
            assert within(name, ["api", "workbench.jupyter", "workbench.serving.pages_server", "workbench.server"]), (
                f"{name} imports {imported}"
            )
        if top in LIBRARIES:
            assert within(name, LIBRARIES[top]), f"{name} imports {imported}"


def test_the_core_is_pure() -> None:
    import sys

    for name, path in modules():
        if within(name, ["workbench.fleet"]):
            tops = {imported.partition(".")[0] for imported in imports(path)}
            assert tops <= PURE | {"workbench"} | sys.stdlib_module_names, name
            assert not tops & {"os", "pathlib", "io", "socket", "subprocess", "threading"}, name
