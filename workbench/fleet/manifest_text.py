"""Changes to the text of a manifest that keep its comments and layout."""

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from workbench.errors import InvalidRequest
from workbench.fleet.declared import URL_PORT
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Manifest
from workbench.fleet.positions import KeyPath, dotted


def with_ports(manifest: Manifest, ports: Mapping[KeyPath, int]) -> Manifest:
    """Return a manifest with other ports, given by the key paths of its port entries.

    Where the manifest writes a port a second time (in `[network]`, in a URL of its endpoints), the repetition
    follows. Raises InvalidRequest if the text cannot be edited.
    """
    old = {entry.key_path: entry.port for entry in manifest.crate.entries} if manifest.crate else {}
    moved = {old[path]: port for path, port in ports.items()}
    document = _document(manifest)
    pending = dict(ports)
    done: set[KeyPath] = set()
    while pending:
        for path, port in pending.items():
            _put(document, path, port)
        done |= pending.keys()
        manifest = _reread(manifest, tomlkit.dumps(document))
        entries = manifest.crate.entries if manifest.crate else ()
        surfaced = (entry for entry in entries if entry.key_path not in done and entry.key_path not in old)
        pending = {entry.key_path: moved[entry.port] for entry in surfaced if entry.port in moved}
    return manifest


def new_manifest(path: str, name: str, ports: Mapping[str, int], dependencies: Sequence[str] = ()) -> Manifest:
    """Return the manifest of a crate that nobody has written yet."""
    document = tomlkit.document()
    document.add("smart-crate", tomlkit.item({"name": name}))
    if ports:
        document.add("ports", tomlkit.item(dict(ports)))
    if dependencies:
        document.add("dependencies", tomlkit.item({target: target for target in dependencies}))
    return parse_manifest(path, tomlkit.dumps(document).encode())


def _document(manifest: Manifest) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(manifest.source.text)
    except TOMLKitError as error:
        raise InvalidRequest(f"{manifest.path}: cannot be edited: {error}", path=manifest.path) from None


def _reread(manifest: Manifest, text: str) -> Manifest:
    return parse_manifest(manifest.path, text.encode())


def _put(document: tomlkit.TOMLDocument, path: KeyPath, port: int) -> None:
    """Write a port in the form that stands there: a number, a number in quotes, or within a URL."""
    node: Any = document
    for part in path[:-1]:
        node = node[part]
    value = node[path[-1]]
    if not isinstance(value, str):
        node[path[-1]] = port
    elif match := URL_PORT.match(value):
        start, end = match.span(1)
        node[path[-1]] = f"{value[:start]}{port}{value[end:]}"
    elif value.isdigit():
        node[path[-1]] = str(port)
    else:
        raise InvalidRequest(f'{dotted(path)}: "{value}" holds no port that could be changed')
