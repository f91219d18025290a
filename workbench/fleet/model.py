"""The domain's values: what a manifest says, what was decided from it, and what was found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple

from workbench.fleet.positions import KeyPath, Positions, dotted
from workbench.fleet.rules import COLLISION_CODES, RULES, SEVERITIES, Rule, Severity

Role = Literal["owner", "reference", "sister", "mirror"]
"""How a crate stands to a port: it binds it, calls it, or holds it as a companion of one that it binds."""


class SourceText:
    """The text of one manifest, which knows where each of its keys stands."""

    __slots__ = ("_content", "_located", "path")

    def __init__(self, path: str, content: str | bytes) -> None:
        """Take a text, or its UTF-8."""
        self.path = path
        # Kept as bytes: a single sign from beyond the first plane makes a string four times as large.
        self._content = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
        self._located: dict[KeyPath, tuple[int, int]] = {}

    def __reduce__(self) -> tuple[type["SourceText"], tuple[str, bytes]]:
        """Leave the positions behind when copied or kept: they are found again when asked for."""
        return SourceText, (self.path, self._content)

    @property
    def text(self) -> str:
        """The whole text, made anew each time."""
        return self._content.decode("utf-8", "surrogatepass")

    @property
    def positions(self) -> Positions:
        """The positions of all keys, kept for the texts that were asked last."""
        return _positions(self.text)

    def locate(self, key_path: KeyPath) -> tuple[int, int]:
        """Return (line, column) of a key; what was asked once is kept, at a fraction of the room of all keys."""
        found = self._located.get(key_path)
        if found is None:
            found = self._located[key_path] = self.positions.locate(key_path)
        return found


def locate_sites(sites: Iterable["Site"]) -> None:
    """Find the positions of many places in any order, reading each text once however many there are."""
    wanted: dict[int, tuple[SourceText, set[KeyPath]]] = {}
    for site in sites:
        if site.at is None and site.key_path not in site.source._located:
            wanted.setdefault(id(site.source), (site.source, set()))[1].add(site.key_path)
    for source, paths in wanted.values():
        positions = Positions(source.text)
        source._located.update((path, positions.locate(path)) for path in paths)


@lru_cache(maxsize=64)
def _positions(text: str) -> Positions:
    return Positions(text)


class Site(NamedTuple):
    """A place in a manifest: path, line, column and key. Lines and columns count from 1."""

    source: SourceText
    key_path: KeyPath = ()
    crate: str | None = None
    at: tuple[int, int] | None = None

    @property
    def path(self) -> str:
        """The path of the manifest."""
        return self.source.path

    @property
    def key(self) -> str:
        """The key as text, such as `service.ports[1]`; empty for the whole file."""
        return dotted(self.key_path)

    @property
    def position(self) -> tuple[int, int]:
        """Return (line, column)."""
        return self.at or self.source.locate(self.key_path)

    @property
    def line(self) -> int:
        """The line, from 1."""
        return self.position[0]

    @property
    def column(self) -> int:
        """The column, from 1."""
        return self.position[1]

    def __str__(self) -> str:
        line, column = self.position
        return f"{self.path}:{line}:{column}"


class Finding(NamedTuple):
    """Something that is wrong or worth knowing, with every place that takes part in it."""

    code: str
    message: str
    sites: tuple[Site, ...]
    crates: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    fix: str = ""
    severity: Severity = "error"
    muted: str | None = None
    """Why the settings accept it; None for a finding that counts."""

    @property
    def rule(self) -> Rule:
        """The rule that was broken."""
        return RULES[self.code]

    @property
    def kind(self) -> str:
        """The coarse kind, such as `owner-collision`."""
        return self.rule.kind

    @property
    def explanation(self) -> str:
        """Why this matters, in one sentence."""
        return self.rule.explanation

    @property
    def is_collision(self) -> bool:
        """Whether ports really collide (as against a warning about how they are written)."""
        return self.code in COLLISION_CODES

    @property
    def identity(self) -> tuple[object, ...]:
        """What makes two findings of different revisions the same: everything but the lines."""
        return self.code, self.message, self.crates, self.ports, tuple((s.path, s.key_path) for s in self.sites)

    @property
    def fingerprint(self) -> str:
        """The identity as 12 hexadecimal digits, for links that outlive other findings."""
        return blake2b(repr(self.identity).encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def finding(
    code: str,
    message: str,
    *sites: Site,
    crates: tuple[str, ...] = (),
    ports: tuple[int, ...] = (),
    fix: str | None = None,
) -> Finding:
    """Return a finding of a rule, with the rule's severity and, unless a better one is given, its fix."""
    rule = RULES[code]
    if not crates:  # most findings have one place
        one = sites[0].crate if len(sites) == 1 else None
        crates = (one,) if one else tuple(dict.fromkeys(site.crate for site in sites if site.crate))
    return _made_finding((code, message, sites, crates, ports, rule.fix if fix is None else fix, rule.severity, None))


# A named tuple made this way takes a third of the time that its constructor takes, and a fleet has very many.
_made_finding: Final[Callable[[tuple[object, ...]], Finding]] = partial(tuple.__new__, Finding)
made_site: Final[Callable[[tuple[SourceText, KeyPath, str | None, None]], Site]] = partial(tuple.__new__, Site)


