"""Following a Mux that goes away, comes back, hangs, and talks over its socket."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import wait_for
from tests.mux.fake_mux import STATUS, FakeMux, Reply, hang
from workbench.mux.circuit import FAILURES_TO_OPEN
from workbench.mux.news import mux_drafts

Follow = Callable[..., Any]
DOWN = {"services": [{**STATUS["services"][0], "health_status": "down"}, *STATUS["services"][1:]]}  # type: ignore[index]


def test_a_mux_that_answers_is_live(mux: FakeMux, follow: Follow) -> None:
    mux.replies["/status"] = STATUS
    view = follow(mux.url).until(lambda view: view.is_live)
    assert (view.error, view.failures, view.circuit) == (None, 0, "closed")
    assert len(view.result.services) == 3


def test_the_last_result_outlives_the_mux_and_a_restart_brings_it_back(mux: FakeMux, follow: Follow) -> None:
    mux.replies["/status"] = STATUS
    followed = follow(mux.url)
    followed.until(lambda view: view.is_live)
    mux.stop()
    away = followed.until(lambda view: view.phase == "away")
    assert len(away.result.services) == 3
    assert away.error.startswith("/status: ")
    assert away.circuit == "open"
    mux.start()
    back = followed.until(lambda view: view.is_live)
    assert back.result.fetched_at > away.result.fetched_at
    assert back.error is None


def test_one_failure_is_not_yet_away(mux: FakeMux, follow: Follow) -> None:
    mux.replies["/status"] = STATUS
    followed = follow(mux.url)
    followed.until(lambda view: view.is_live)
    mux.replies["/status"] = Reply({}, 500)
    failed = followed.until(lambda view: view.error)
    assert failed.failures < FAILURES_TO_OPEN or failed.phase == "away"
    followed.until(lambda view: view.phase == "away")
    phases = [newer.phase for _, newer in followed.turns if newer.failures < FAILURES_TO_OPEN]
    assert set(phases) == {"live"} or set(phases) == {"connecting", "live"}


def test_a_hanging_mux_can_be_stopped_at_once(mux: FakeMux, follow: Follow) -> None:
    mux.replies.update(dict.fromkeys(("/api/mux/status", "/status"), Reply(hang)))
    followed = follow(mux.url, timeout=30.0)
    wait_for(lambda: mux.requests)
    followed.follower.stop()
    assert followed.view.phase == "connecting"


def test_a_message_on_the_socket_makes_it_look_at_once(mux: FakeMux, follow: Follow) -> None:
    mux.replies["/status"] = STATUS
    followed = follow(mux.url, interval=600.0, socket=True)
    followed.until(lambda view: view.is_live)
    wait_for(lambda: mux.subscriptions)
    assert mux.subscriptions == [{"type": "subscribe", "topics": ["topology", "health", "ooda"]}]
    mux.replies["/status"] = DOWN
    mux.push({"type": "health", "data": {"anything": "at all"}})
    followed.until(lambda view: view.result.services[0].health == "unhealthy")


def test_it_subscribes_again_when_the_socket_is_lost(mux: FakeMux, follow: Follow) -> None:
    mux.replies["/status"] = STATUS
    follow(mux.url, socket=True)
    wait_for(lambda: len(mux.subscriptions) == 1)
    mux.drop_sockets()
    wait_for(lambda: len(mux.subscriptions) == 2)
    mux.stop()
    mux.start()
    wait_for(lambda: len(mux.subscriptions) == 3)


def test_a_mux_without_a_socket_is_followed_all_the_same(
    mux: FakeMux, follow: Follow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    mux.replies["/status"] = STATUS
    mux.token = "s3cret"
    followed = follow(mux.url, socket=True, token="s3cret")
    followed.until(lambda view: view.is_live)
    wait_for(lambda: mux.subscriptions)
    mux.token = "changed"
    mux.drop_sockets()
    wait_for(lambda: "401" in (followed.follower.link_status()["socket_error"] or ""))
    assert "s3cret" not in repr(followed.follower.options)
    assert "s3cret" not in caplog.text


def test_events_tell_changes_and_nothing_else(mux: FakeMux, follow: Follow) -> None:
    mux.replies["/status"] = STATUS
    followed = follow(mux.url)
    wait_for(lambda: len(followed.turns) >= 4)
    mux.replies["/status"] = DOWN
    followed.until(lambda view: view.result.services[0].health == "unhealthy")
    drafts = [draft for older, newer in followed.turns for draft in mux_drafts(older, newer)]
    assert {draft.topic for draft in drafts} == {"mux"}
    assert [draft.type for draft in drafts] == [
        "mux.status", "mux.service", "mux.service", "mux.service", "mux.status", "mux.service",
    ]  # fmt: skip
    assert drafts[-1].data == {
        "id": "universal-telemetry", "name": "Universal Telemetry", "port": 18101, "health": "unhealthy",
        "was": "healthy",
    }  # fmt: skip


def test_many_changes_are_told_as_one(mux: FakeMux, follow: Follow) -> None:
    mux.replies["/status"] = [{"id": f"s{n}", "status": "ok"} for n in range(200)]
    followed = follow(mux.url)
    followed.until(lambda view: view.is_live)
    drafts = [draft for older, newer in followed.turns for draft in mux_drafts(older, newer)]
    assert [draft.type for draft in drafts] == ["mux.status", "mux.services"]
    assert drafts[1].data["count"] == 200
    assert len(drafts[1].data["first"]) == 50
