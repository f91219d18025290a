"""A line of the log for each request, if it is asked for; whatever a request makes us say bears its id."""

import logging
from typing import Any

import pytest

from tests.api.conftest import until
from workbench.logs import REQUEST_ID


def test_a_line_for_each_request(http: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="workbench.access")
    headers = {"X-Request-Id": "mine-1", "Authorization": "Bearer hidden"}
    http.get("/api/crates/nobody?token=hidden", headers=headers)
    (record,) = until(lambda: [item for item in caplog.records if item.name == "workbench.access"])
    fields = record.fields  # type: ignore[attr-defined]
    assert fields.pop("ms") > 0
    assert fields == {
        "method": "GET", "path": "/api/crates/nobody", "status": 401, "actor": "", "request_id": "mine-1",
    }  # fmt: skip
    assert record.getMessage().startswith("GET /api/crates/nobody 401 in ")
    assert "hidden" not in record.getMessage()


def test_none_by_default(http: Any, caplog: pytest.LogCaptureFixture) -> None:
    http.get("/health")
    assert not [item for item in caplog.records if item.name == "workbench.access"]


def test_what_is_said_while_answering_bears_the_request_s_id(
    http: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr("api.system.services_model", lambda hub: seen.append(REQUEST_ID.get()) or {})
    for name in ("one", "two"):
        http.get("/services", headers={"X-Request-Id": name})
    assert seen == ["one", "two"]
    assert api.on_loop(REQUEST_ID.get) == ""