PortOrigin = Literal["ports", "service", "network", "integration", "header", "url"]
"""The part of a manifest that a port was written in."""


class PortEntry(NamedTuple):
    """A port as it is written in a manifest, before anything is decided about it."""

    label: str
    port: int
    origin: PortOrigin
    key_path: KeyPath
    protocol: str = ""
    subject: str = ""
    """For URLs and integration tables: the name of the service that the entry speaks of."""


class PortClaim(NamedTuple):
    """What a crate has to do with a port: its role, whose port it is, and the rule that decided so."""

    crate: str
    label: str
    port: int
    role: Role
    of: str
    """The owner's crate name, or the outside service's; for an owner, the crate itself."""
    rule: str
    reason: str
    confidence: float
    site: Site
    protocol: str = ""
    resolved: bool = True
    """Whether `of` is a crate of this fleet."""
    derived: bool = False
    """Whether the port was computed (sister, mirror) and stands in no manifest."""
    primary: int | None = None
    """For sisters and mirrors: the port that they accompany."""


DependencyKind = Literal["crate", "internal", "runtime", "service"]


class Dependency(NamedTuple):
    """A dependency as declared: `kind` tells crates from runtimes and outside services."""

    alias: str
    target: str
    kind: DependencyKind
    key_path: KeyPath
    requirement: str = ""


class QaThresholds(NamedTuple):
    """The quality thresholds that a crate sets itself. They are limits, never measured values."""

    phd_suite_enabled: bool | None = None
    minimum_score: float | None = None
    automated_testing: bool | None = None
    continuous_validation: bool | None = None
    code_coverage_minimum: float | None = None
    complexity_threshold: float | None = None
    maintainability_index_minimum: float | None = None
    technical_debt_ratio_maximum: float | None = None


class Crate(NamedTuple):
    """One smart crate, normalised from whichever dialect its manifest is written in.

    A tuple rather than a dataclass: of so many fields it is made, and handed to another process, much sooner.
    """

    name: str
    path: str
    """Path of the manifest, relative to its root, with `/`; prefixed by the root's name if there are several."""
    source: SourceText
    version: str | None = None
    classification: str | None = None
    tesla_grade: bool | None = None
    description: str | None = None
    retrofit_at: datetime | None = None
    foundation: str | None = None
    aliases: tuple[str, ...] = ()
    """Former names (`cloned_from`) under which other manifests may still refer to the crate."""
    dialect: str = "smart-crate"
    header: KeyPath = ()
    """Key path of the header table; empty for a flat manifest."""
    entries: tuple[PortEntry, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    endpoints: Mapping[str, str] = {}
    capabilities: tuple[str, ...] = ()
    features: Mapping[str, str] = {}
    """Feature name to `on`, `off`, `required` or `optional`."""
    qa: QaThresholds | None = None
    slsa_level: int | None = None
    hash_algorithms: tuple[str, ...] = ()
    certification: str | None = None
    deployment: Mapping[str, Any] = {}

    def __eq__(self, other: object) -> bool:
        """Whether it is the same crate, wherever its text was read."""
        return isinstance(other, Crate) and self[:2] == other[:2] and self[3:] == other[3:]

    def __hash__(self) -> int:
        return hash(self[:2])

    @property
    def directory(self) -> str:
        """The crate's directory, relative to its root; `.` for the root itself."""
        return self.path.rpartition("/")[0] or "."

    def site(self, *key_path: str | int) -> Site:
        """Return the place of a key of this crate's manifest."""
        return Site(self.source, key_path, self.name)

    def named_at(self) -> Site:
        """Return the place where the crate's name is written."""
        return self.site(*self.header, "name")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One manifest file as it was last read: its crate, if it describes one, and its diagnostics."""

    path: str
    source: SourceText = field(repr=False, compare=False)
    digest: str
    """Content hash; two manifests with one digest have the same text."""
    crate: Crate | None = None
    diagnostics: tuple[Finding, ...] = ()
    is_template: bool = False

    def __reduce__(self) -> tuple[type["Manifest"], tuple[Any, ...]]:
        """Hand it over as the values of its fields: sooner done than what `dataclass` makes for frozen classes."""
        return Manifest, (self.path, self.source, self.digest, self.crate, self.diagnostics, self.is_template)

    @property
    def is_broken(self) -> bool:
        """Whether the file should describe a crate and does not."""
        return self.crate is None and not self.is_template


NAME_PREFIXES: Final = ("ctas7-", "sx9-")
"""Prefixes of the fleet's generations; a crate is often spoken of without them."""


@lru_cache(maxsize=65_536)
def fold(name: str) -> str:
    """Return a name as references compare it: lower case, `_` as `-`, generation prefix dropped."""
    folded = name.strip().lower().replace("_", "-")
    for prefix in NAME_PREFIXES:
        if folded.startswith(prefix) and len(folded) > len(prefix):
            return folded[len(prefix) :]
    return folded


def worst(findings: Iterable[Finding]) -> Severity | None:
    """Return the gravest severity among findings; None if there are none."""
    severities = {item.severity for item in findings}
    return next((severity for severity in SEVERITIES if severity in severities), None)
