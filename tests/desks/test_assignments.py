"""Assignments without I/O: who gets which port, for how long, and what the journal says of it."""

from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet.conftest import snapshot_of
from workbench.desks.assignments import Assignment, AssignmentRequest, Assignments, Entry, assignment_model
from workbench.errors import (
    BlockFull,
    Conflict,
    IdempotencyConflict,
    InvalidRequest,
    NotAssigned,
    PortTaken,
    UnknownBlock,
)
from workbench.fleet.plan import Block, PortPlan
from workbench.fleet.snapshot import Snapshot

FLEET = snapshot_of(vault="[ports]\nhttp_api = 18010\ngrpc = 18012\nui = 15180", portal="[ports]\nui = 15181", lib="")
NOW = 1_800_000_000.0
CORE = "Foundation and core"


def book() -> Assignments:
    numbers = count(1)
    return Assignments(new_id=lambda: f"a{next(numbers)}")


def test_the_next_free_port_of_the_crates_own_block() -> None:
    state = book()
    made, entry = state.assign(AssignmentRequest("vault", "metrics"), FLEET, NOW + 0.00049, actor="operator")
    assert made == Assignment(
        id="a1",
        crate_name="vault",
        label="metrics",
        port=18000,
        sister_port=50768,
        block=CORE,
        assigned_at=NOW,
        actor="operator",
        request='{"crate_name":"vault","label":"metrics","block":null,"preferred":null,"lease_seconds":null}',
    )
    assert entry == Entry("made", NOW, "operator", made)
    assert [state.assign(AssignmentRequest("vault"), FLEET, NOW)[0].port for _ in range(12)] == [
        *range(18001, 18010),
        18011,
        18013,
        18014,
    ]
    assert state.assign(AssignmentRequest("portal"), FLEET, NOW)[0].port == 15182


def test_a_named_block_in_any_case_and_without_what_inner_blocks_refine() -> None:
    state = book()
    request = AssignmentRequest("new", block="neural mux and AI")
    expected = [port for port in (*range(18100, 18120), *range(18180, 18200)) if port not in (18103, 18108, 18111)]
    assert [state.assign(request, FLEET, NOW)[0].port for _ in expected] == expected
    with pytest.raises(BlockFull):
        state.assign(request, FLEET, NOW)


@pytest.mark.parametrize("name", ["stranger", "lib"])
def test_without_ports_a_block_must_be_named(name: str) -> None:
    with pytest.raises(InvalidRequest, match="owns no port in any block") as caught:
        book().assign(AssignmentRequest(name), FLEET, NOW)
    assert caught.value.details["parameter"] == "block"


def test_an_unknown_block_names_those_that_there_are() -> None:
    with pytest.raises(UnknownBlock) as caught:
        book().assign(AssignmentRequest("vault", block="Attic"), FLEET, NOW)
    assert CORE in caught.value.details["blocks"]


def test_a_full_block() -> None:
    plan = PortPlan(blocks=(Block("Two", 20000, 20001),))
    state = book()
    fleet = Snapshot(plan)
    assert [state.assign(AssignmentRequest("x", block="Two"), fleet, NOW)[0].port for _ in range(2)] == [20000, 20001]
    with pytest.raises(BlockFull) as caught:
        state.assign(AssignmentRequest("x", block="Two"), fleet, NOW)
    assert caught.value.details == {"block": "Two", "first": 20000, "last": 20001}


def test_a_preferred_port_or_the_reason_why_not() -> None:
    state = book()
    made, _ = state.assign(AssignmentRequest("new", preferred=18050), FLEET, NOW)
    assert (made.port, made.block) == (18050, CORE)
    outside, _ = state.assign(AssignmentRequest("new", preferred=40000), FLEET, NOW)
    assert (outside.port, outside.sister_port, outside.block) == (40000, None, None)
    for port, reason in [
        (18010, '18010 is claimed by vault ("http_api", owner)'),
        (18050, "18050 is assigned to new"),
        (50818, "50818 is the sister of 18050, which is assigned"),
        (18103, "18103 is reserved for port-manager"),
    ]:
        with pytest.raises(PortTaken) as caught:
            state.assign(AssignmentRequest("other", preferred=port), FLEET, NOW)
        assert (caught.value.message, caught.value.details) == (reason, {"port": port})
    with pytest.raises(InvalidRequest, match="lies outside block"):
        state.assign(AssignmentRequest("new", block=CORE, preferred=15190), FLEET, NOW)


def test_a_key_answers_the_same_again_and_refuses_another_request() -> None:
    state = book()
    made, _ = state.assign(AssignmentRequest("vault"), FLEET, NOW, "k", "ann")
    assert state.assign(AssignmentRequest("vault"), FLEET, NOW + 9, "k", "ann") == (made, None)
    assert state.assign(AssignmentRequest("vault"), FLEET, NOW, "k", "bob")[0].port != made.port
    with pytest.raises(IdempotencyConflict):
        state.assign(AssignmentRequest("vault", "other"), FLEET, NOW, "k", "ann")
    released, _ = state.release(made.port, NOW + 10)
    assert state.assign(AssignmentRequest("vault"), FLEET, NOW + 11, "k", "ann") == (released, None)
    assert made.port not in [item.port for item in state.active]


