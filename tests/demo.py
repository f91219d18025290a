"""What the tests of real deployments share: the demonstration's service on free ports, and an eye on its processes."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workbench.config import sample_settings
from workbench.deploy.model import Deployment
from workbench.deploy.processes import MARK
from workbench.hub import HubOptions
from workbench.sections.deploy import DeploySettings
from workbench.settings import load_settings

OFFSET = 32768

MANIFEST = """\
[smart-crate]
name = "{name}"
version = "1.0.0"

[ports]
http = {port}

[endpoints]
health = "/health"

[deployment]
strategy = "{strategy}"
rollback_on_failure = true
canary_percentage = 25
"""


def free_pairs(count: int) -> list[int]:
    """Return ports of which the sister is free too: the one below, the other above what the system hands out itself."""
    found: list[int] = []
    port = 28_300 + os.getpid() * 37 % 4_000
    while len(found) < count:
        port += 1
        if _is_free(port) and _is_free(port + OFFSET):
            found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def write_fleet(folder: Path, ports: dict[str, int], strategy: str = "blue-green") -> None:
    for name, port in ports.items():
        path = folder / name / "smart-crate.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(MANIFEST.format(name=name, port=port, strategy=strategy))


def quick_settings(gate_seconds: float = 0.6, **changes: Any) -> DeploySettings:
    """The demonstration's runner, with a gate that is quick."""
    table = load_settings(sample_settings(), {}).deploy.model_dump()
    health = {"interval": 0.05, "threshold": 2, "timeout": gate_seconds, "expect_version": True}
    table["runners"]["demo"] |= {"health": health}
    return DeploySettings.model_validate(table | changes)


def hub_options(state: Path, **changes: Any) -> HubOptions:
    deploy = quick_settings(**changes).options(sample_settings().parent, state, environment=dict(os.environ))
    return HubOptions(watch=False, beat=60, deploy=deploy)


def services(state: Path) -> dict[int, list[str]]:
    """The living services below a state folder, by process: their arguments."""
    return {pid: line for pid, line in _processes() if "start" in line and any(str(state) in word for word in line)}


def commands(state: Path) -> list[int]:
    """The processes of commands that are at work below a state folder, services included that are being started."""
    return [pid for pid, line in _processes() if any(str(state) in word for word in line)]


def marked(mark: str) -> list[int]:
    """The living processes that bear the mark of a deployment."""
    return [pid for pid, _ in _processes() if f"{MARK}={mark}".encode() in _environment(pid)]


def _processes() -> Iterator[tuple[int, list[str]]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                is_over = (entry / "stat").read_text().rpartition(")")[2].split()[0] in "ZX"
            except OSError:
                continue
            if line != [""] and not is_over:
                yield int(entry.name), line


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def titles(item: Deployment) -> list[str]:
    return [step.title for step in item.steps]
