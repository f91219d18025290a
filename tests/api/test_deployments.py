"""Deploying over the API, with the demonstration's real processes."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import SECRET, LiveApi, until
from tests.api.test_asyncapi import check
from tests.demo import commands, free_pairs, hub_options, services, write_fleet
from workbench.hub import Hub
from workbench.security.tokens import Token, Tokens
from workbench.store.database import Store

ENDED = {"succeeded", "failed", "cancelled", "rolled_back"}
READER = "a-token-that-may-not-deploy"


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return dict(zip(["atlas", "beacon"], free_pairs(2), strict=True))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "state"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    until(lambda: commands(folder) == [])


@pytest.fixture
def live(tmp_path: Path, state: Path, ports: dict[str, int]) -> Iterator[LiveApi]:
    write_fleet(tmp_path / "fleet", ports)
    (tmp_path / "fleet/shelf").mkdir()
    (tmp_path / "fleet/shelf/smart-crate.toml").write_text('[smart-crate]\nname = "shelf"\nversion = "1"\n')
    (tmp_path / "fleet/evil").mkdir()
    hostile = '[smart-crate]\nname = "-x; rm -rf /"\nversion = "$(reboot)"\n[ports]\nhttp = 18500\n'
    (tmp_path / "fleet/evil/smart-crate.toml").write_text(hostile)
    with Hub([tmp_path / "fleet"], hub_options(state), Store(state)) as hub:
        assert hub.wait_ready(10)
        tokens = Tokens([Token.of("tester", SECRET), Token.of("reader", READER, frozenset({"read", "ports:write"}))])
        with LiveApi(hub, api_tokens=tokens) as served:
            served.client.headers["Authorization"] = f"Bearer {SECRET}"
            yield served


def deploy(live: LiveApi, crate: str = "atlas", **body: Any) -> httpx.Response:
    return live.client.post(f"/api/crates/{crate}/deploy", json=body)


def end_of(live: LiveApi, answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    place = answer.headers.get("Location", f"/api/deployments/{answer.json()['id']}")
    until(lambda: live.client.get(place).json()["state"] in ENDED)
    model: dict[str, Any] = live.client.get(place).json()
    return model


def health(port: int) -> dict[str, Any] | None:
    try:
        model: dict[str, Any] = httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False).json()
    except httpx.TransportError:
        return None
    return model


def test_a_crate_is_deployed_and_rolled_back(live: LiveApi, ports: dict[str, int], state: Path) -> None:
    port = ports["atlas"]
    answer = deploy(live)
    assert answer.json()["state"] in ("running", "verifying")
    first = end_of(live, answer)
    assert (first["state"], first["version"], first["port"], first["previous_version"]) == (
        "succeeded", "1.0.0", port, None,
    )  # fmt: skip
    assert (first["actor"], first["strategy"], first["progress"], first["error"]) == ("tester", "blue-green", 1.0, None)
    second = end_of(live, deploy(live, version="2.0.0", strategy="canary"))
    assert (second["state"], second["port"], second["previous_version"]) == ("succeeded", port + 32768, "1.0.0")
    assert [step["state"] for step in second["steps"]] == ["done"] * 8
    assert health(port) is None
    assert health(port + 32768) == {"crate": "atlas", "version": "2.0.0", "port": port + 32768, "status": "ok"}
    back = end_of(live, live.client.post(f"/api/deployments/{second['id']}/rollback", json={}))
    assert back["state"] == "rolled_back"
    assert health(port) is not None
    assert health(port + 32768) is None
    assert len(services(state)) == 1
    listed = live.client.get("/api/deployments?crate=atlas")
    assert [item["id"] for item in listed.json()] == [second["id"], first["id"]]
    assert listed.headers["X-Total-Count"] == "2"
    assert live.client.get("/api/deployments?crate=atlas&state=succeeded").json() == [first]
    assert live.client.post(f"/api/deployments/{first['id']}/cancel", json={}).status_code == 409


@pytest.mark.parametrize(("version", "mood", "state_after"), [
    ("2.0.0-bad", "good", "failed"), ("2.0.0", "bad", "failed"), ("2.0.0-late", "good", "rolled_back"),
])  # fmt: skip
def test_a_failing_gate_leaves_the_old_version(
    live: LiveApi, ports: dict[str, int], state: Path, version: str, mood: str, state_after: str
) -> None:
    end_of(live, deploy(live))
    made = end_of(live, deploy(live, version=version, parameters={"mood": mood}))
    assert made["state"] == state_after
    assert "not healthy within" in made["error"]
    found = health(ports["atlas"])
    assert found is not None
    assert found["version"] == "1.0.0"
    assert len(services(state)) == 1


def test_the_log_can_be_read_on(live: LiveApi) -> None:
    made = end_of(live, deploy(live))
    whole = live.client.get(made["log_url"]).json()
    assert whole["ended"]
    assert whole["since"] == 0
    assert any(line.startswith("started atlas 1.0.0 on") for line in whole["lines"])
    assert live.client.get(made["log_url"], params={"since": whole["next"]}).json()["lines"] == []
    assert live.client.get(made["log_url"], params={"since": -1}).status_code == 422


def test_a_plan_runs_nothing(live: LiveApi, ports: dict[str, int], state: Path) -> None:
    answer = deploy(live, dry_run=True, version="2.0.0")
    assert answer.status_code == 200
    plan = answer.json()
    assert [step["action"] for step in plan["steps"]] == ["vacant", "start", "gate", "switch"]
    command = plan["steps"][1]["command"]
    assert command[-4:] == ["atlas", "2.0.0", str(ports["atlas"]), "good"]
    assert "PATH" in plan["steps"][1]["environment"]
    assert live.client.get("/api/deployments").json() == []
    assert commands(state) == []


HOSTILE = [
    "; rm -rf /",
    "../../etc",
    "1.0/../..",
    "a" * 10_000,
    "--help",
    "1 0",
    "1\n2",
    "",
    "$(id)",
    "1.0\u0000",
    "v..1",
]


@pytest.mark.parametrize("version", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_version_is_refused(live: LiveApi, state: Path, version: str) -> None:
    answer = deploy(live, version=version)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "invalid-version")
    assert len(error["message"]) < 300
    assert (live.client.get("/api/deployments").json(), commands(state)) == ([], [])


def test_refusals(live: LiveApi, state: Path) -> None:
    def refused(crate: str = "atlas", token: str | None = SECRET, **body: Any) -> tuple[int, str]:
        headers = {"Authorization": f"Bearer {token}"} if token else {"Authorization": ""}
        answer = live.client.post(f"/api/crates/{crate}/deploy", json=body, headers=headers)
        return answer.status_code, answer.json()["error"]["code"]

    assert refused(token=None) == (401, "unauthorized")
    assert refused(token="guess") == (401, "unauthorized")
    assert refused(token=READER) == (403, "forbidden")
    assert refused("nobody") == (404, "unknown-crate")
    assert refused("shelf") == (409, "not-deployable")
    assert refused("-x; rm -rf ", version="1.0") == (404, "unknown-crate")
    assert refused("-x; rm -rf %2F", version="1.0") == (409, "not-deployable")
    assert refused(strategy="sudden") == (422, "invalid-request")
    assert refused(parameters={"mood": "; reboot"}) == (422, "invalid-request")
    assert refused(parameters={"shell": "sh"}) == (422, "invalid-request")
    assert refused(command=["rm"]) == (422, "invalid-request")
    for verb in ("cancel", "rollback"):
        answer = live.client.post(
            f"/api/deployments/none/{verb}", json={}, headers={"Authorization": f"Bearer {READER}"}
        )
        assert answer.status_code == 403
        answer = live.client.post(f"/api/deployments/none/{verb}", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown-deployment")
    assert (live.client.get("/api/deployments").json(), commands(state)) == ([], [])


def test_a_crate_without_a_runner(api: LiveApi) -> None:
    answer = api.client.post("/api/crates/portal/deploy", json={}, headers={"Authorization": f"Bearer {SECRET}"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "no-runner")


def test_a_key_makes_a_repetition_harmless(live: LiveApi) -> None:
    def ask(**body: Any) -> httpx.Response:
        return live.client.post("/api/crates/atlas/deploy", json=body, headers={"Idempotency-Key": "k-1"})

    first, again = ask(version="1.1"), ask(version="1.1")
    assert first.json()["id"] == again.json()["id"]
    assert ask(version="1.2").json()["error"]["code"] == "idempotency-conflict"
    end_of(live, first)
    assert ask(version="1.1").json()["state"] == "succeeded"
    assert len(live.client.get("/api/deployments").json()) == 1


def test_cancelling(live: LiveApi, state: Path) -> None:
    made = deploy(live, parameters={"mood": "bad"}).json()
    waiting = deploy(live, version="3.0").json()
    assert waiting["state"] == "queued"
    assert live.client.post(f"/api/deployments/{waiting['id']}/cancel", json={}).json()["state"] == "cancelled"
    over = end_of(live, live.client.post(f"/api/deployments/{made['id']}/cancel", json={}))
    assert (over["state"], over["error"]) == ("cancelled", "it was cancelled")
    assert commands(state) == []


def test_what_happens_is_told_as_described(live: LiveApi) -> None:
    async def listen() -> list[dict[str, Any]]:
        async with live.socket() as client:
            frames = await client.take(1)
            await asyncio.to_thread(deploy, live)
            while not any(frame["data"].get("deployment", {}).get("state") == "succeeded" for frame in frames):
                frames += await client.take(1)
            return frames

    frames = asyncio.run(asyncio.wait_for(listen(), 20))
    document = live.client.get("/api/asyncapi.json").json()
    told = [frame for frame in frames if frame["topic"] == "deployments"]
    for frame in told:
        check(document, frame)
    assert {frame["type"] for frame in told} == {"deployment.changed", "deployment.log"}
    until(lambda: live.clients() == 0)


def test_a_deployment_is_in_the_audit_log(live: LiveApi) -> None:
    made = end_of(live, deploy(live))
    assert deploy(live, version="../x").status_code == 422
    entries = live.client.get("/api/audit").json()
    assert [(item["action"], item["outcome"], item["subject"]) for item in entries] == [
        ("deployment.ask", "failed", "atlas"),
        ("deployment.ask", "done", f"atlas 1.0.0 {made['id']}"),
    ]
