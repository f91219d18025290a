"""The log: a line for each record, as text or JSON, with the id of the request that it belongs to, and no secrets."""

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO, get_args

LogFormat = Literal["text", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]
FORMATS: Final[tuple[LogFormat, ...]] = get_args(LogFormat)
LEVELS: Final[tuple[LogLevel, ...]] = get_args(LogLevel)

REQUEST_ID: Final[ContextVar[str]] = ContextVar("request_id", default="")
"""The request that the running task answers; a worker thread that it asks inherits it."""

access = logging.getLogger("workbench.access")
"""A line for each request, at the level `info`; its `fields` say method, path, status and milliseconds."""

_OURS: Final = ("workbench", "api")
_SECRETS: Final = re.compile(r"(?i)(\bbearer\s+)[^\s\"',]+|\bwb_[\w-]{16,}")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")


def _masked(text: str) -> str:
    return _SECRETS.sub(lambda found: f"{found[1] or ''}***", text)


class TextFormatter(logging.Formatter):
    """One line a record: moment, level, logger, request id, message; a traceback follows, indented."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        request = f" [{given}]" if (given := _request_of(record)) else ""
        message = _CONTROL.sub(" ", record.getMessage())
        line = f"{_moment(record)} {record.levelname} {record.name}{request}: {message}"
        trace = f"\n{self.formatException(record.exc_info)}" if record.exc_info else ""
        return _masked(line + trace.replace("\n", "\n    "))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: {ts, level, logger, message, request_id?, exception?, and the record's `fields`}."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        told: dict[str, Any] = {
            "ts": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if request := _request_of(record):
            told["request_id"] = request
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        masked = {key: _masked(value) if isinstance(value, str) else value for key, value in told.items()}
        return json.dumps(masked, ensure_ascii=False, default=str)


def _request_of(record: logging.LogRecord) -> str:
    return getattr(record, "fields", {}).get("request_id", "") or REQUEST_ID.get()


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def set_up_logs(form: LogFormat = "text", level: LogLevel = "warning", stream: TextIO | None = None) -> None:
    """Write the log of this process to a stream (standard error); what libraries say, from warnings on."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in _OURS:
        logging.getLogger(name).setLevel(level.upper())
