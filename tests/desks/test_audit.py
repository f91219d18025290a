"""The audit log: in order, durable, bounded, and no danger to the server."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from workbench.desks.assignments import AssignmentRequest
from workbench.desks.audit import AuditEntry, AuditLog, AuditQuery, AuditRetention, audit_model
from workbench.desks.port_counter import PortCounter
from workbench.errors import StoreError, WorkbenchError
from workbench.hub import Hub, HubOptions
from workbench.security.tokens import Token, Tokens
from workbench.store.database import Store

DAY = 86_400.0


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def record(log: AuditLog, **known: Any) -> None:
    log.record(
        **{
            "actor": "ci", "means": "token", "action": "port.assign", "subject": "vault http 18000", "outcome": "done",
            "status": 201, "code": "", "address": "127.0.0.1", "origin": "", "request_id": "r",
        } | known
    )  # fmt: skip


def subjects(log: AuditLog, **query: Any) -> list[str]:
    return [entry.subject for entry in log.entries(AuditQuery(**query))]


@pytest.fixture
def store(tmp_path: Path) -> Any:
    store = Store(tmp_path)
    store.open()
    yield store
    store.close()


def test_entries_outlive_the_process(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.open()
    log = AuditLog(store)
    for n in range(3):
        record(log, subject=str(n))
    log.write()
    written = log.entries()
    store.close()
    store.open()
    assert AuditLog(store).entries() == written
    assert [entry.subject for entry in written] == ["2", "1", "0"]
    assert audit_model(written[0]) == {
        "id": written[0].id,
        "at": audit_model(written[0])["at"],
        "actor": "ci",
        "means": "token",
        "action": "port.assign",
        "subject": "2",
        "outcome": "done",
        "status": 201,
        "code": None,
        "address": "127.0.0.1",
        "origin": None,
        "request_id": "r",
    }
    store.close()


@pytest.mark.parametrize("is_written", [False, True])
@pytest.mark.parametrize("has_store", [False, True])
def test_every_filter_says_the_same_in_memory_and_on_disk(store: Store, has_store: bool, is_written: bool) -> None:
    clock = Clock()
    log = AuditLog(store if has_store else None, clock=clock)
    for n, (actor, action, outcome) in enumerate(
        [("ci", "a", "done"), ("", "a", "refused"), ("ada", "b", "failed"), ("ada", "a", "done")]
    ):
        clock.now += 1
        record(log, actor=actor, action=action, outcome=outcome, subject=str(n))
    if is_written:
        log.write()
    assert subjects(log) == ["3", "2", "1", "0"]
    assert subjects(log, actor="ada") == ["3", "2"]
    assert subjects(log, action="a") == ["3", "1", "0"]
    assert subjects(log, outcome="refused") == ["1"]
    assert subjects(log, since=clock.now - 1) == ["3", "2"]
    assert subjects(log, limit=2) == ["3", "2"]
    assert subjects(log, before=log.entries()[1].id, limit=2) == ["1", "0"]
    assert subjects(log, actor="x' OR 1=1 --") == []


def test_ids_rise_also_when_the_clock_falls() -> None:
    clock = Clock()
    log = AuditLog(clock=clock)
    for step in (0.0, 0.0, -5.0, 7.0):
        clock.now += step
        record(log)
    ids = [entry.id for entry in log.entries()]
    assert ids == sorted(set(ids), reverse=True)
    assert len(ids) == 4


def test_what_was_refused_never_pushes_out_what_was_done(store: Store) -> None:
    clock = Clock()
    log = AuditLog(store, AuditRetention(days=10, refused=5), clock=clock)
    record(log, subject="first")
    for n in range(8):
        record(log, subject=f"no {n}", outcome="refused", status=401)
    log.write()
    assert subjects(AuditLog(store)) == [f"no {n}" for n in range(7, 2, -1)] + ["first"]
    clock.now += 11 * DAY
    record(log, subject="late")
    log.write()
    assert subjects(AuditLog(store)) == ["late"]


def test_a_flood_is_bounded_in_memory(caplog: pytest.LogCaptureFixture) -> None:
    log = AuditLog()
    record(log, subject="done")
    for _ in range(12_000):
        record(log, outcome="refused")
    assert len(log._waiting) == 5_000
    assert len(log.entries(AuditQuery(limit=100_000))) == 2_001
    assert subjects(log, outcome="done") == ["done"]
    log.write()
    assert "7001 entries of the audit log" in caplog.text


def test_many_threads(store: Store) -> None:
    log = AuditLog(store)
    threads = [threading.Thread(target=lambda: [record(log) for _ in range(200)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        log.write()
        assert len(log.entries(AuditQuery(limit=5))) <= 5
    log.write()
    ids = [entry.id for entry in store.audit(AuditQuery(limit=10_000))]
    assert len(ids) == len(set(ids)) == 1_600


def test_listeners_hear_of_each_until_they_leave() -> None:
    log = AuditLog()
    heard: list[Sequence[Any]] = []
    leave = log.subscribe(heard.append)
    record(log)
    leave()
    leave()
    record(log)
    assert len(heard) == 1


def test_a_hub_writes_it_down_when_it_stops(fleet_dir: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "state")
    with Hub([fleet_dir], HubOptions(watch=False), store) as hub:
        assert hub.wait_ready(10)
        record(hub.audit, subject="before the end")
    store.open()
    assert [entry.subject for entry in store.audit(AuditQuery())] == ["before the end"]
    store.close()


@pytest.mark.parametrize("failure", [StoreError("no space left"), ValueError("what nobody thought of")])
def test_a_disk_that_fails_takes_nothing_down(
    fleet_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(store: Store, entries: Sequence[AuditEntry]) -> None:
        raise failure

    monkeypatch.setattr(Store, "commit_audit", fail)
    with Hub([fleet_dir], HubOptions(watch=False), Store(tmp_path / "state")) as hub:
        assert hub.wait_ready(10)
        for n in range(3):
            record(hub.audit, subject=str(n))
            hub.refresh().result(10)
        assert subjects(hub.audit) == ["2", "1", "0"]
        assert hub.is_running
        assert hub.status()["journal"]["error"] == ("no space left" if isinstance(failure, StoreError) else None)


def test_without_a_state_file_the_newest_are_in_memory(fleet_dir: Path) -> None:
    with Hub([fleet_dir], HubOptions(watch=False)) as hub:
        record(hub.audit, subject="only here")
        assert subjects(hub.audit) == ["only here"]


def test_what_is_done_at_the_pages_is_told_too(fleet_dir: Path) -> None:
    tokens = Tokens([Token.of("ada", "a"), Token.of("bob", "b", ["read"])])
    with Hub([fleet_dir], HubOptions(watch=False)) as hub:
        assert hub.wait_ready(10)
        counter = PortCounter(hub, tokens)
        held = counter.assign(AssignmentRequest("new", "http", "GIS"), "a", is_new=True).result(10)
        counter.release(held, "a").result(10)
        with pytest.raises(WorkbenchError):
            counter.release(held, "a").result(10)
        for secret in ("b", "guessed"):
            with pytest.raises(WorkbenchError):
                counter.release(held, secret)
    told = [(entry.actor, entry.action, entry.subject, entry.outcome, entry.status) for entry in hub.audit.entries()]
    assert told == [
        ("", "token.present", "at the pages", "refused", 401),
        ("bob", "token.present", "at the pages", "refused", 403),
        ("ada", "port.release", f"new http {held.port}", "failed", 404),
        ("ada", "port.release", f"new http {held.port}", "done", 200),
        ("ada", "port.assign", "new http", "done", 200),
    ]
