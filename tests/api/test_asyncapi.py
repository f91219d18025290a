"""The AsyncAPI document holds every frame that the server can send."""

import ast
import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from tornado.websocket import WebSocketHandler

import api
import workbench
from api import routes
from api.models.events import EVENTS, MARKS
from tests.api.conftest import SECRET, LiveApi, until, write_manifest
from tests.api.test_openapi import strict
from workbench.events import COALESCE_ABOVE, TOPICS, Draft, drafts_of
from workbench.fleet.diff import CrateAction, diff
from workbench.fleet.health import Health
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.mux import MuxLink, MuxResult, MuxService, MuxTopology
from workbench.fleet.observed import Listener, Observed, Probe, Registration
from workbench.fleet.snapshot import Snapshot
from workbench.live.events import observed_drafts
from workbench.live.health_record import health_drafts
from workbench.mux.news import mux_drafts
from workbench.mux.view import MuxView

TOKEN = {"Authorization": f"Bearer {SECRET}"}


@pytest.fixture
def document(http: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = http.get("/api/asyncapi.json").json()
    return found


def check(document: dict[str, Any], frame: dict[str, Any]) -> None:
    payload = document["components"]["messages"][frame["type"]]["payload"]
    text = json.dumps({"$defs": document["components"]["schemas"], **payload})
    schema = strict(json.loads(text.replace("#/components/schemas/", "#/$defs/")))
    assert [f"{e.json_path}: {e.message[:200]}" for e in Draft202012Validator(schema).iter_errors(frame)] == []


def drafted() -> Iterator[str]:
    """The types in the code wherever a Draft is made; parts in braces stand for anything."""
    for package in (api, workbench):
        for path in Path(package.__path__[0]).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Draft" and node.args:
                    yield ast.unparse(node.args[0])


def test_every_type_that_the_code_drafts_is_described(document: dict[str, Any]) -> None:
    messages = set(document["components"]["messages"])
    assert messages == {*EVENTS, *MARKS, "subscribe"}
    patterns = [
        re.sub(r"\{[^}]*\}", "[a-z]+", ast.literal_eval(text.lstrip("f"))) for text in drafted() if text[-1] in "'\""
    ]
    assert len(patterns) >= 5
    for pattern in patterns:
        assert [name for name in messages if re.fullmatch(pattern, name)], pattern
    assert {topic for topic, _ in EVENTS.values()} <= set(TOPICS)


def test_every_reference_is_sound(document: dict[str, Any]) -> None:
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)):
        place: Any = document
        for part in reference.split("/"):
            place = place[part]


def test_every_socket_and_the_stream_are_channels(document: dict[str, Any], api: LiveApi) -> None:
    sockets = {pattern for pattern, handler, _ in routes(api.hub) if issubclass(handler, WebSocketHandler)}
    assert {channel["address"] for channel in document["channels"].values()} == {*sockets, "/api/events"}


OFFICIAL = Path(__file__).parents[1] / "fixtures" / "asyncapi" / "asyncapi-3.0.0.schema.json"


@pytest.fixture(scope="module")
def official() -> Draft7Validator:
    """What the AsyncAPI Initiative publishes as the schema of a document of version 3.0.0."""
    return Draft7Validator(json.loads(OFFICIAL.read_text("utf-8")))


def test_the_document_is_valid_by_the_official_schema(document: dict[str, Any], official: Draft7Validator) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert [f"{error.json_path}: {error.message[:200]}" for error in official.iter_errors(document)] == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("asyncapi", "3.1.0"),
        ("info/title", None),
        ("servers/pages/protocol", 7),
        ("channels/socket/topic", "crates"),
        ("channels/socket/bindings/ws/method", "SHOUT"),
        ("operations/followSocket/action", "publish"),
        ("components/messages/hello/payload", "text"),
    ],
)
def test_the_official_schema_finds_what_is_wrong(
    document: dict[str, Any], official: Draft7Validator, place: str, value: object
) -> None:
    *way, last = place.split("/")
    part = document
    for name in way:
        part = part[name]
    part[last] = value
    assert not official.is_valid(document)


def events_of(older: Snapshot, newer: Snapshot) -> list[Draft]:
    return drafts_of(diff(older, newer), newer)


def fleet(count: int, port: int = 18000) -> dict[str, Any]:
    text = '[smart-crate]\nname = "c{0}"\nversion = "1.0.0"\n\n[ports]\nui = {1}\n'
    return {
        f"c{n}/smart-crate.toml": parse_manifest(f"c{n}/smart-crate.toml", text.format(n, port + n).encode())
        for n in range(count)
    }


