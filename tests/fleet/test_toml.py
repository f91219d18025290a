"""The fast parser never says anything that the right one does not."""

import math

import tomli
from hypothesis import example, given, settings
from hypothesis import strategies as st

from workbench.fleet.toml import parse_toml

_PIECES = (
    "a", "b", '"x"', "'y'", "=", " = ", "\n", "\r\n", "\r", "[", "[[", "]", "]]", "{", "}", ",", ".", "1", "-1", "+1", "0x1F",
    "0o7", "0b1", "1_0", "1__0", "01", "1.5", "1e3", ".5", "5.", "inf", "-nan", "true", "True", '"""', "'''", "\\",
    "\\u00e9", "\\x41", "\\e", "\t", "#", "\x00", "\x01", "é", "1979-05-27", "T07:32:00", "Z", "07:32:00", " ", "07:32",
    "1979-05-27T07:32:00.999999999", "+01:00", "\ufeff", "9223372036854775807", "9223372036854775808", "a.b", "a = 1\n",
    "[t]\n", "[[t]]\n", "t = {a = 1}\n", "x = [1,\n2]\n", "\x7f", "\u2028", "-0", "-0.0", "1979-13-01", "k = ",
)  # fmt: skip


def same(one: object, other: object) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return repr(one) == repr(other)


@settings(max_examples=800, deadline=None)
@given(st.lists(st.sampled_from(_PIECES), max_size=9).map("".join))
@example("k = 1979-05-27T07:32:00.999999999Z")
@example("\ufeff")
def test_both_parsers_agree(text: str) -> None:
    try:
        expected = tomli.loads(text)
    except ValueError:
        try:
            found = parse_toml(text)
        except ValueError:
            return
        raise AssertionError(f"accepted {text!r} as {found}") from None
    assert same(parse_toml(text), expected)
