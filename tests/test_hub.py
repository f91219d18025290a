"""The hub: what changes on disk becomes a revision, written down and then told, in order."""

import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from tests.conftest import WriteManifest
from workbench.deploy.model import Deployment
from workbench.desks.assignments import AssignmentRequest, Entry
from workbench.desks.registrations import ServiceEntry
from workbench.errors import StoreError, Unavailable
from workbench.events import Event
from workbench.fleet.snapshot import Snapshot
from workbench.hub import Hub, HubOptions
from workbench.sources import watch as watch_module
from workbench.sources.ingest import read_fleet
from workbench.sources.walk import ScanProgress

WaitFor = Callable[..., None]


def names(hub: Hub) -> list[str]:
    return [crate.name for crate in hub.snapshot.crates]


def test_an_edit_a_new_crate_and_a_removal_are_followed(
    hub: Hub, fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor
) -> None:
    assert names(hub) == []
    path = write_manifest("x/a")
    wait_for(lambda: names(hub) == ["a"])
    path.write_text('[smart-crate]\nname = "renamed"\n')
    wait_for(lambda: names(hub) == ["renamed"])
    write_manifest("new/nested/deeply/b")
    wait_for(lambda: names(hub) == ["b", "renamed"])
    (fleet_dir / "new").rename(fleet_dir / "moved")
    wait_for(lambda: list(hub.snapshot.records) == ["moved/nested/deeply/b/smart-crate.toml", "x/a/smart-crate.toml"])
    shutil.rmtree(fleet_dir / "x")
    wait_for(lambda: names(hub) == ["b"])


def test_events_tell_what_changed_in_order(hub: Hub, write_manifest: WriteManifest, wait_for: WaitFor) -> None:
    told: list[Event] = []
    unsubscribe = hub.log.subscribe(told.extend)
    write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 18020\n')
    wait_for(lambda: any(event.type == "fleet.revision" for event in told))
    revision = hub.snapshot.revision
    assert [(e.type, e.topic, e.revision) for e in told if e.revision == revision] == [
        ("crate.added", "crates", revision),
        ("port.changed", "ports", revision),
        ("port.changed", "ports", revision),
        ("fleet.revision", "system", revision),
    ]
    assert [event.seq for event in told] == list(range(told[0].seq, told[0].seq + len(told)))
    envelope = json.loads(told[0].frame)
    assert list(envelope) == ["type", "seq", "revision", "ts", "topic", "data"]
    assert envelope["data"]["crate"]["ports"] == {"http": 18020}
    unsubscribe()
    unsubscribe()
    assert hub.log.listeners == 0