def test_a_release_is_repeated_under_its_key() -> None:
    state = book()
    made, _ = state.assign(AssignmentRequest("vault"), FLEET, NOW, "k", "ann")
    ended, entry = state.release(made.port, NOW + 1, "ann", key="r")
    again, _ = state.assign(AssignmentRequest("portal", preferred=made.port), FLEET, NOW + 2, None, "bob")
    assert entry is not None
    assert again.port == made.port
    assert state.release(made.port, NOW + 3, "ann", key="r") == (ended, None)
    assert state.active == [again]
    for key, port, expected in (("r", made.port + 1, None), ("r", made.port, "a9"), ("k", made.port, None)):
        with pytest.raises(IdempotencyConflict):
            state.release(port, NOW + 4, "ann", expected, key)
    with pytest.raises(IdempotencyConflict):
        state.assign(AssignmentRequest("vault"), FLEET, NOW + 4, "r", "ann")
    other, _ = state.release(made.port, NOW + 5, "bob", key="r")
    assert other.id == again.id


def test_release_gives_the_port_back() -> None:
    state = book()
    made, _ = state.assign(AssignmentRequest("vault"), FLEET, NOW)
    with pytest.raises(Conflict, match="under another id"):
        state.release(made.port, NOW, expected="a9")
    _, entry = state.release(made.port, NOW + 1, "ann", expected="a1")
    assert entry is not None
    assert (entry.action, entry.at, entry.actor, entry.assignment.released_at) == ("released", NOW + 1, "ann", NOW + 1)
    assert (state.active, state.history) == ([], [entry.assignment])
    with pytest.raises(NotAssigned):
        state.release(made.port, NOW)
    assert state.assign(AssignmentRequest("vault"), FLEET, NOW + 2)[0].port == made.port


def test_leases_end() -> None:
    state = book()
    first, _ = state.assign(AssignmentRequest("vault", lease_seconds=60), FLEET, NOW)
    second, _ = state.assign(AssignmentRequest("vault", lease_seconds=30), FLEET, NOW)
    state.assign(AssignmentRequest("vault"), FLEET, NOW)
    assert state.next_expiry == NOW + 30
    assert state.expire(NOW + 29.999) == []
    assert state.expire(NOW + 30) == [Entry("expired", NOW + 30, "", second)]
    assert state.next_expiry == NOW + 60
    assert [entry.assignment for entry in state.expire(NOW + 1000)] == [first]
    assert state.next_expiry is None


def test_who_holds_a_port() -> None:
    state = book()
    made, _ = state.assign(AssignmentRequest("x", preferred=18120), FLEET, NOW)
    for port in (18120, 18121, 18122, 50888):
        assert state.at(port, FLEET.plan) == [made]
    assert state.at(18123, FLEET.plan) == []


def test_ended_assignments_are_forgotten_at_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.desks.assignments.KEPT_ENDED", 3)
    state = book()
    for n in range(5):
        made, _ = state.assign(AssignmentRequest("vault"), FLEET, NOW + n, f"k{n}")
        state.release(made.port, NOW + n)
    assert [item.id for item in state.history] == ["a5", "a4", "a3"]
    assert state.assign(AssignmentRequest("vault", "other"), FLEET, NOW, "k0")[1] is not None


def test_the_model() -> None:
    made, _ = book().assign(AssignmentRequest("vault", lease_seconds=1.5), FLEET, 0.25, actor="operator")
    assert assignment_model(made, durable=True) == {
        "id": "a1",
        "crate_name": "vault",
        "label": "http",
        "port": 18000,
        "sister_port": 50768,
        "block": CORE,
        "assigned_at": "1970-01-01T00:00:00.250Z",
        "expires_at": "1970-01-01T00:00:01.750Z",
        "released_at": None,
        "actor": "operator",
        "durable": True,
    }


steps = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.sampled_from(["vault", "portal"]), st.sampled_from([None, 5.0, 9.0])),
        st.tuples(st.just("release"), st.integers(0, 9), st.none()),
        st.tuples(st.just("expire"), st.none(), st.none()),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(steps)
def test_the_journal_folds_to_the_same_state_and_no_port_is_held_twice(
    actions: list[tuple[str, object, float | None]],
) -> None:
    state = book()
    journal: list[Entry] = []
    for moment, (verb, subject, lease) in enumerate(actions):
        before = state.copy()
        version = state.version
        if verb == "assign":
            request = AssignmentRequest(str(subject), lease_seconds=lease)
            try:
                _, entry = state.assign(request, FLEET, NOW + moment, f"k{moment}")
            except BlockFull:
                continue
            journal += [entry] if entry else []
        elif verb == "release" and state.active:
            held = state.active[int(str(subject)) % len(state.active)]
            _, ended = state.release(held.port, NOW + moment, key=f"r{moment}" if moment % 2 else None)
            journal += [ended] if ended else []
        else:
            journal += state.expire(NOW + moment)
        assert before.version == version
        held_ports = [port for item in state.active for port in (item.port, item.sister_port)]
        assert len(held_ports) == len(set(held_ports))
    again = Assignments(journal)
    assert (again.active, again.history, again.version) == (state.active, state.history, state.version)
    assert again._by_key == state._by_key
