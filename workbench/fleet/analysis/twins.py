"""Twins: pairs of crates that may be one, by named rules, each with a score and a reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from math import prod
from typing import ClassVar, NamedTuple

from workbench.errors import InvalidRequest
from workbench.fleet.analysis.answer import Answer, columns, counted
from workbench.fleet.analysis.leans import lean_graph
from workbench.fleet.analysis.likeness import RULES, Likeness, likenesses
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Column, Row


class Twins(NamedTuple):
    """Two crates that are alike: all that speaks for it, and the score in all."""

    paths: tuple[str, str]
    crates: tuple[str, str]
    nodes: tuple[str, str]
    score: float
    """1 less the product of what each rule leaves open, so that several weak signs make a strong one."""
    signs: tuple[Likeness, ...]


@dataclass(frozen=True, slots=True)
class TwinCrates(Answer):
    """Duplicates and candidates for a merge, the likeliest first."""

    pairs: tuple[Twins, ...]
    least: float

    columns: ClassVar[tuple[Column, ...]] = columns(
        ("crate", "text", "one crate"),
        ("other", "text", "the other"),
        ("score", "number", "0 to 1: how much speaks for one crate, by all rules"),
        ("rules", "texts", "the rules that fit"),
        ("reasons", "texts", "why, for each rule"),
        ("path", "text", "manifest of the one"),
        ("other_path", "text", "manifest of the other"),
    )

    @property
    def nodes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(node for pair in self.pairs for node in pair.nodes))

    @property
    def explanation(self) -> str:
        if not self.pairs:
            return f"No two crates are alike by {self.least:.2f} or more."
        first = self.pairs[0]
        reasons = "; ".join(sign.reason for sign in first.signs)
        names = " and ".join(first.crates)
        alike = "is" if len(self.pairs) == 1 else "are"
        return f"{counted(len(self.pairs), 'pair')} of crates {alike} much alike; most of all {names}: {reasons}."

    def rows(self) -> Iterator[Row]:
        for pair in self.pairs:
            rules, reasons = [sign.rule for sign in pair.signs], [sign.reason for sign in pair.signs]
            yield *pair.crates, pair.score, rules, reasons, *pair.paths


def twins(snapshot: Snapshot, least: float = 0.5) -> TwinCrates:
    """Return the pairs of crates that score at least `least` by the rules of `likeness.RULES`.

    Raises InvalidRequest if `least` is not from 0 to 1.
    """
    if not 0 <= least <= 1:
        raise InvalidRequest(f"the least score is from 0 to 1, not {least}")
    graph = lean_graph(snapshot)
    order = list(RULES)
    signs = sorted(likenesses(snapshot), key=lambda sign: (sign.paths, order.index(sign.rule)))
    found = []
    for paths, group in groupby(signs, key=lambda sign: sign.paths):
        alike = tuple(group)
        score = 1 - prod(1 - sign.score for sign in alike)
        if score >= least:
            a, b = paths
            names, nodes = (graph.name(a), graph.name(b)), (graph.nodes[a], graph.nodes[b])
            found.append(Twins(paths, names, nodes, score, alike))
    return TwinCrates(tuple(sorted(found, key=lambda pair: (-pair.score, pair.crates, pair.paths))), least)
