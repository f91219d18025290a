"""TOML text to a Manifest: any dialect in, one normalised Crate and all diagnostics of the file out."""

import hashlib
import re
from codecs import BOM_UTF8
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any, Final

import tomli

from workbench.fleet.declared import (
    declared_dependencies,
    declared_features,
    declared_ports,
    merged_qa,
    string_list,
    table_of,
    text_of,
)
from workbench.fleet.layout import HEADER_TABLES, KNOWN_TABLES, known_keys
from workbench.fleet.model import Crate, Finding, Manifest, Site, SourceText, finding
from workbench.fleet.positions import KeyPath, dotted
from workbench.fleet.soundness import is_sound
from workbench.fleet.spelling import nearest
from workbench.fleet.toml import parse_toml
from workbench.fleet.values import describe

_PLACEHOLDER: Final = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_.-]*\}")
_TEMPLATE_NAME: Final = re.compile(r'^[ \t]*name[ \t]*=[ \t]*["\']?[^"\'\n]*\$\{', re.MULTILINE)
_LONG_NUMBER: Final = re.compile(r"\d[\d_]{4000,}")


def parse_manifest(path: str, data: bytes) -> Manifest:
    """Read one manifest.

    `path` is what diagnostics name; `data` the file's bytes. Never raises: whatever is wrong becomes
    a diagnostic, all of a file at once, and the crate is kept with what could be understood.
    """
    digest = hashlib.blake2b(data, digest_size=16).hexdigest()
    try:
        text = data.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        return _not_utf8(path, data, digest, error)
    source = SourceText(path, data.removeprefix(BOM_UTF8))
    try:
        document = parse_toml(text)
    except (ValueError, RecursionError) as error:
        return _not_toml(source, digest, error)
    return _Reader(source, text, digest, document).read()


def unreadable_manifest(path: str, reason: str, fix: str | None = None) -> Manifest:
    """Return the manifest of a file whose bytes could not be had, with the reason as its diagnostic."""
    source = SourceText(path, "")
    diagnostic = finding("SC002", reason, Site(source, at=(1, 1)), fix=fix)
    return Manifest(path, source, digest="", diagnostics=(diagnostic,))


def _not_utf8(path: str, data: bytes, digest: str, error: UnicodeDecodeError) -> Manifest:
    before = data[: error.start]
    line_start = before.rfind(b"\n") + 1
    at = (before.count(b"\n") + 1, len(before[line_start:].decode("utf-8", "replace")) + 1)
    source = SourceText(path, data.decode("utf-8", "replace"))
    message = f"the file is not UTF-8: byte 0x{data[error.start]:02x} at offset {error.start} cannot be decoded"
    fix = "Save the file as UTF-8."
    return Manifest(path, source, digest, diagnostics=(finding("SC002", message, Site(source, at=at), fix=fix),))


def _not_toml(source: SourceText, digest: str, error: Exception) -> Manifest:
    if _TEMPLATE_NAME.search(source.text):
        return _template(source, digest)
    at, fix = (1, 1), None
    if isinstance(error, tomli.TOMLDecodeError):
        message = error.msg[:1].lower() + error.msg[1:]
        at = (error.lineno, error.colno)
    elif isinstance(error, RecursionError):
        message, fix = "arrays or tables are nested too deeply to be read", "Flatten the nested arrays or tables."
    else:
        message, fix = "a number has too many digits to be read", "Write a number of fewer digits, or a string."
        if match := _LONG_NUMBER.search(source.text):
            at = source.positions.at(match.start())
    return Manifest(source.path, source, digest, diagnostics=(finding("SC001", message, Site(source, at=at), fix=fix),))


def _template(source: SourceText, digest: str, key_path: KeyPath = ()) -> Manifest:
    match = _TEMPLATE_NAME.search(source.text)
    at = None if key_path or not match else source.positions.at(match.start())
    hint = finding("SC008", "a template: its name holds a ${PLACEHOLDER}", Site(source, key_path, at=at))
    return Manifest(source.path, source, digest, diagnostics=(hint,), is_template=True)