def observed_events(snapshot: Snapshot) -> list[Draft]:
    service = Registration("crate-1", 18001, registered_at=1.0)
    listener = Listener(18001, "tcp", ("127.0.0.1",), since=1.0)
    crowd = range(18000, 18001 + COALESCE_ABOVE)
    steps = [
        Observed((listener,), (service,), (Probe("other", 18001, "open", 1.0),)),
        Observed((), (service._replace(status="busy"),)),
        Observed((), (service._replace(state="stale"),)),
        Observed((), (service._replace(state="gone"),)),
        Observed(),
        Observed(
            tuple(listener._replace(port=port) for port in crowd),
            tuple(Registration(f"s{port}", port, registered_at=1.0) for port in crowd),
        ),
    ]
    states = [snapshot, *(snapshot.observe(step) for step in steps)]
    return [draft for older, newer in pairwise(states) for draft in observed_drafts(older, newer)]


def vital_events() -> list[Draft]:
    """Events of a Mux that is heard, then of another and a greater one, then away; and of health."""
    few = MuxResult((MuxService("a", "A", 1),), MuxTopology((), (MuxLink("a", "b"),)), "/status", 1.0)
    many = replace(few, services=tuple(MuxService(f"s{n}", "S") for n in range(COALESCE_ABOVE + 1)))
    views = [MuxView("http://x"), MuxView("http://x", "live", 1.0, few), MuxView("http://x", "live", 1.0, many)]
    views.append(replace(views[-1], phase="away", error="no answer"))
    changes = [(Health("a", "up", 1.0, "listener", 1.0, "it listens"), None), (Health("b", "unknown", 1.0), None)]
    told = [draft for older, newer in pairwise(views) for draft in mux_drafts(older, newer)]
    return [*told, *health_drafts(changes)]


def test_every_type_of_a_difference_is_as_described(document: dict[str, Any], api: LiveApi) -> None:
    empty, few = Snapshot(), Snapshot().apply(fleet(3))
    moved = few.apply(fleet(3, 18150))
    many = empty.apply(fleet(COALESCE_ABOVE + 10, 50000))
    gone = few.apply(dict.fromkeys(few.records))
    drafts = [
        *events_of(empty, few),
        *events_of(few, moved),
        *events_of(moved, few),
        *events_of(few, gone),
        *events_of(empty, many),
        *observed_events(few),
        *vital_events(),
    ]
    for event in api.hub.log.number(drafts, 1):
        check(document, json.loads(event.frame))
    told = {draft.type for draft in drafts}
    assert told == {name for name, (topic, _) in EVENTS.items() if topic not in ("assignments", "deployments")}
    assert {f"crate.{action}" for action in CrateAction.__args__} <= told  # type: ignore[attr-defined]


def test_real_frames_are_as_described(live_api: LiveApi, document: dict[str, Any], fleet_dir: Path) -> None:
    async def listen() -> list[dict[str, Any]]:
        async with live_api.socket() as client:
            frames = await client.take(1)
            await client.send({"type": "subscribe", "topics": list(TOPICS), "since": 10**9})
            frames += await client.take(2)
            await asyncio.to_thread(change)
            while {frame["type"] for frame in frames} < expected:
                frames += await client.take(1)
            return frames

    def change() -> None:
        body = {"crate_name": "ledger", "block": "GIS", "lease_seconds": 1}
        made = live_api.client.post("/api/ports/assign", json=body, headers=TOKEN).json()
        lasting = live_api.client.post("/api/ports/assign", json=body | {"lease_seconds": 60}, headers=TOKEN).json()
        assert made["port"] != lasting["port"]
        live_api.client.post(f"/api/ports/{lasting['port']}/release", json={}, headers=TOKEN)
        write_manifest(fleet_dir, "libs/new", '[smart-crate]\nname = "new"\nversion = "1"\n\n[ports]\nui = 18030\n')

    kinds = ["made", "released", "expired"]
    expected = {*MARKS, *(f"assignment.{kind}" for kind in kinds), "crate.added", "port.changed", "fleet.revision"}
    for frame in asyncio.run(asyncio.wait_for(listen(), 20)):
        check(document, frame)
    until(lambda: live_api.clients() == 0)


def test_what_is_not_described_fails(document: dict[str, Any], api: LiveApi) -> None:
    (event,) = api.hub.log.number([Draft("crate.added", "crates", {"name": "a", "path": "a", "mood": "fine"})], 1)
    with pytest.raises(AssertionError):
        check(document, json.loads(event.frame))
