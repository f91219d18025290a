"""The rules by which two crates are alike. Each looks only at pairs that share something, never at all pairs."""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final, NamedTuple

from workbench.fleet.analysis.leans import lean_graph
from workbench.fleet.model import fold
from workbench.fleet.snapshot import Snapshot

Pair = tuple[str, str]

_CROWD: Final = 50
"""What more crates than this have in common tells nothing of any two of them."""

_GENERATION: Final = re.compile(r"-(?:v?\d+|old|new|next|legacy|copy|bak|backup|tmp|clone|fork)$")


class Likeness(NamedTuple):
    """One sign that two crates are one: by which rule, how strong from 0 to 1, and why."""

    paths: Pair
    rule: str
    score: float
    reason: str


def likenesses(snapshot: Snapshot) -> Iterator[Likeness]:
    """Yield every sign by every rule."""
    for rule in RULES.values():
        yield from rule(snapshot)


def _same_name(snapshot: Snapshot) -> Iterator[Likeness]:
    for a, b in _sharing((name, path) for path, name in _names(snapshot).items()):
        yield Likeness((a, b), "same-name", 1.0, f'both are named "{_names(snapshot)[a]}"')


def _near_name(snapshot: Snapshot) -> Iterator[Likeness]:
    """Names that differ by one letter, by the order of their words, or by a mark such as `-v2` or `-old`.

    Names that differ only in a number are a series, not twins.
    """
    names = _names(snapshot)
    keys = ((key, path) for path, name in names.items() for key in _name_keys(fold(name)))
    for a, b in _sharing(keys):
        one, other = fold(names[a]), fold(names[b])
        if names[a] == names[b]:
            continue
        if one == other:
            yield Likeness((a, b), "near-name", 0.7, f"{names[a]} and {names[b]} differ only in prefix or spelling")
        elif _GENERATION.sub("", one) == _GENERATION.sub("", other) and not _is_series(one, other):
            yield Likeness((a, b), "near-name", 0.6, f"{names[a]} and {names[b]} differ only in a mark of generation")
        elif sorted(one.split("-")) == sorted(other.split("-")):
            yield Likeness((a, b), "near-name", 0.5, f"{names[a]} and {names[b]} are the same words")
        elif _digits(one) == _digits(other) and _is_one_letter_apart(one, other):
            score = round(1 - 3 / max(len(one), len(other)), 3)
            yield Likeness((a, b), "near-name", score, f"{names[a]} and {names[b]} differ by one letter")


def _former_name(snapshot: Snapshot) -> Iterator[Likeness]:
    """A crate that says it was cloned from another which is still there."""
    for path, crate in lean_graph(snapshot).crates.items():
        for alias in crate.aliases:
            for other in snapshot.names.by_name.get(fold(alias), ()):
                if other != path:
                    reason = f"{crate.name} was cloned from {alias}, which is still there"
                    yield Likeness(_pair(path, other), "former-name", 0.6, reason)


def _same_ports(snapshot: Snapshot) -> Iterator[Likeness]:
    """Owned ports in common, as a share of those of both."""
    owned: dict[str, set[Hashable]] = {}
    for path, record in snapshot.records.items():
        if ports := {claim.port for claim in record.claims if claim.role == "owner"}:
            owned[path] = set(ports)
    for pair, common, share in _overlaps(owned, 1):
        ports_said = ", ".join(map(str, sorted(common, key=str)))
        yield Likeness(pair, "same-ports", round(0.7 * share, 3), f"both own {ports_said}")


def _same_dependencies(snapshot: Snapshot) -> Iterator[Likeness]:
    """Direct dependencies in common, as a share of those of both: two or more, and at least half.

    What more than half of the fleet leans on, such as its foundation, tells nothing and does not count.
    """
    graph = lean_graph(snapshot)
    half = len(graph.paths) / 2
    telling = {path for path, leans in graph.dependents.items() if len({lean.source for lean in leans}) <= max(half, 2)}
    needs: dict[str, set[Hashable]] = {
        path: {lean.target for lean in leans if lean.target in telling} for path, leans in graph.dependencies.items()
    }
    for pair, common, share in _overlaps(needs, 2):
        if share >= 0.5:
            named = ", ".join(sorted(graph.name(str(target)) for target in common))
            yield Likeness(pair, "same-dependencies", round(0.5 * share, 3), f"both lean on {named}")


RULES: Final[Mapping[str, Callable[[Snapshot], Iterator[Likeness]]]] = {
    "same-name": _same_name,
    "near-name": _near_name,
    "former-name": _former_name,
    "same-ports": _same_ports,
    "same-dependencies": _same_dependencies,
}


def _names(snapshot: Snapshot) -> Mapping[str, str]:
    return snapshot.derive(
        "names-by-path", lambda s: {path: crate.name for path, crate in lean_graph(s).crates.items()}
    )


def _sharing(keys: Iterable[tuple[Hashable, str]]) -> list[Pair]:
    """Return the pairs of manifests that share a key, given as (key, manifest), in order."""
    groups: defaultdict[Hashable, set[str]] = defaultdict(set)
    for key, path in keys:
        groups[key].add(path)
    crowds = (paths for paths in groups.values() if 1 < len(paths) <= _CROWD)
    return sorted({_pair(a, b) for paths in crowds for a, b in combinations(paths, 2)})


def _overlaps(sets: Mapping[str, set[Hashable]], least: int) -> Iterator[tuple[Pair, set[Hashable], float]]:
    """Yield the pairs with at least so many members in common: the pair, these members, and their share of all."""
    for a, b in _sharing((member, path) for path, members in sets.items() for member in members):
        common = sets[a] & sets[b]
        if len(common) >= least:
            yield (a, b), common, len(common) / len(sets[a] | sets[b])


def _pair(a: str, b: str) -> Pair:
    return (a, b) if a < b else (b, a)


def _name_keys(name: str) -> Iterator[Hashable]:
    """Yield keys of which near names share one: the name less a mark, its words, and it less each letter in turn."""
    yield "stem", _GENERATION.sub("", name)
    yield "words", tuple(sorted(name.split("-")))
    if len(name) >= 6:
        yield "letters", name
        for place, letter in enumerate(name):
            if not letter.isdigit():
                yield "letters", name[:place] + name[place + 1 :]


def _digits(name: str) -> str:
    return re.sub(r"\D+", " ", name)


def _is_series(one: str, other: str) -> bool:
    return bool(re.search(r"-\d+$", one)) and bool(re.search(r"-\d+$", other))


def _is_one_letter_apart(one: str, other: str) -> bool:
    """Whether one letter was changed, added or left out."""
    short, long = sorted((one, other), key=len)
    if len(long) - len(short) > 1:
        return False
    place = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[place + (len(short) == len(long)) :] == long[place + 1 :]
