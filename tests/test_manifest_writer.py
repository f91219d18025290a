"""A port is written into a manifest, and nothing else of it changes."""

from pathlib import Path

import pytest

from tests.conftest import WriteManifest
from workbench.errors import ConfigurationError
from workbench.fleet.snapshot import Snapshot
from workbench.manifest_writer import with_port, write_port
from workbench.workbench import Workbench


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "[ports] # ours\nhttp = 18010 # the API\n\n# how good it is\n[qa]\na = 1\n",
            "[ports] # ours\nhttp = 18010 # the API\nnew = 18011\n\n# how good it is\n[qa]\na = 1\n",
        ),
        ("[ports]\r\nhttp = 1\r\n\r\n[qa]\r\na = 1\r\n", "[ports]\r\nhttp = 1\r\nnew = 18011\r\n\r\n[qa]\r\na = 1\r\n"),
        ("\ufeffname = 'x'\n", "\ufeffname = 'x'\n\n[ports]\nnew = 18011\n"),
        ("[ports]\n[qa]\nx = 1\n", "[ports]\nnew = 18011\n[qa]\nx = 1\n"),
        ("[ports]\n# none yet\n\n[qa]\n", "[ports]\n# none yet\nnew = 18011\n\n[qa]\n"),
        ("ports = { a = 1 }\n[x]\n", "ports = { a = 1, new = 18011}\n[x]\n"),
        ("ports.http = 1\n[z]\n", "ports.http = 1\nports.new = 18011\n[z]\n"),
        ("[ports]\nhttp = 1\n[ports.x]\nport = 3\n", "[ports]\nhttp = 1\nnew = 18011\n[ports.x]\nport = 3\n"),
        ("[a]\nx = 1 # the end", "[a]\nx = 1 # the end\n[ports]\nnew = 18011\n"),
    ],
)
def test_only_one_line_is_new(before: str, after: str) -> None:
    assert with_port(before, "new", 18011) == after


@pytest.fixture
def vault(write_manifest: WriteManifest) -> Path:
    write_manifest("ledger", '[smart-crate]\nname = "ledger"\n[ports]\nhttp = 18020\n')
    path = write_manifest("vault", '[smart-crate]\nname = "vault" # ours\n[ports]\nhttp = 18010\n')
    path.chmod(0o640)
    return path


@pytest.fixture
def snapshot(vault: Path, fleet_dir: Path) -> Snapshot:
    return Workbench.scan(fleet_dir).snapshot


def test_a_file_is_replaced_and_keeps_its_mode(vault: Path, snapshot: Snapshot) -> None:
    write_port(vault, "vault/smart-crate.toml", "grpc", 18011, snapshot)
    assert vault.read_text() == '[smart-crate]\nname = "vault" # ours\n[ports]\nhttp = 18010\ngrpc = 18011\n'
    assert vault.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in vault.parent.iterdir()] == ["smart-crate.toml"]


@pytest.mark.parametrize(
    ("text", "label", "said"),
    [
        (None, "http", r'\[ports\] has "http" already; the port was not written'),
        (None, "ledger", r'"ledger" would name the port of ledger .*; choose another --label'),
        ("ports = [18010]\nname = 'vault'\n", "grpc", "`ports` is no table"),
        ("[smart-crate", "grpc", "smart-crate.toml: "),
        (b"\xff", "grpc", "can't decode"),
    ],
)
def test_what_would_do_harm_is_not_written(
    vault: Path, snapshot: Snapshot, text: str | bytes | None, label: str, said: str
) -> None:
    if text is not None:
        vault.write_bytes(text if isinstance(text, bytes) else text.encode())
    before = vault.read_bytes()
    with pytest.raises(ConfigurationError, match=said):
        write_port(vault, "vault/smart-crate.toml", label, 18011, snapshot)
    assert vault.read_bytes() == before
