"""What leads from what is there to what is wanted, whatever the place."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.errors import SyncBroken, SyncError
from workbench.sync.item import Item
from workbench.sync.target import synchronise

Rows = dict[str, dict[str, int]]
"""Numbers by id, by table."""

ROWS = st.fixed_dictionaries(
    {name: st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 2)) for name in ("n", "e")}
)


class Place:
    """A place in memory that counts calls, and fails at one of them."""

    place = "memory"
    batch = 2

    def __init__(self, rows: Rows, fails_at: int = -1, is_atomic: bool = False) -> None:
        self.tables = {name: items(found) for name, found in rows.items()}
        self.calls: list[tuple[str, str, int]] = []
        self.stamps = 0
        self.is_atomic = is_atomic
        self._fails_at = fails_at

    async def known(self, table: str) -> Mapping[str, str]:
        return {identity: item.digest for identity, item in self.tables[table].items()}

    async def write(self, table: str, items: Sequence[Item]) -> None:
        self._call("write", table, len(items))
        self.tables[table].update((item.id, item) for item in items)

    async def remove(self, table: str, ids: Sequence[str]) -> None:
        self._call("remove", table, len(ids))
        for identity in ids:
            del self.tables[table][identity]

    async def stamp(self) -> None:
        self.stamps += 1

    def _call(self, *call: object) -> None:
        if len(self.calls) == self._fails_at:
            raise SyncError("the disk is full")
        self.calls.append(call)  # type: ignore[arg-type]


def items(rows: Mapping[str, int]) -> dict[str, Item]:
    return {identity: Item.of(identity, {"value": value}) for identity, value in rows.items()}


@given(ROWS, ROWS)
def test_a_place_holds_what_is_wanted_and_the_second_run_changes_nothing(there: Rows, wanted: Rows) -> None:
    place = Place(there)
    want = {name: items(rows) for name, rows in wanted.items()}
    asked = asyncio.run(synchronise(want, place, dry_run=True))
    assert place.calls == []
    result = asyncio.run(synchronise(want, place))
    assert place.tables == want
    assert [(t.added, t.changed, t.removed) for t in result.tables] == [
        (
            len(wanted[name].keys() - there[name].keys()),
            sum(there[name].get(key, value) != value for key, value in wanted[name].items()),
            len(there[name].keys() - wanted[name].keys()),
        )
        for name in wanted
    ]
    assert result.tables == asked.tables
    assert result.written + result.unchanged == sum(map(len, wanted.values()))
    assert place.stamps == bool(place.calls)
    before = list(place.calls)
    assert asyncio.run(synchronise(want, place)).written == 0
    assert place.calls == before


def test_nodes_are_written_before_edges_and_removed_after_them() -> None:
    place = Place({"n": {"a": 1}, "e": {"a": 1}})
    told: list[tuple[int, int]] = []
    want = {"n": items({"b": 1, "c": 1, "d": 1}), "e": items({"b": 1})}
    asyncio.run(synchronise(want, place, report=lambda done, total: told.append((done, total))))
    assert place.calls == [
        ("write", "n", 2),
        ("write", "n", 1),
        ("write", "e", 1),
        ("remove", "e", 1),
        ("remove", "n", 1),
    ]
    assert told == [(2, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_one_that_broke_off_says_how_far_it_came_and_the_next_run_goes_on() -> None:
    want = {"n": items({"a": 1, "b": 1, "c": 1}), "e": items({"a": 1})}
    place = Place({"n": {}, "e": {}}, fails_at=1)
    said = "the disk is full; 2 of 4 changes were made; the next run makes the others"
    with pytest.raises(SyncBroken, match=said) as caught:
        asyncio.run(synchronise(want, place))
    assert caught.value.details == {"done": 2, "total": 4}
    place._fails_at = -1
    assert asyncio.run(synchronise(want, place)).written == 2
    assert place.tables == want
    with pytest.raises(SyncBroken, match="the disk is full; nothing was changed"):
        asyncio.run(synchronise(want, Place({"n": {}, "e": {}}, fails_at=1, is_atomic=True)))
    with pytest.raises(SyncError, match=r"^the disk is full$"):
        asyncio.run(synchronise(want, Place({"n": {}, "e": {}}, fails_at=0)))


def test_a_result_shows_itself() -> None:
    place = Place({"n": {"a": 1, "z": 1}, "e": {}})
    result = asyncio.run(synchronise({"n": items({"a": 1, "b": 1}), "e": items({})}, place, dry_run=True))
    assert repr(result).splitlines()[1].split() == ["n", "1", "0", "1", "1"]
    assert "memory: would write 1 and remove 1, 1 unchanged, in " in repr(result)
    assert "<td style='text-align:left'>n</td><td>1</td><td>0</td><td>1</td><td>1</td>" in result._repr_html_()
    model = result.model()
    assert (model["written"], model["removed"], model["dry_run"], model["tables"][0]["table"]) == (1, 1, True, "n")
