"""The log: one line a record, with the request it belongs to, and never a secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from workbench.logs import REQUEST_ID, LogFormat, LogLevel, set_up_logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Put the logging of the test process back."""
    root = logging.getLogger()
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in ("", "workbench", "api")}
    yield
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def written(form: LogFormat, level: LogLevel = "info") -> io.StringIO:
    stream = io.StringIO()
    set_up_logs(form, level, stream)
    return stream


def test_a_line_of_text() -> None:
    stream = written("text")
    token = REQUEST_ID.set("abc-1")
    logging.getLogger("workbench.hub").warning("two\nlines of %s", "text")
    REQUEST_ID.reset(token)
    logging.getLogger("workbench.hub").info("without")
    first, second = stream.getvalue().splitlines()
    assert first.endswith(" WARNING workbench.hub [abc-1]: two lines of text")
    assert second.endswith(" INFO workbench.hub: without")
    assert first[:5].endswith("-")
    assert first.split(" ")[0].endswith("Z")


def test_a_line_of_json() -> None:
    stream = written("json")
    fields = {"fields": {"status": 200, "request_id": "r"}}
    logging.getLogger("api.base").info("answered\n%s", "x", extra=fields)
    try:
        raise ValueError("no")
    except ValueError:
        logging.getLogger("api.base").exception("failed")
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first.pop("ts").endswith("Z")
    assert first == {"level": "info", "logger": "api.base", "message": "answered\nx", "status": 200, "request_id": "r"}
    assert second["exception"].endswith("ValueError: no")


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_is_written(form: LogFormat) -> None:
    stream = written(form)
    log = logging.getLogger("workbench.x")
    log.warning("Authorization: Bearer s3cret-of-mine, and wb_abcdefghijklmnop1234")
    try:
        raise RuntimeError("header: bearer s3cret-of-mine")
    except RuntimeError:
        log.exception("failed")
    log.warning("x", extra={"fields": {"header": "Bearer s3cret-of-mine"}})
    assert "s3cret" not in stream.getvalue()
    assert "abcdefghijkl" not in stream.getvalue()
    assert stream.getvalue().count("***") >= 3 if form == "json" else 2


@pytest.mark.parametrize(("level", "ours"), [("debug", 3), ("info", 2), ("warning", 1), ("error", 0)])
def test_the_level_is_that_of_our_own_lines(level: LogLevel, ours: int) -> None:
    stream = written("text", level)
    for name in ("workbench.a", "library"):
        for kind in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger(name).log(kind, "x")
    lines = stream.getvalue().splitlines()
    assert sum(" workbench.a: " in line for line in lines) == ours
    assert [line for line in lines if " library: " in line and "WARNING" not in line] == []
