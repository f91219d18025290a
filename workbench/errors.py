"""The exception tree. Every error that a user can meet is one of these and has a stable code."""

from pathlib import Path
from typing import Any, ClassVar, Final

_OURS: Final = str(Path(__file__).parent)


class WorkbenchError(Exception):
    """Base of all errors of the workbench: a stable `code`, a message for people, details for machines."""

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def _render_traceback_(self) -> list[str]:
        """Return what a notebook shows: the line of the caller, and the message; IPython asks for it."""
        from traceback import extract_tb  # slower to import than all of this

        outside = [frame for frame in extract_tb(self.__traceback__) if not frame.filename.startswith(_OURS)]
        where = [f"line {outside[-1].lineno}: {outside[-1].line}"] if outside and outside[-1].line else []
        return [*where, f"{type(self).__name__}: {self.message}"]


class NotFound(WorkbenchError):
    """What was asked for does not exist."""

    code = "not-found"
    status = 404


class UnknownCrate(NotFound):
    """No crate bears the name; `details["nearest"]` lists the closest names."""

    code = "unknown-crate"


class UnknownLabel(NotFound):
    """A crate has no port of this label; `details["nearest"]` lists the closest labels."""

    code = "unknown-label"


class InvalidRequest(WorkbenchError):
    """A request or an argument is malformed."""

    code = "invalid-request"
    status = 422


class InvalidPort(InvalidRequest):
    """A value is no port: a whole number from 1 to 65535."""

    code = "invalid-port"


class UnknownBlock(InvalidRequest):
    """No block of the plan bears the name; `details["blocks"]` lists those that there are."""

    code = "unknown-block"


class Conflict(WorkbenchError):
    """What is asked for contradicts what is there already."""

    code = "conflict"
    status = 409


class PortTaken(Conflict):
    """The port that was asked for is not free; the message says why."""

    code = "port-taken"


class BlockFull(Conflict):
    """A block has no free port left."""

    code = "block-full"


class IdempotencyConflict(Conflict):
    """An idempotency key was used before, for another request."""

    code = "idempotency-conflict"


class NotAssigned(NotFound):
    """A port is not assigned to anyone."""

    code = "not-assigned"


class UnknownService(NotFound):
    """No service registered under the name."""

    code = "unknown-service"


class TooManyServices(Conflict):
    """As many services are registered as the settings allow."""

    code = "too-many-services"


class TooManyRequests(WorkbenchError):
    """A caller asks more often than it may; `details["retry_after"]` says for how many seconds to wait."""

    code = "too-many-requests"
    status = 429


class MethodNotAllowed(WorkbenchError):
    """The resource does not know the method."""

    code = "method-not-allowed"
    status = 405


class Forbidden(WorkbenchError):
    """The caller may not do this, for example because of its origin."""

    code = "forbidden"
    status = 403


class Unauthorized(WorkbenchError):
    """The caller has not said who it is."""

    code = "unauthorized"
    status = 401


class InvalidToken(Unauthorized):
    """The token that the caller presents is not known, or over."""


class InsufficientScope(Forbidden):
    """The caller is known and may not do this; `details["scope"]` is what it lacks."""


class QueryError(InvalidRequest):
    """A query is wrong, writes, or exceeds its limits; `details` say the line, the column and the nearest names."""

    code = "query-error"
    status = 400


class QueryMemory(QueryError):
    """A query or its answer takes more memory than it may."""


class QueryTimeout(QueryError):
    """A query took longer than it may, and was stopped."""

    code = "query-timeout"


class QueryCancelled(QueryError):
    """Whoever asked went away, and the query was stopped."""

    code = "query-cancelled"


class ExportError(InvalidRequest):
    """What is asked for cannot be written as a file: an unknown ending or table, or a place that cannot be written."""

    code = "export"


class ConfigurationError(WorkbenchError):
    """A setting is missing or wrong."""

    code = "configuration"


class RootError(ConfigurationError):
    """A root directory does not exist or cannot be listed."""

    code = "root"


