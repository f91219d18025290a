"""The catalogue of finding kinds: their stable codes, severities, meaning and usual repair."""

from dataclasses import dataclass
from typing import Final, Literal

Severity = Literal["error", "warning", "hint"]

SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "hint")


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be found wrong: a stable `code` and the coarser `kind` of the API contract."""

    code: str
    kind: str
    severity: Severity
    title: str
    explanation: str
    fix: str


_RULES: Final = (
    # Manifests: one file is enough to see it.
    Rule(
        "SC001",
        "syntax",
        "error",
        "The manifest is not valid TOML",
        "A TOML parser stops at this position, so nothing in the file can be read.",
        "Correct the TOML at the position named.",
    ),
    Rule(
        "SC002",
        "unreadable",
        "error",
        "The manifest cannot be read",
        "The file exists but its bytes cannot be used: no permission, too large, not UTF-8, or not a regular file.",
        "Make the file readable UTF-8 text below the size limit.",
    ),
    Rule(
        "SC003",
        "schema",
        "error",
        "A value has the wrong type",
        "The key is known and its value cannot be understood; the value is left out, the rest of the crate is kept.",
        "Write a value of the expected type.",
    ),
    Rule(
        "SC004",
        "schema",
        "error",
        "The crate has no name",
        "Without a name no other manifest can refer to the crate, so it is not registered.",
        'Add name = "…" to the header table.',
    ),
    Rule(
        "SC005",
        "schema",
        "error",
        "There is no crate header",
        "None of the tables [smart-crate], [smart_crate] or [crate] is present, and there is no name at the top level.",
        "Add a [smart-crate] table with at least a name.",
    ),
    Rule(
        "SC006",
        "unknown-key",
        "warning",
        "A key looks misspelt",
        "The table is known, the key is not, and it is very close to one that is; it has no effect as it stands.",
        "Rename the key as suggested.",
    ),
    Rule(
        "SC007",
        "duplicate-crate",
        "error",
        "Two manifests bear one name",
        "References to this name are ambiguous; all bearers are kept.",
        "Rename one of the crates, or remove the stale copy.",
    ),
    Rule(
        "SC008",
        "template",
        "hint",
        "The manifest is a template",
        "The header holds ${PLACEHOLDER} values, so the file describes no crate of its own.",
        "Nothing to do; exclude the directory if templates should not be listed.",
    ),
    Rule(
        "SC009",
        "dialect",
        "hint",
        "The manifest uses an older spelling",
        "The spelling is understood; new manifests write [smart-crate] with classification in it.",
        "Move the keys to [smart-crate] when the file is next edited.",
    ),
    Rule(
        "SC010",
        "unresolved-dependency",
        "warning",
        "A dependency names no known crate",
        "No manifest below the roots bears this name or declares it as an alias.",
        "Correct the name, or add the root that holds the crate.",
    ),
    Rule(
        "SC011",
        "dependency-cycle",
        "warning",
        "Crates depend on each other in a circle",
        "None of these crates can be built, started or replaced before the others.",
        "Remove one of the dependencies, or move what is shared into a crate below both.",
    ),
    # Ports that really collide.
    Rule(
        "SC101",
        "owner-collision",
        "error",
        "Two crates own one port",
        "Both services would bind the same port; the second to start fails.",
        "Give one of them the next free port of its block.",
    ),
    Rule(
        "SC102",
        "duplicate-in-crate",
        "error",
        "One crate gives a port to two labels",
        "Two different services of the crate would bind the same port.",
        "Give one of the labels another port, or remove the label that is not a service.",
    ),
    Rule(
        "SC103",
        "sister-collision",
        "error",
        "A sister port meets another crate's port",
        "The sister of a primary port is primary + offset; here another crate already uses that number.",
        "Move the port that is not the sister, or the primary whose sister it meets.",
    ),
    Rule(
        "SC104",
        "mirror-collision",
        "error",
        "A mirror port meets another crate's port",
        "The owner of a mirrored port occupies its mirrors too.",
        "Move the port that is not the mirror.",
    ),
    Rule(
        "SC105",
        "reference-hijacked",
        "error",
        "A crate owns a port where another crate is expected",
        "Callers of the expected crate would reach the wrong service.",
        "Move the owner, or correct the references.",
    ),
    Rule(
        "SC106",
        "reserved-port",
        "error",
        "A crate owns a reserved port",
        "The port is set aside in the port plan for somebody else.",
        "Choose the next free port of the block.",
    ),
    Rule(
        "SC107",
        "decoy-port",
        "error",
        "A crate owns a decoy port",
        "The port manager listens on this port as a decoy and treats every caller as an intruder.",
        "Choose the next free port of the block.",
    ),
    # Ports that deserve a look.
    Rule(
        "SC108",
        "sister-mismatch",
        "warning",
        "A declared sister is not primary + offset",
        "Tools derive the sister from the primary and will look at the wrong port.",
        "Write primary + offset, or drop the declaration: it is derived.",
    ),
    Rule(
        "SC109",
        "sister-overflow",
        "warning",
        "A port is too high to have a sister",
        "Primary + offset does not fit in 16 bits, so no sister exists; the number is never wrapped.",
        "Choose a primary at or below 65535 - offset if a sister is needed.",
    ),
    Rule(
        "SC110",
        "reference-mismatch",
        "warning",
        "A reference names a port that its owner does not declare",
        "The crate is expected on a port that is not among those that it owns.",
        "Use a port that the owner declares, or declare this one there.",
    ),
    Rule(
        "SC111",
        "reference-silent",
        "warning",
        "A reference names a crate that declares no port",
        "The crate exists but owns no port, so nobody is known to answer there.",
        "Declare the port in the manifest of the crate that is expected to answer.",
    ),
    Rule(
        "SC112",
        "reference-external",
        "hint",
        "A reference leads out of the fleet",
        "No manifest below the roots describes the service that is expected there.",
        "Nothing to do if the service is third-party; else add the root that holds its manifest.",
    ),
    Rule(
        "SC113",
        "outside-block",
        "warning",
        "A port lies outside every block",
        "The port plan assigns blocks of ports to purposes; this port belongs to none.",
        "Move the port into the block of its purpose, or add a block to the plan.",
    ),
    Rule(
        "SC114",
        "block-full",
        "warning",
        "A block is full or nearly so",
        "New crates will soon find no port in the block.",
        "Widen the block, or release ports that are no longer used.",
    ),
    Rule(
        "SC115",
        "privileged-port",
        "warning",
        "A port is privileged",
        "Ports below 1024 can be bound by the superuser only (or with CAP_NET_BIND_SERVICE).",
        "Use a port at or above 1024 behind a proxy.",
    ),
    Rule(
        "SC116",
        "ephemeral-port",
        "warning",
        "A declared port is in the system's ephemeral range",
        "The kernel may hand this port to any outgoing connection before the service binds it.",
        "Use a port below the range, or reserve it with net.ipv4.ip_local_reserved_ports.",
    ),
    Rule(
        "SC117",
        "invalid-port",
        "error",
        "A value is no port",
        "A port is a whole number from 1 to 65535; the entry is left out, the rest of the crate is kept.",
        "Write a whole number from 1 to 65535.",
    ),
    Rule(
        "SC118",
        "unused-setting",
        "hint",
        "A setting about a crate's port matches nothing",
        "The override in workbench.toml names a crate or a label that no manifest has, so it decides nothing.",
        "Correct the names, or remove the override.",
    ),
    Rule(
        "SC119",
        "unused-setting",
        "hint",
        "A mute matches no finding",
        "The entry of ports.mute in workbench.toml accepts nothing that is found; "
        "what it stood for is gone, or it names the wrong thing.",
        "Correct the mute, or remove it.",
    ),
    # What runs, as against what is declared. Only a running workbench sees these.
    Rule(
        "SC120",
        "drift-stranger",
        "warning",
        "A stranger listens on a declared port",
        "The port is meant for a crate, and nothing about the process that listens there says that it is that crate's.",
        "Stop the process or move it to another port; if it is the crate's own, let the service register with its pid.",
    ),
    Rule(
        "SC121",
        "drift-silent",
        "hint",
        "Nobody listens on a declared port",
        "The crate runs on this host, or is expected to, and this port of it answers nobody.",
        "Start the service, or remove the port from the manifest.",
    ),
    Rule(
        "SC122",
        "drift-undeclared",
        "warning",
        "A process listens on a port that nobody declares",
        "The port lies in a block of the port plan, so the next crate that is given it could not bind it.",
        "Declare the port in the manifest of its crate, or move the process out of the block.",
    ),
    Rule(
        "SC123",
        "registration-orphan",
        "hint",
        "A crate that should register never did",
        "Its manifest speaks of the port manager, or the settings expect it to register, and no such service is known.",
        "Let the service register when it starts, or take it out of registrations.expected.",
    ),
    Rule(
        "SC124",
        "registration-mismatch",
        "warning",
        "A service registered on a port that its manifest does not declare",
        "Whoever reads the manifest looks for the service on another port.",
        "Declare the port in the manifest, or start the service on the one that is declared.",
    ),
    Rule(
        "SC125",
        "registration-unknown",
        "warning",
        "A service registered that no manifest describes",
        "No crate of the fleet bears the name under which it registered, now or formerly.",
        "Add its manifest, or let it register under the name of its crate.",
    ),
    Rule(
        "SC126",
        "registration-shared",
        "error",
        "Several services registered one port",
        "Only one of them can be bound to it; the others are not where their registration says.",
        "Stop all but one, or give the others ports of their own.",
    ),
)

RULES: Final[dict[str, Rule]] = {rule.code: rule for rule in _RULES}
"""Every rule by its code."""

OBSERVED_CODES: Final = frozenset(rule.code for rule in _RULES if rule.kind.startswith(("drift-", "registration-")))
"""The codes that only a running workbench can find."""

COLLISION_KINDS: Final = frozenset(
    {
        "owner-collision",
        "duplicate-in-crate",
        "sister-collision",
        "mirror-collision",
        "reference-hijacked",
        "reserved-port",
        "decoy-port",
    }
)
"""The kinds in which ports really collide: what `GET /api/ports/conflicts` lists."""

COLLISION_CODES: Final = frozenset(rule.code for rule in _RULES if rule.kind in COLLISION_KINDS)
"""The codes of those kinds."""
