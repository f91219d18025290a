"""Search over everything that has a name: crates, ports, services outside the fleet, findings."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from workbench.fleet.model import Finding, fold
from workbench.fleet.snapshot import Snapshot

HitKind = Literal["crate", "port", "service", "finding"]
HIT_KINDS: Final[tuple[HitKind, ...]] = ("crate", "port", "service", "finding")

_Rank = tuple[int, int, str]


class Hit(NamedTuple):
    """Something that was found: `name` says what it is in its kind, `title` and `detail` how to show it."""

    kind: HitKind
    name: str
    title: str
    detail: str


class _Entry(NamedTuple):
    title: str
    """What is compared first, in lower case."""
    words: str
    """All that a word may stand in, in lower case."""
    hit: Hit
    finding: Finding | None = None

    def named(self) -> Hit:
        """Return the hit; a finding gets its name here, which is dear to make for all."""
        return self.hit._replace(name=self.finding.fingerprint) if self.finding else self.hit


def search(snapshot: Snapshot, text: str, limit: int = 8) -> dict[HitKind, list[Hit]]:
    """Return up to `limit` hits of each kind, best first: every word of `text` stands in a hit.

    A title that is the text comes before one that begins with it, then one that contains it, then what holds its
    words elsewhere; equals by name. Prefixes of generations (`ctas7-`) may be left out. Empty for a text of spaces.
    """
    needle = " ".join(text.casefold().split())
    if not needle:
        return {kind: [] for kind in HIT_KINDS}
    index = snapshot.derive("search-index", _index)
    return {kind: _best(index[kind], needle, limit) for kind in HIT_KINDS}


def _best(entries: list[_Entry], needle: str, limit: int) -> list[Hit]:
    words = needle.split()
    found = [entry for entry in entries if all(word in entry.words for word in words)]
    return [entry.named() for entry in sorted(found, key=lambda entry: _rank(entry, needle))[:limit]]


def _rank(entry: _Entry, needle: str) -> _Rank:
    title = entry.title
    if needle in (title, fold(title)):
        grade = 0
    elif title.startswith(needle) or fold(title).startswith(needle):
        grade = 1
    else:
        grade = 2 if needle in title else 3
    return grade, len(title), title


def _index(snapshot: Snapshot) -> dict[HitKind, list[_Entry]]:
    return {
        "crate": [_entry(hit) for hit in _crates(snapshot)],
        "port": [_entry(hit) for hit in _ports(snapshot)],
        "service": [_entry(hit) for hit in _services(snapshot)],
        "finding": [_entry(_finding_hit(item), item) for item in snapshot.findings],
    }


def _entry(hit: Hit, item: Finding | None = None) -> _Entry:
    title = hit.title.casefold()
    return _Entry(title, f"{title} {hit.detail.casefold()}", hit, item)


def _crates(snapshot: Snapshot) -> Iterator[Hit]:
    for crate in snapshot.crates:
        known_as = f" · formerly {', '.join(crate.aliases)}" if crate.aliases else ""
        yield Hit("crate", crate.name, crate.name, f"{crate.classification or 'no class'} · {crate.path}{known_as}")


def _ports(snapshot: Snapshot) -> Iterator[Hit]:
    for port in sorted(snapshot.at_port):
        claims = [claim for claim in snapshot.at_port[port] if claim.role in ("owner", "reference")]
        owners = [f"{claim.crate} ({claim.label})" for claim in claims if claim.role == "owner"]
        if owners:
            yield Hit("port", str(port), str(port), f"owned by {', '.join(dict.fromkeys(owners))}")
        elif claims:
            yield Hit("port", str(port), str(port), f"expected of {', '.join(sorted({c.of for c in claims if c.of}))}")


def _services(snapshot: Snapshot) -> Iterator[Hit]:
    users: dict[str, set[str]] = {}
    for claim in snapshot.claims:
        if claim.role == "reference" and not claim.resolved and claim.of:
            users.setdefault(claim.of, set()).add(claim.crate)
    for name, crates in sorted(users.items()):
        yield Hit("service", name, name, f"outside the fleet · used by {', '.join(sorted(crates))}")


def _finding_hit(item: Finding) -> Hit:
    where = ", ".join(item.crates) or (item.sites[0].path if item.sites else "")
    return Hit("finding", "", item.message, f"{item.severity} · {item.code} {item.kind} · {where}")
