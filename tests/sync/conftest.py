"""A small fleet whose names are as hostile as TOML lets them be, and its changed form."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import WriteManifest
from workbench import Workbench

HOSTILE = [
    "it's; DROP TABLE crates; --",
    'a"b`c⟩d⟨e\\',
    "null\0byte",
    "∀ünï\u202e\N{PILE OF POO}",
    "crate:x->owns->port:1",
    "x,y)&id=gt.0&",
    " x ",
]


@pytest.fixture
def hostile_fleet(fleet_dir: Path, write_manifest: WriteManifest) -> Callable[[], Workbench]:
    """Scan a fleet of crates of hostile names, each with a port, an endpoint, and a dependency on the next."""
    for number, name in enumerate(HOSTILE):
        text = "[smart-crate]\nname = {}\nversion = {}\n[ports]\n{} = {}\n[endpoints]\nhealth = {}\n[dependencies]\n{} = {}\n"
        after = HOSTILE[(number + 1) % len(HOSTILE)]
        values = (toml(name), toml(name), toml(name), 18600 + number, toml(f"/{name}"), toml(name), toml(after))
        write_manifest(f"c{number}", text.format(*values))
    return lambda: Workbench.scan(fleet_dir)


def toml(text: str) -> str:
    """Return a text as a basic string of TOML."""
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in text)
    return f'"{escaped}"'
