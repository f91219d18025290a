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
        "workbench.frames",
        "workbench.assignments",
        "workbench.deploy.model",
        "workbench.worker",
        "workbench.audit",
        "workbench.registrations",
    },
    "workbench.worker": {"workbench.errors"},
    "workbench.cypher": {"workbench.errors", "workbench.fleet"},
    "workbench.cypher_worker": {"workbench.cypher", "workbench.errors", "workbench.fleet", "workbench.worker"},
    "workbench.table_files": {"workbench.fleet"},
    "workbench.query_pool": {
        "workbench.errors",
        "workbench.fleet",
        "workbench.hub",
        "workbench.store",
        "workbench.worker",
    },
    "workbench.mux": {"workbench.mux", "workbench.fleet", "workbench.events"},
    "workbench.health_record": {"workbench.events", "workbench.fleet"},
    "workbench.health_desk": {"workbench.events", "workbench.fleet", "workbench.health_record"},
    "workbench.mux_settings": {"workbench.errors", "workbench.mux", "workbench.port_settings"},
    "workbench.vitals": {
        "workbench.events",
        "workbench.fleet",
        "workbench.health_desk",
        "workbench.live_layer",
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
        "workbench.assignments",
        "workbench.assignment_desk",
        "workbench.audit",
        "workbench.beat",
        "workbench.deployment_desk",
        "workbench.commands",
        "workbench.desks",
        "workbench.hub_options",
        "workbench.hub_status",
        "workbench.journal_guard",
        "workbench.live_events",
        "workbench.live_layer",
        "workbench.persistence",
        "workbench.recollection",
        "workbench.service_desk",
        "workbench.vitals",
        "workbench.visits",
    },
    "workbench.hub_options": {
        "workbench.audit",
        "workbench.deploy.engine",
        "workbench.fleet",
        "workbench.live_layer",
        "workbench.mux",
        "workbench.sources",
    },
    "workbench.beat": set(),
    "workbench.recollection": {
        "workbench.fleet",
        "workbench.persistence",
        "workbench.sources",
        "workbench.visits",
    },
    "workbench.visits": set(),
    "workbench.preparer": {"workbench.events", "workbench.fleet", "workbench.frames", "workbench.hub"},
    "workbench.hub_status": {"workbench.fleet", "workbench.hub"},
    "workbench.journal_guard": {"workbench.errors", "workbench.events", "workbench.fleet", "workbench.persistence"},
    "workbench.desks": {
        "workbench.assignment_desk",
        "workbench.audit",
        "workbench.deployment_desk",
        "workbench.errors",
        "workbench.fleet",
        "workbench.journal_guard",
        "workbench.service_desk",
    },
    "workbench.deployment_desk": {
        "workbench.deployment_desk",
        "workbench.deploy",
        "workbench.events",
        "workbench.fleet",
        "workbench.errors",
    },
    "workbench.assignment_desk": {
        "workbench.assignment_desk",
        "workbench.assignments",
        "workbench.events",
        "workbench.fleet",
        "workbench.errors",
    },
    "workbench.audit": {"workbench.errors", "workbench.fleet"},
    "workbench.access": {"workbench.origins", "workbench.scopes", "workbench.tokens"},
    "workbench.assignments": {"workbench.assignments", "workbench.fleet", "workbench.errors"},
    "workbench.events": {"workbench.events", "workbench.fleet"},
    "workbench.frames": {"workbench.frames", "workbench.fleet", "workbench.events", "workbench.pieces"},
    "workbench.pieces": set(),
    "workbench.registrations": {"workbench.fleet", "workbench.errors"},
    "workbench.service_desk": {"workbench.registrations", "workbench.fleet", "workbench.errors"},
    "workbench.live_layer": {
        "workbench.assignments",
        "workbench.fleet",
        "workbench.registrations",
        "workbench.service_desk",
        "workbench.sources",
    },
    "workbench.live_models": {"workbench.fleet", "workbench.live_layer", "workbench.registrations"},
    "workbench.live_events": {"workbench.events", "workbench.fleet", "workbench.live_models"},
    "workbench.commands": {
        "workbench.events",
        "workbench.assignment_desk",
        "workbench.errors",
        "workbench.fleet",
        "workbench.deployment_desk",
        "workbench.service_desk",
    },
    "workbench.persistence": {
        "workbench.assignment_desk",
        "workbench.audit",
        "workbench.deployment_desk",
        "workbench.events",
        "workbench.fleet",
        "workbench.service_desk",
    },
    "workbench.hub_tables": {
        "workbench.fleet",
        "workbench.frames",
        "workbench.history",
        "workbench.hub",
        "workbench.live_frames",
    },
    "workbench.backings": {
        "workbench.assignments",
        "workbench.backings",
        "workbench.errors",
        "workbench.events",
        "workbench.fleet",
        "workbench.history",
        "workbench.hub",
        "workbench.hub_tables",
        "workbench.live_models",
        "workbench.origins",
        "workbench.query_pool",
        "workbench.sources",
        "workbench.store",
        "workbench.table_files",
    },
    "workbench.sync": {
        "workbench.sync",
        "workbench.errors",
        "workbench.fleet",
        "workbench.progress",
        "workbench.secret_file",
    },
    "workbench.errors": {"workbench.errors"},
}
"""What each room may import of ours; rooms that are not listed may import anything below them."""

LIBRARIES = {
    "tornado": (
        "api",
        "workbench.backings.follow",
        "workbench.front",
        "workbench.jupyter",
        "workbench.listening",
        "workbench.oversized",
        "workbench.pages_server",
        "workbench.server",
        "workbench.starting",
        "workbench.waiting_room",
        "workbench.dashboards",
    ),
    "duckdb": ("workbench.store",),
    "matplotlib": ("workbench.pictures",),
    "panel": ("workbench.dashboards", "workbench.pages_server"),
    "bokeh": ("workbench.dashboards", "workbench.pages_server"),
    "httpx": (
        "workbench.mux.exchange",
        "workbench.sources.health_probe",
        "workbench.client",
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
    "grandcypher": ("workbench.cypher",),
    "prometheus_client": ("api.measures", "api.metrics"),
    "lark": ("workbench.cypher",),
    "watchfiles": ("workbench.sources.watch",),
    "pandas": (
        "workbench.answer_view",
        "workbench.deployer",
        "workbench.magics",
        "workbench.workbench",
        "workbench.vitals_view",
        "workbench.fleet_frames",
        "workbench.frames",
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
            assert within(name, ["api", "workbench.jupyter", "workbench.pages_server", "workbench.server"]), (
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
