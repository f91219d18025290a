"""The large mapping beside a plain dict."""

import pickle

from hypothesis import given
from hypothesis import strategies as st

from workbench.fleet.shards import Shards

ITEMS = st.dictionaries(st.text(max_size=3), st.integers())
CHANGES = st.dictionaries(st.text(max_size=3), st.none() | st.integers())


@given(ITEMS, CHANGES)
def test_it_holds_what_a_dict_holds(items: dict[str, int], changes: dict[str, int | None]) -> None:
    shards = Shards(items).changed(changes)
    expected = {key: value for key, value in {**items, **changes}.items() if value is not None}
    for kept in (shards, pickle.loads(pickle.dumps(shards))):
        assert dict(kept) == dict(kept.items()) == expected
        assert len(kept) == len(kept.items()) == len(kept.values()) == len(expected)
        assert list(zip(kept, kept.values(), strict=True)) == list(kept.items())
        assert all(pair in kept.items() for pair in expected.items())
