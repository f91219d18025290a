"""Writing a port into a manifest: its comments, its layout and everything else stay as they are."""

import os
import re
from pathlib import Path

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AbstractTable, Table

from workbench.errors import ConfigurationError
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.snapshot import Snapshot

_BOM = "\ufeff"


def write_port(file: Path, path: str, label: str, port: int, snapshot: Snapshot) -> None:
    """Write `label = port` into the `[ports]` of a manifest, whose path in the snapshot is `path`.

    The file is replaced in one step. Raises ConfigurationError, with nothing written, if it cannot be: because it is
    no sound TOML, has the label already, or would be read as naming somebody else's port.
    """
    try:
        data = file.read_bytes()
        text = with_port(data.decode("utf-8"), label, port)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise ConfigurationError(f"{file}: {error}") from None
    except ValueError as error:
        raise ConfigurationError(f"{file}: {error}; the port was not written") from None
    _check(file, path, label, port, snapshot, text)
    _replace(file.resolve(), text.encode("utf-8"))


def with_port(text: str, label: str, port: int) -> str:
    """Return a manifest with one more port. Raises ValueError, or what tomlkit raises, if that cannot be done."""
    mark = _BOM if text.startswith(_BOM) else ""
    document = tomlkit.parse(text.removeprefix(_BOM))
    ports = document.get("ports")
    if ports is None:
        ports = document["ports"] = tomlkit.table()
    if not isinstance(ports, AbstractTable):
        raise ValueError("`ports` is no table")
    if label in ports:
        raise ValueError(f'[ports] has "{label}" already')
    values = [key for key, value in ports.items() if not isinstance(value, AbstractTable)]
    if isinstance(ports, Table) and values and not ports.is_super_table():
        # Appending would put it below a comment that belongs to the next table.
        ports.value._insert_after(values[-1], label, tomlkit.item(port))
    else:
        ports[label] = port
    written = mark + tomlkit.dumps(document)
    return re.sub(r"(?<!\r)\n", "\r\n", written) if "\r\n" in text and not re.search(r"(?<!\r)\n", text) else written


def _check(file: Path, path: str, label: str, port: int, snapshot: Snapshot, text: str) -> None:
    """Read the new text as everybody will, before anybody does."""
    newer = snapshot.apply({path: parse_manifest(path, text.encode("utf-8"))})
    record = newer.records[path]
    written = next((c for c in record.claims if c.label == label and c.port == port), None)
    if record.is_stale or written is None:
        raise ConfigurationError(f"{file}: would not be understood with {label} = {port}; the port was not written")
    if written.role != "owner":
        raise ConfigurationError(
            f'{file}: "{label}" would name the port of {written.of} ({written.reason}); choose another --label'
        )


def _replace(file: Path, data: bytes) -> None:
    beside = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        with beside.open("xb") as new:
            new.write(data)
            new.flush()
            os.fsync(new.fileno())
        beside.chmod(file.stat().st_mode & 0o777)
        beside.replace(file)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ConfigurationError(f"{file}: {error.strerror}") from None
