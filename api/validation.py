"""/api/crates/validate: what a manifest is worth, and what it would change, without storing it."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.base import JSON, ApiHandler, off_loop
from api.models.crates import Trial
from api.operation import Answer, operation
from api.queries import Query, parse_query
from workbench.errors import InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from workbench.fleet.diff import diff
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.wire import claim_model, crate_model, finding_model

ManifestPath = Annotated[str, Field(min_length=1, max_length=1000)]

_ESCAPING = 6
"""JSON may spell one byte with six."""


class ValidationQuery(Query):
    """For a plain body."""

    path: ManifestPath | None = None
    """The path that the manifest would stand at; for a JSON body it stands in that."""


class Proposal(BaseModel):
    """A manifest to try."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    text: str
    path: ManifestPath | None = None
    """The path that it would stand at; by default that of the crate of its name."""


_EXAMPLE = '[smart-crate]\nname = "atlas"\nversion = "1.0.0"\n'


class ValidateHandler(ApiHandler):
    """POST: a manifest's text → its diagnostics, and what it would change in the fleet."""

    access = "read"

    @operation(
        "Crates",
        "Try a manifest",
        answers={200: Answer("Its diagnostics, and what it would change in the fleet.", Trial)},
        detail="Nothing is stored.",
        query=ValidationQuery,
        body={"text/plain": str, "application/toml": str, JSON: Proposal},
        body_examples={"text/plain": _EXAMPLE, JSON: {"text": _EXAMPLE}},
    )
    async def post(self) -> None:
        data, path = self._manifest()
        self.finish_json(await off_loop(trial_model, data, path, self.hub.snapshot))

    def _manifest(self) -> tuple[bytes, str | None]:
        limit = self.hub.options.scope.max_bytes
        media_type = self.request.headers.get("Content-Type", "text/plain").partition(";")[0].strip().lower()
        is_json = media_type == JSON
        body = self.request.body
        if not is_json and media_type not in ("text/plain", "application/toml"):
            raise UnsupportedMediaType(
                f"send text/plain, application/toml or {JSON}, not {media_type}", content_type=media_type
            )
        _check_size(body, limit * (_ESCAPING if is_json else 1))
        if not is_json:
            return body, parse_query(ValidationQuery, self.request.query_arguments).path
        proposal = _proposal(body)
        data = proposal.text.encode()
        _check_size(data, limit)
        return data, proposal.path


def _check_size(data: bytes, limit: int) -> None:
    if len(data) > limit:
        raise PayloadTooLarge(f"a manifest may have {limit} bytes, this has {len(data)}", limit=limit, found=len(data))


def _proposal(body: bytes) -> Proposal:
    try:
        return Proposal.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise InvalidRequest(f"{place}: {first['msg']}", parameter=place) from None


def trial_model(data: bytes, path: str | None, snapshot: Snapshot) -> dict[str, Any]:
    """Return {path, replaces, valid, template, crate, diagnostics, changes} of a manifest, tried on a snapshot."""
    path = path or _place(parse_manifest("smart-crate.toml", data), snapshot)
    manifest = parse_manifest(path, data)
    newer = snapshot.apply({path: manifest})
    crate = manifest.crate
    return {
        "revision": snapshot.revision,
        "path": path,
        "replaces": path in snapshot.records,
        "valid": not any(item.severity == "error" for item in manifest.diagnostics),
        "template": manifest.is_template,
        "crate": crate_model(newer.records[path]) if crate is not None else None,
        "diagnostics": [finding_model(item) for item in manifest.diagnostics],
        "changes": changes_model(snapshot, newer),
    }


def _place(manifest: Manifest, snapshot: Snapshot) -> str:
    """Return where a manifest without a path belongs: in place of the one crate of its name, else beside all others."""
    if manifest.crate is None:
        return manifest.path
    name = manifest.crate.name
    bearers = [crate.path for crate in snapshot.crates if crate.name == name]
    return bearers[0] if len(bearers) == 1 else f"{name}/{manifest.path}"


def changes_model(older: Snapshot, newer: Snapshot) -> dict[str, Any]:
    """Return what changes between two snapshots: crates, ports whose claims differ, findings that come and go."""
    change = diff(older, newer)
    return {
        "crates": [
            {"action": item.action, "name": item.crate.name, "path": item.path, "crate": crate_model(item.record)}
            for item in change.crates
        ],
        "ports": [{"port": port, "claims": [claim_model(claim) for claim in claims]} for port, claims in change.ports],
        "appeared": [finding_model(item) for item in change.appeared],
        "vanished": [finding_model(item) for item in change.vanished],
    }
