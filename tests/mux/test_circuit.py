"""When to ask again."""

from hypothesis import given
from hypothesis import strategies as st

from workbench.mux.circuit import FAILURES_TO_OPEN, Circuit


def test_it_opens_tries_once_and_closes() -> None:
    circuit = Circuit(5.0)
    for _ in range(FAILURES_TO_OPEN):
        assert circuit.state == "closed"
        circuit.begin()
        circuit.fail()
    assert circuit.state == "open"
    circuit.begin()
    assert circuit.state == "half-open"
    circuit.fail()
    assert circuit.state == "open"
    circuit.begin()
    circuit.succeed()
    assert (circuit.state, circuit.pause()) == ("closed", 5.0)


@given(
    st.floats(0.1, 100), st.floats(1, 600), st.integers(1, 5000), st.floats(0, 1)
)  # fmt: skip
def test_pauses_are_jittered_and_bounded(interval: float, longest: float, failures: int, drawn: float) -> None:
    circuit = Circuit(interval, longest, lambda: drawn, failures)
    pause = circuit.pause()
    assert 0 < pause <= max(interval, longest)
    assert Circuit(interval, longest, lambda: 0.0, failures).pause() * 2 >= pause


def test_pauses_grow_while_it_lasts() -> None:
    pauses = [Circuit(1.0, 60.0, lambda: 1.0, failures).pause() for failures in range(1, 12)]
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]
