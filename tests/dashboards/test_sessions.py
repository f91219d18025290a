"""Sessions of a real server are told of revisions, and are freed when they end."""

import asyncio
import gc
import socket
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import panel as pn
import pytest
from bokeh.client import pull_session

from workbench import Workbench
from workbench.dashboards import page_functions
from workbench.dashboards.page import Page


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> "weakref.WeakSet[Page]":
    """All pages that are made, while they live."""
    made: weakref.WeakSet[Page] = weakref.WeakSet()
    build = Page.__init__

    def noted(self: Page, *args: object, **options: object) -> None:
        made.add(self)
        build(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Page, "__init__", noted)
    return made


@pytest.fixture(autouse=True)
def loop() -> Iterator[None]:
    """The event loop that Bokeh's client expects the calling thread to have."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def address(followed: Workbench, wait_for: Callable[..., None]) -> Iterator[str]:
    port = free_port()
    server = pn.serve(
        page_functions(followed), port=port, address="127.0.0.1", show=False, verbose=False, threaded=True,
        unused_session_lifetime_milliseconds=1, check_unused_sessions_milliseconds=50,
    )  # fmt: skip
    wait_for(lambda: answers(port))
    yield f"http://127.0.0.1:{port}"
    server.stop()
    server.join(10)


def are_freed(pages: "weakref.WeakSet[Page]") -> bool:
    gc.collect()
    return len(pages) == 0


@pytest.mark.parametrize("name", ["fleet", "ports", "topology", "findings", "events", "sql", "history"])
def test_closed_sessions_are_freed(
    name: str, address: str, followed: Workbench, pages: "weakref.WeakSet[Page]", wait_for: Callable[..., None],
    write_manifest: Callable[..., Path],
) -> None:  # fmt: skip
    sessions = [pull_session(url=f"{address}/{name}") for _ in range(3)]
    assert len(pages) == 3
    write_manifest("beta")
    wait_for(lambda: all(len(page.snapshot.crates) == 2 for page in list(pages)))
    for session in sessions:
        session.close()
    wait_for(lambda: are_freed(pages), 15)
    assert followed._hub.log.listeners == 0


def test_closed_sessions_of_a_kept_revision_are_freed(
    address: str, followed: Workbench, pages: "weakref.WeakSet[Page]", wait_for: Callable[..., None]
) -> None:
    pin = {"revision": str(followed.revision)}
    sessions = [pull_session(url=f"{address}/fleet", arguments=pin) for _ in range(3)]
    wait_for(lambda: len(pages) == 3)
    assert all(page.pinned == followed.revision for page in pages)
    for session in sessions:
        session.close()
    wait_for(lambda: are_freed(pages), 15)
    assert followed._hub.log.listeners == 0


def test_closed_sessions_of_the_audit_are_freed(
    address: str, followed: Workbench, pages: "weakref.WeakSet[Page]", wait_for: Callable[..., None]
) -> None:
    sessions = [pull_session(url=f"{address}/audit") for _ in range(3)]
    assert len(pages) == 3
    assert len(followed.audit._listeners) == 1
    for session in sessions:
        session.close()
    wait_for(lambda: are_freed(pages), 15)
    assert followed.audit._listeners == []


def test_many_revisions_are_one_update_at_a_time(
    address: str, followed: Workbench, pages: "weakref.WeakSet[Page]", wait_for: Callable[..., None],
    write_manifest: Callable[..., Path], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    updates: list[int] = []
    refresh = Page.refresh

    def counted(self: Page) -> None:
        refresh(self)
        updates.append(self.snapshot.revision)

    monkeypatch.setattr(Page, "refresh", counted)
    session = pull_session(url=f"{address}/fleet")
    for n in range(20):
        write_manifest(f"c{n}")
        followed._hub.refresh().result(10)
    wait_for(lambda: updates and updates[-1] == followed.revision)
    assert updates == sorted(updates), "none goes back"
    assert len(updates) <= followed.revision, "the next begins where the one before ended"
    session.close()