def test_many_changes_at_once_make_few_events(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("first")
    hub = Hub([fleet_dir], HubOptions(watch=False))
    hub.scan_once()
    told: list[Event] = []
    hub.log.subscribe(told.extend)
    for n in range(300):
        write_manifest(f"c{n}", f'[smart-crate]\nname = "c{n}"\n[ports]\nhttp = {20000 + n}\n')
    hub.scan_once()
    assert [event.type for event in told] == ["crates.changed", "ports.changed", "findings.changed", "fleet.revision"]
    assert told[0].data["count"] == 300
    assert len(told[0].data["first"]) == 50


def test_a_broken_manifest_hides_neither_itself_nor_others(
    hub: Hub, write_manifest: WriteManifest, wait_for: WaitFor
) -> None:
    write_manifest("b")
    path = write_manifest("a")
    wait_for(lambda: names(hub) == ["a", "b"])
    path.write_text("[smart-crate")
    wait_for(lambda: [item.kind for item in hub.snapshot.findings] == ["syntax"])
    assert names(hub) == ["a", "b"]
    assert hub.snapshot.records["a/smart-crate.toml"].is_stale


def test_a_scan_under_way_is_cancelled_by_stopping(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    for n in range(70):
        write_manifest(f"c{n}")
    hub = Hub([fleet_dir])
    started = threading.Event()

    def block(progress: ScanProgress) -> None:
        started.set()
        while not hub._stopping:
            threading.Event().wait(0.001)
        Hub._note_progress(hub, progress)

    hub._note_progress = block  # type: ignore[method-assign]
    hub.start()
    assert started.wait(10)
    hub.stop()
    assert (hub.snapshot.revision, hub.is_running) == (0, False)


def test_what_was_read_when_a_stop_came_is_not_judged_to_the_end(
    fleet_dir: Path, write_manifest: WriteManifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_manifest("a")
    is_read, journal = threading.Event(), _Journal()

    def read(*args: Any) -> Snapshot:
        newer = read_fleet(*args)
        is_read.set()
        while not hub._stopping:
            threading.Event().wait(0.005)
        return newer

    monkeypatch.setattr("workbench.hub.read_fleet", read)
    hub = Hub([fleet_dir], HubOptions(watch=False), journal=journal)
    hub.start()
    assert is_read.wait(10)
    hub.stop()
    assert (dict(hub.snapshot.records), journal.committed) == ({}, [])


class SlowMemory:
    """A memory that takes as long as it may, and longer than anybody waits."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.seconds: list[float] = []

    def load(self, goes_on: Callable[[], bool]) -> None:
        """Nothing was kept."""

    def save(self, snapshot: Snapshot, identities: dict[str, Any], goes_on: Callable[[], bool]) -> bool:
        started = time.monotonic()
        self.began.set()
        while goes_on():
            threading.Event().wait(0.005)
            assert time.monotonic() < started + 60
        self.seconds.append(time.monotonic() - started)
        return False


def test_a_stop_does_not_wait_until_a_large_fleet_is_kept(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    memory = SlowMemory()
    hub = Hub([fleet_dir], HubOptions(watch=False), memory=memory)
    hub.start()
    assert memory.began.wait(10), "it is kept as soon as there is nothing better to do"
    started = time.monotonic()
    hub.stop()
    assert time.monotonic() - started < 10
    assert len(memory.seconds) == 2, "given up when the stop came, and tried once more, for a moment"


def test_refresh_answers_with_the_snapshot_after_it(hub: Hub, write_manifest: WriteManifest) -> None:
    write_manifest("a/deep/er")
    assert [crate.name for crate in hub.refresh().result(10).crates] == ["er"]


def test_without_notifications_the_beat_finds_everything(
    fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor
) -> None:
    with Hub([fleet_dir], HubOptions(watch=False, beat=0.05)) as hub:
        assert hub.wait_ready(10)
        write_manifest("a")
        wait_for(lambda: names(hub) == ["a"])
        assert hub.status()["watch"]["mode"] == "off"


def test_a_failing_watcher_falls_back_to_the_beat(
    fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(*args: object, **kwargs: object) -> None:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr("workbench.sources.watch.watch", watch)
    with Hub([fleet_dir], HubOptions(beat=0.05)) as hub:
        write_manifest("a")
        wait_for(lambda: names(hub) == ["a"])
        wait_for(lambda: hub.status()["watch"]["mode"] == "polling")
        assert "limit" in hub.status()["watch"]["error"]


def test_a_watcher_that_failed_is_tried_again(
    fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [OSError(28, "OS file watch limit reached")] * 2
    real = watch_module.watch

    def watch(*args: Any, **kwargs: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*args, **kwargs)

    monkeypatch.setattr(watch_module, "watch", watch)
    monkeypatch.setattr(watch_module, "_TRY_AGAIN_SECONDS", 0.05)
    write_manifest("a")
    with Hub([fleet_dir], HubOptions(beat=0.05)) as hub:
        wait_for(lambda: not failures and hub.status()["watch"]["mode"] == "events")


class _Journal:
    """A journal in memory, which can be made to fail."""

    def __init__(self, fail_at: str = "") -> None:
        self.fail_at = fail_at
        self.committed: list[tuple[int, list[int]]] = []
        self.mirrored: list[int] = []
        self.entries: list[Entry] = []
        self.services: list[ServiceEntry] = []
        self.is_open = False

    def registrations(self) -> list[ServiceEntry]:
        return list(self.services)

    def commit_registrations(self, entries: Sequence[ServiceEntry]) -> None:
        self._maybe_fail("commit_registrations")
        self.services += entries

    def _maybe_fail(self, step: str) -> None:
        if step == self.fail_at:
            raise StoreError(f"{step} failed")

    def open(self) -> None:
        self._maybe_fail("open")
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    def restore(self) -> tuple[int, list[Event]]:
        return 7, []

    def assignments(self) -> list[Entry]:
        return []

    def commit_assignments(self, entries: Sequence[Entry], events: Sequence[Event]) -> None:
        self._maybe_fail("commit_assignments")
        self.entries.extend(entries)

    def deployments(self) -> list[Deployment]:
        return []

    def commit_deployments(self, items: Sequence[Deployment], events: Sequence[Event]) -> None:
        self._maybe_fail("commit_deployments")

    def commit(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
        self._maybe_fail("commit")
        self.committed.append((snapshot.revision, [event.seq for event in events]))

    def mirror(self, snapshot: Snapshot) -> bool:
        self._maybe_fail("mirror")
        self.mirrored.append(snapshot.revision)
        return True


def test_what_is_told_was_written_first(fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor) -> None:
    write_manifest("a")
    journal = _Journal()
    told: list[tuple[int, int]] = []
    hub = Hub([fleet_dir], HubOptions(beat=0.05), journal)
    hub.log.subscribe(lambda events: told.append((events[-1].seq, journal.committed[-1][1][-1])))
    with hub:
        assert hub.wait_ready(10)
        assert hub.snapshot.revision == 8
        write_manifest("b")
        wait_for(lambda: journal.mirrored[-1:] == [9])
    assert told == [(seq, seq) for seq, _ in told]
    assert [revision for revision, _ in journal.committed] == [8, 9]
    assert not journal.is_open


def test_what_was_read_and_not_taken_up_is_read_again(
    fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor
) -> None:
    """A failure that nobody foresaw costs a beat, not the manifests that were read just before it."""

    class Faulty(_Journal):
        def commit(self, snapshot: Snapshot, events: Sequence[Event]) -> None:
            if not self.committed:
                self.committed.append((0, []))
                raise RuntimeError("unforeseen")
            super().commit(snapshot, events)

    old = write_manifest("a")
    os.utime(old, ns=(1, 1))  # so that nothing but the failure is a reason to read it again
    with Hub([fleet_dir], HubOptions(beat=0.05), Faulty()) as hub:
        wait_for(lambda: names(hub) == ["a"])


def test_visitors_come_before_what_can_be_written_later(
    fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor
) -> None:
    write_manifest("a")
    journal = _Journal()
    hub = Hub([fleet_dir], HubOptions(beat=0.05), journal)
    with patch.object(hub.visits, "pause", return_value=0.01), hub:
        assert hub.wait_ready(10)
        write_manifest("b")
        wait_for(lambda: names(hub) == ["a", "b"])
        assert [revision for revision, _ in journal.committed] == [8, 9]
        assert journal.mirrored == []
        with patch.object(hub.visits, "pause", return_value=0.0):
            wait_for(lambda: journal.mirrored[-1:] == [9])


@pytest.mark.parametrize("step", ["open", "commit", "mirror"])
def test_a_failing_state_file_is_said_and_survived(
    step: str, fleet_dir: Path, write_manifest: WriteManifest, wait_for: WaitFor
) -> None:
    write_manifest("a")
    with Hub([fleet_dir], HubOptions(beat=0.05), _Journal(step)) as hub:
        wait_for(lambda: hub.status()["journal"] == {"enabled": True, "error": f"{step} failed"})
        write_manifest("b")
        wait_for(lambda: names(hub) == ["a", "b"])


def test_readers_never_see_half_a_revision(hub: Hub, write_manifest: WriteManifest, wait_for: WaitFor) -> None:
    """Two crates always name the same port: whoever reads one snapshot sees both sides agree."""
    stop = threading.Event()
    torn: list[object] = []

    def read() -> None:
        while not stop.is_set():
            snapshot = hub.snapshot
            claimed = {c.port for c in snapshot.claims if c.role == "owner"}
            told = {f.ports[0] for f in snapshot.findings if f.code == "SC101"}
            if not told <= claimed:
                torn.append((claimed, told))

    thread = threading.Thread(target=read)
    thread.start()
    for port in range(18020, 18030):
        for crate in ("a", "b"):
            write_manifest(crate, f'[smart-crate]\nname = "{crate}"\n[ports]\nhttp = {port}\n')
        wait_for(lambda port=port: [f.ports for f in hub.snapshot.collisions] == [(port,)])
    stop.set()
    thread.join()
    assert torn == []


def test_status_tells_how_the_hub_fares(hub: Hub, fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    hub.refresh().result(10)
    status = hub.status()
    assert (status["status"], status["roots"], status["revision"]) == ("ready", [str(fleet_dir)], hub.snapshot.revision)
    assert status["fleet"]["crates"] == 1
    assert status["watch"]["mode"] == "events"
    assert json.dumps(status)


def test_ports_are_assigned_in_memory_without_a_journal(hub: Hub, write_manifest: WriteManifest) -> None:
    told: list[Event] = []
    hub.log.subscribe(told.extend)
    asked = [hub.assign(AssignmentRequest(f"c{n}", block="GIS")) for n in range(50)]
    ports = [future.result(10).port for future in asked]
    assert ports == list(range(18400, 18450))
    assert hub.release(18400).result(10).released_at is not None
    assert [event.type for event in told] == ["assignment.made"] * 50 + ["assignment.released"]
    assert told[0].topic == "assignments"
    assert [item.port for item in hub.desk.book.active] == ports[1:]
    assert not hub.desk.is_durable


def test_an_assignment_sees_the_manifests_that_were_reported_before_it(
    fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    with Hub([fleet_dir], HubOptions(watch=False, beat=60)) as hub:
        assert hub.wait_ready(10)
        path = write_manifest("a", '[smart-crate]\nname = "a"\n[ports]\nhttp = 18400\n')
        hub._changed([str(path.parent)])
        assert hub.assign(AssignmentRequest("a")).result(10).port == 18401


def test_a_lease_ends_by_itself(hub: Hub, wait_for: WaitFor) -> None:
    told: list[Event] = []
    hub.log.subscribe(told.extend)
    made = hub.assign(AssignmentRequest("a", block="GIS", lease_seconds=0.05)).result(10)
    wait_for(lambda: [event.type for event in told] == ["assignment.made", "assignment.expired"])
    assert told[1].data["assignment"]["id"] == made.id
    assert hub.desk.book.active == []


def test_those_who_ask_without_end_do_not_keep_the_hub_from_the_disk(
    fleet_dir: Path, write_manifest: WriteManifest
) -> None:
    with Hub([fleet_dir], HubOptions(watch=False, beat=0.05)) as hub:
        assert hub.wait_ready(10)
        write_manifest("a")
        waiting = [hub.release(1) for _ in range(100)]
        deadline = time.monotonic() + 10
        while names(hub) != ["a"]:
            assert time.monotonic() < deadline
            waiting.append(hub.release(1))
        assert {type(future.exception(10)).__name__ for future in waiting} == {"NotAssigned"}


def test_a_lease_that_cannot_be_ended_does_not_keep_the_hub_busy(fleet_dir: Path, wait_for: WaitFor) -> None:
    journal = _Journal()
    with Hub([fleet_dir], HubOptions(watch=False, beat=60), journal) as hub:
        hub.assign(AssignmentRequest("a", block="GIS", lease_seconds=0.1)).result(10)
        journal.fail_at = "commit_assignments"
        wait_for(lambda: hub.guard.error == "commit_assignments failed")
        assert hub._lease_wait() == 60
        assert [item.crate_name for item in hub.desk.book.active] == ["a"]


@pytest.mark.parametrize("step", ["open", "commit_assignments"])
def test_what_cannot_be_written_is_not_assigned(step: str, fleet_dir: Path) -> None:
    told: list[Event] = []
    with Hub([fleet_dir], HubOptions(beat=0.05), _Journal(step)) as hub:
        hub.log.subscribe(told.extend)
        for _ in range(2):
            with pytest.raises(StoreError, match=f"{step} failed"):
                hub.assign(AssignmentRequest("a", block="GIS")).result(10)
        assert (hub.desk.book.active, [event for event in told if event.topic == "assignments"]) == ([], [])


def test_a_hub_that_does_not_run_assigns_nothing(fleet_dir: Path) -> None:
    hub = Hub([fleet_dir])
    for _ in range(2):
        with pytest.raises(Unavailable):
            hub.assign(AssignmentRequest("a", block="GIS")).result(0)
        hub.start()
        hub.stop()


def test_an_assignment_that_nobody_waits_for_any_more_is_not_made(hub: Hub) -> None:
    from workbench.desks.assignment_desk import AssignCommand

    command = AssignCommand(AssignmentRequest("a", block="GIS"))
    command.answer.cancel()
    hub.desk.serve([command], hub.snapshot)
    assert hub.desk.book.active == []