class _Reader:
    """Reads one parsed document, gathering diagnostics on the way."""

    def __init__(self, source: SourceText, text: str, digest: str, document: dict[str, Any]) -> None:
        self.source = source
        self.text = text
        self.digest = digest
        self.document = document
        self.diagnostics: list[Finding] = []
        self.header_path: KeyPath = ()
        self.header: dict[str, Any] = {}

    def read(self) -> Manifest:
        self._find_header()
        name = self.header.get("name")
        if isinstance(name, str) and "${" in name and _PLACEHOLDER.search(name):
            return _template(self.source, self.digest, (*self.header_path, "name"))
        if not self._is_valid():
            self._find_header()
        crate = self._crate()
        if crate is not None:
            self._check_spelling()
        return Manifest(self.source.path, self.source, self.digest, crate, tuple(self.diagnostics))

    def report(self, code: str, message: str, *key_path: str | int, fix: str | None = None) -> None:
        """Add a diagnostic at a key."""
        self.diagnostics.append(finding(code, message, Site(self.source, key_path), fix=fix))

    def _find_header(self) -> None:
        for table in HEADER_TABLES:
            header = self.document.get(table)
            if isinstance(header, dict):
                self.header_path, self.header = (table,), header
                return
        self.header_path, self.header = (), self.document

    def _is_valid(self) -> bool:
        """Whether the schema accepts the document; what it refuses is reported and blanked out."""
        if is_sound(self.document):
            return True
        from workbench.fleet.schema import schema_errors  # pydantic is slow to import, and most fleets are sound

        errors = schema_errors(self.document)
        for error in errors:
            path = _path_within(self.document, error["loc"])
            code = "SC117" if error["type"] == "invalid_port" else "SC003"
            self.report(code, f"{dotted(path)}: {_message(error)}", *path)
            _blank(self.document, path)
        return not errors

    def _crate(self) -> Crate | None:
        if not self.header_path and "name" not in self.document:
            if not self.diagnostics:
                self.report("SC005", "no [smart-crate] table and no name at the top level")
            return None
        name = text_of(self.header, "name")
        if name is None:
            if not any(site.key_path[-1:] == ("name",) for item in self.diagnostics for site in item.sites):
                where = f"[{dotted(self.header_path)}]" if self.header_path else "the top level"
                self.report("SC004", f"{where} has no name", *self.header_path)
            return None
        self._note_dialect()
        return self._normalised(name)

    def _normalised(self, name: str) -> Crate:
        document, header = self.document, self.header
        metadata = table_of(document, "metadata")
        smart_meta = table_of(document, "smart_meta")
        security = table_of(document, "security")
        cloned_from = text_of(metadata, "cloned_from") or text_of(header, "cloned_from")
        service = table_of(document, "service")
        slsa = security.get("slsa_level")
        hashes = table_of(table_of(document, "semantic_lock"), "hashes")
        algorithms = [value for value in hashes.values() if isinstance(value, str)]
        return Crate(
            name=name,
            path=self.source.path,
            source=self.source,
            version=text_of(header, "version"),
            classification=text_of(header, "classification")
            or text_of(metadata, "smart_crate_type")
            or text_of(header, "class")
            or text_of(header, "type"),
            tesla_grade=_first_flag(header.get("tesla_grade"), metadata.get("tesla_grade")),
            description=text_of(header, "description")
            or text_of(metadata, "description")
            or text_of(smart_meta, "description"),
            retrofit_at=self._retrofit(header, metadata),
            foundation=text_of(header, "foundation"),
            aliases=(cloned_from,) if cloned_from and cloned_from != name else (),
            dialect=dotted(self.header_path) or "flat",
            header=self.header_path,
            entries=declared_ports(document, self.header_path, self.text),
            dependencies=declared_dependencies(document),
            endpoints={k: v for k, v in table_of(document, "endpoints").items() if isinstance(v, str)},
            capabilities=tuple(
                dict.fromkeys([*string_list(service, "capabilities"), *string_list(smart_meta, "capabilities")])
            ),
            features=declared_features(table_of(document, "features")),
            qa=merged_qa(document),
            slsa_level=int(slsa) if isinstance(slsa, (int, float)) else None,
            hash_algorithms=tuple(dict.fromkeys([*filter(None, [text_of(security, "hash_algorithm")]), *algorithms])),
            certification=text_of(table_of(document, "certification"), "status"),
            deployment=table_of(document, "deployment"),
        )

    def _retrofit(self, *tables: dict[str, Any]) -> datetime | None:
        for table, path in zip(tables, (self.header_path, ("metadata",)), strict=True):
            value = table.get("retrofit_timestamp")
            if value is None:
                continue
            moment = timestamp(value)
            if moment is None:
                self.report(
                    "SC003",
                    f"retrofit_timestamp: expected YYYYMMDD-HHMMSS, YYYYMMDD or ISO 8601, found {describe(value)}",
                    *path,
                    "retrofit_timestamp",
                )
            return moment
        return None

    def _note_dialect(self) -> None:
        notes = []
        if self.header_path != ("smart-crate",):
            notes.append(f"header [{dotted(self.header_path)}]" if self.header_path else "header at the top level")
        if "class" in self.header:
            notes.append("class in place of classification")
        if notes:
            self.report("SC009", f"older spelling understood: {', '.join(notes)}", *self.header_path)

    def _check_spelling(self) -> None:
        for name, inner, table, known in _known_tables():
            content = self.document.get(name)
            if inner and isinstance(content, dict):
                content = content.get(inner)
            if isinstance(content, dict) and not content.keys() <= known:
                for key in content:
                    if key not in known and (suggestion := _suggestion(table, key)):
                        message = f'unknown key "{key}" in [{table}]: did you mean "{suggestion}"?'
                        self.report("SC006", message, *table.split("."), key, fix=f'Rename "{key}" to "{suggestion}".')