class GitError(ConfigurationError):
    """Git cannot be asked, or does not know the revision that was named."""

    code = "git"


class AddressInUse(ConfigurationError):
    """A port that the server should listen on is taken."""

    code = "address-in-use"


class StoreError(WorkbenchError):
    """The state file cannot be used."""

    code = "store"
    status = 503


class PayloadTooLarge(InvalidRequest):
    """A request body exceeds its limit."""

    code = "payload-too-large"
    status = 413


class UnsupportedMediaType(InvalidRequest):
    """A request body is of a type that the route does not read."""

    code = "unsupported-media-type"
    status = 415


class Unavailable(WorkbenchError):
    """The server cannot answer now, and may later."""

    code = "unavailable"
    status = 503


class Starting(Unavailable):
    """The server has begun to listen, and is not ready to answer yet."""

    code = "starting"


class MuxAway(Unavailable):
    """The Neural Mux does not answer; `details["last_known"]` is what it told last, null if it never did."""

    code = "mux-away"


class MuxNotConfigured(NotFound):
    """No Neural Mux is configured."""

    code = "mux-not-configured"


class SnapshotError(WorkbenchError):
    """A published snapshot is not there, not whole, or of a format that this version does not read."""

    code = "snapshot"


class RemoteError(WorkbenchError):
    """What another workbench answered to us; `details` hold its own code and status."""

    code = "remote"
    status = 502


class TooManyClients(Unavailable):
    """As many clients follow the events as the server takes."""

    code = "too-many-clients"


class UnknownRevision(NotFound):
    """There is no such revision (yet)."""

    code = "unknown-revision"


class RevisionGone(WorkbenchError):
    """A revision is no longer kept; `details["oldest"]` is the oldest that is."""

    code = "revision-gone"
    status = 410


class TooManyQueries(Unavailable):
    """As many queries run and wait as the server takes."""

    code = "too-many-queries"


class NoPath(NotFound):
    """Nothing connects two nodes."""

    code = "no-path"


class UnknownDeployment(NotFound):
    """No deployment has the id, or it ended so long ago that it is no longer kept."""

    code = "unknown-deployment"


class InvalidVersion(InvalidRequest):
    """A text is no version that a deployment takes."""

    code = "invalid-version"


class NotDeployable(Conflict):
    """A crate cannot be deployed in this way; the message says what is missing."""

    code = "not-deployable"


class NoRunner(NotDeployable):
    """No runner of the settings deploys the crate."""

    code = "no-runner"


class TooManyDeployments(Unavailable):
    """As many deployments wait as may."""

    code = "too-many-deployments"


class SyncError(WorkbenchError):
    """A copy of the fleet in another database cannot be brought up to date."""

    code = "sync"
    status = 502


class SyncUnreachable(SyncError):
    """No database answers where the copy should be."""

    code = "sync-unreachable"
    status = 503


class SyncRefused(SyncError):
    """The database does not take the credentials, or does not let their owner do what is needed."""

    code = "sync-refused"


class SyncSchemaError(SyncError):
    """What is there is no copy of a fleet, or of another version."""

    code = "sync-schema"


class SyncBroken(SyncError):
    """It broke off; `details` say how many changes were made (`done`), of how many (`total`)."""

    code = "sync-broken"


class CommandFailed(WorkbenchError):
    """A step of a deployment failed; the message says how. Told in the deployment, never as an answer."""

    code = "command-failed"


class DeploymentTimeout(Unavailable):
    """A deployment that was waited for has not ended yet; it goes on. Told to who waits, never as an answer."""

    code = "deployment-timeout"


def error_named(code: str, message: str, details: dict[str, Any]) -> WorkbenchError:
    """Return the error of ours that a code names, as another workbench told it; RemoteError for one unknown here."""
    details = {key: value for key, value in details.items() if key != "message"}
    kinds: list[type[WorkbenchError]] = [WorkbenchError]
    for kind in kinds:
        if kind.code == code and kind is not WorkbenchError:
            return kind(message, **details)
        kinds += kind.__subclasses__()
    return RemoteError(message, **{**details, "code": code})
