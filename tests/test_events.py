"""The log keeps each event as one run of bytes, and tells from them what it was."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from workbench.events import Draft, Event

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(data=st.dictionaries(st.text(), _JSON, max_size=4), kind=st.text(), seq=st.integers(0, 2**53))
def test_an_event_tells_what_was_put_in(data: dict[str, object], kind: str, seq: int) -> None:
    event = Event.of(Draft(kind, "crates", data), seq, 7, 1_700_000_000.25)
    assert event.data == data
    told = orjson.loads(event.frame)
    assert list(told) == ["type", "seq", "revision", "ts", "topic", "data"]
    assert (told["type"], told["seq"], told["revision"], told["topic"]) == (kind, seq, 7, "crates")
    assert Event.kept(seq, 7, event.ts, kind, "crates", orjson.dumps(data)) == event


def test_what_is_read_from_an_event_may_be_changed() -> None:
    event = Event.of(Draft("crate.changed", "crates", {"name": "vault"}), 1, 1, 0.0)
    event.data["name"] = "another"
    assert event.data == {"name": "vault"}
