"""What is believed of a URL's query."""

from dataclasses import dataclass

import pytest

from workbench.dashboards.address import Address


@dataclass
class Bar:
    """The address bar of a browser."""

    search: str = ""


def test_values_are_read_back_as_they_were_written() -> None:
    bar = Bar()
    Address(bar).write(q="a b&c=d/é", port=18000, findings=True, kind="", severity=None, other=False)
    address = Address(bar)
    assert dict(address.query) == {"q": "a b&c=d/é", "port": "18000", "findings": "1"}


@pytest.mark.parametrize("value", ["0", "65536", "-1", "1e3", "²", "18000x", "", "9" * 300])
def test_what_is_no_number_within_bounds_is_the_default(value: str) -> None:
    assert Address(Bar(f"?port={value}")).number("port", 1, 65535) is None


def test_only_choices_are_chosen() -> None:
    address = Address(Bar("?class=nope&edges=OWNS,DROP,REFERENCES&nodes=none"))
    assert address.choice("class", ["data"], "all") == "all"
    assert address.choices("edges", ["REFERENCES", "OWNS"], []) == ["REFERENCES", "OWNS"]
    assert address.choices("nodes", ["crate"], ["crate"]) == []
    assert address.choices("absent", ["crate"], ["crate"]) == ["crate"]


def test_long_values_are_cut_and_control_characters_dropped() -> None:
    assert len(Address(Bar(f"?q={'x' * 10_000}")).text("q")) == 200
    assert Address(Bar("?q=%00%1b")).text("q") == ""


def test_without_a_browser_nothing_is_read_or_written() -> None:
    address = Address()
    address.write(q="x")
    assert address.text("q") == "x"
