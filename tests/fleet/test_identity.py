"""Who listens: each rule by a process that it is meant for, and the order of the rules."""

from typing import Any

import pytest

from workbench.fleet.identity import crate_at, identify, standing
from workbench.fleet.observed import Holder, Listener, Observed, Place, Registration
from workbench.fleet.plan import PortPlan
from workbench.fleet.snapshot import Snapshot

from .conftest import MakeSnapshot


def listener(port: int = 18020, **given: Any) -> Listener:
    return Listener(port, given.pop("transport", "tcp"), ("127.0.0.1",), **{"pid": 42, "process": "python3"} | given)


@pytest.fixture
def fleet(snapshot_of: MakeSnapshot) -> Snapshot:
    return snapshot_of(
        atlas="[ports]\nhttp = 18020\n[metadata]\ncloned_from = 'old-atlas'",
        beacon="[ports]\nhttp = 18021\nstream = { port = 18022, protocol = 'udp' }",
    )


@pytest.mark.parametrize(
    ("item", "services", "rule", "crate"),
    [
        (listener(is_own=True, process="atlas"), [], "workbench", None),
        (listener(), [Registration("atlas", 18020, pid=42)], "registered-pid", "atlas"),
        (listener(), [Registration("phantom", 18020, pid=42)], "registered-pid", None),
        (listener(places=(Place("executable", "atlas/target/debug/x"),)), [], "executable", "atlas"),
        (listener(places=(Place("working-directory", "beacon"),)), [], "working-directory", "beacon"),
        (listener(places=(Place("command-line", "atlas/serve.py"),)), [], "command-line", "atlas"),
        (listener(process="SX9_Atlas"), [], "process-name", "atlas"),
        (listener(process="old-atlas"), [], "process-name", "atlas"),
        (listener(), [Registration("atlas", 18020)], "registered-port", "atlas"),
        (listener(pid=None, process=""), [Registration("atlas", 18020)], "registered-port", "atlas"),
        (listener(pid=None, process=""), [], "hidden", None),
        (listener(process="docker-proxy"), [], "forwarder", None),
        (listener(), [], "no-evidence", None),
        # What does not count: another port, another host, another transport, another process, a service that is gone.
        (listener(), [Registration("atlas", 18021)], "no-evidence", None),
        (listener(), [Registration("atlas", 18020, host="10.0.0.7")], "no-evidence", None),
        (listener(), [Registration("atlas", 18020, protocol="udp")], "no-evidence", None),
        (listener(), [Registration("atlas", 18020, pid=7)], "no-evidence", None),
        (listener(), [Registration("atlas", 18020, state="gone")], "no-evidence", None),
        (listener(places=(Place("working-directory", "atlas-tools"),)), [], "no-evidence", None),
        # The order: a process before a directory, a directory before a name, all of them before a port.
        (listener(process="beacon", places=(Place("working-directory", "atlas"),)), [], "working-directory", "atlas"),
        (listener(process="beacon"), [Registration("atlas", 18020)], "process-name", "beacon"),
    ],
)
def test_the_first_rule_that_applies(
    fleet: Snapshot, item: Listener, services: list[Registration], rule: str, crate: str | None
) -> None:
    seen = fleet.observe(Observed(listeners=(item,), registrations=tuple(services)))
    who = identify(item, seen)
    assert (who.rule, who.crate) == (rule, crate)


@pytest.mark.parametrize(
    ("item", "relation", "expected"),
    [
        (listener(is_own=True), "workbench", ()),
        (listener(process="atlas"), "owner", ("atlas",)),
        (listener(process="beacon"), "stranger", ("atlas",)),
        (listener(process="nginx"), "stranger", ("atlas",)),
        (listener(process="docker-proxy"), "unknown", ("atlas",)),
        (listener(pid=None, process=""), "unknown", ("atlas",)),
        (listener(process="nginx", transport="udp"), "undeclared", ()),
        (listener(18022, process="nginx", transport="udp"), "stranger", ("beacon",)),
        (listener(18020 + 32768, process="atlas"), "owner", ("atlas",)),
        (listener(18030, process="atlas"), "undeclared", ()),
        (listener(18031, process="atlas"), "owner", ("atlas",)),
        (listener(18103, process="port-manager"), "stranger", ("port-manager",)),
    ],
)
def test_how_a_listener_stands_to_its_port(
    fleet: Snapshot, item: Listener, relation: str, expected: tuple[str, ...]
) -> None:
    seen = fleet.observe(Observed(listeners=(item,), holders=(Holder(18031, "atlas"),)))
    stands = standing(item, seen)
    assert (stands.relation, stands.expected) == (relation, expected)


def test_the_innermost_crate_counts_and_a_shared_directory_tells_nothing(snapshot_of: MakeSnapshot) -> None:
    from workbench.fleet.manifest import parse_manifest

    texts = {"smart-crate.toml": "root", "a/smart-crate.toml": "a", "a/b/smart-crate.toml": "b"}
    texts |= {"many/x.smartcrate.toml": "x", "many/y.smartcrate.toml": "y", "one/z.smartcrate.toml": "z"}
    text = '[smart-crate]\nname = "{}"\n[ports]\nhttp = {}\n'
    ports = dict.fromkeys(texts, 18020) | {"one/z.smartcrate.toml": 18021}
    fleet = Snapshot(PortPlan()).apply(
        {path: parse_manifest(path, text.format(name, ports[path]).encode()) for path, name in texts.items()}
    )

    def name(path: str, port: int = 18020) -> str | None:
        found = crate_at(Place("executable", path), port, fleet)
        return found.name if found else None

    assert [name(path) for path in ("a/b/c/bin", "a/bin", "elsewhere/bin", "bin")] == ["b", "a", "root", "root"]
    assert name("many/bin") is None
    assert (name("one/bin", 18021), name("one/bin")) == ("z", "root")