def timestamp(value: object) -> datetime | None:
    """Return a retrofit timestamp as an aware datetime (UTC where none is given); None if it is none."""
    if isinstance(value, datetime):
        moment: datetime | None = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        moment = _parsed_timestamp(str(value)) if isinstance(value, (str, int)) else None
    if moment is not None and moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment


_COMPACT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:-(\d\d)(\d\d)(\d\d))?", re.ASCII)


@lru_cache(maxsize=1024)  # a fleet is retrofitted in waves, and few crates have a moment of their own
def _parsed_timestamp(text: str) -> datetime | None:
    text = text.strip()
    try:
        if match := _COMPACT.fullmatch(text):
            return datetime(*(int(part) for part in match.groups(default="0")), tzinfo=UTC)  # type: ignore[misc, arg-type]
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _first_flag(*values: object) -> bool | None:
    return next((value for value in values if isinstance(value, bool)), None)


def _path_within(document: dict[str, Any], loc: tuple[str | int, ...]) -> KeyPath:
    """Return the part of a validation error's location that exists in the document (union tags do not)."""
    path: list[str | int] = []
    node: Any = document
    for part in loc:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            continue
        path.append(part)
    return tuple(path)


def _blank(document: dict[str, Any], path: KeyPath) -> None:
    node: Any = document
    for part in path[:-1]:
        node = node[part]
    if isinstance(node, dict):
        node.pop(path[-1], None)
    elif path:
        node[path[-1]] = None


def _message(error: Any) -> str:
    expected = {"list_type": "an array", "dict_type": "a table"}.get(error["type"])
    if expected:
        return f"expected {expected}, found {describe(error['input'])}"
    return str(error["msg"])


@cache
def _known_tables() -> tuple[tuple[str, str, str, frozenset[str]], ...]:
    """Return (name, name of the table inside it or nothing, both, keys) of each table whose keys are known."""
    return tuple((*table.partition(".")[::2], table, known_keys(table)) for table in KNOWN_TABLES)


@lru_cache(maxsize=4096)
def _suggestion(table: str, key: str) -> str | None:
    return nearest(key, known_keys(table))
