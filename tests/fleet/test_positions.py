"""Where keys stand in a text, valid or not."""

import re
from unittest.mock import patch

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from workbench import Workbench
from workbench.config import sample_fleet
from workbench.fleet import positions
from workbench.fleet.model import SourceText, locate_sites
from workbench.fleet.positions import KeyPath, Positions, dotted

TEXT = '''# a comment
name = "x" # "y"
a.b = 3
"quoted key" = 'v'
[smart-crate]
 version = "a=b"
arr = [
  1, "two",
  { x = 3 },
]
text = """
fake = 1
[fake]
"""
[[req]]
k = 1
[[req]]
k = 2
[req.sub]
z = { p = { q = 1 }, r = [1, 2] }
'''


@pytest.mark.parametrize(
    ("path", "position"),
    [
        (("name",), (2, 1)),
        (("a", "b"), (3, 1)),
        (("quoted key",), (4, 1)),
        (("smart-crate",), (5, 1)),
        (("smart-crate", "version"), (6, 2)),
        (("smart-crate", "arr", 1), (8, 6)),
        (("smart-crate", "arr", 2, "x"), (9, 5)),
        (("req", 0, "k"), (16, 1)),
        (("req", 1, "k"), (18, 1)),
        (("req", 1, "sub", "z", "p", "q"), (20, 13)),
        (("req", 1, "sub", "z", "r", 1), (20, 30)),
    ],
)
def test_a_key_is_where_it_is_written(path: KeyPath, position: tuple[int, int]) -> None:
    assert Positions(TEXT).locate(path) == position


def test_what_stands_in_a_multi_line_string_is_no_key() -> None:
    assert ("fake",) not in Positions(TEXT)
    assert ("smart-crate", "fake") not in Positions(TEXT)


def test_an_unknown_key_is_at_its_nearest_table() -> None:
    assert Positions(TEXT).locate(("smart-crate", "absent", "deeper")) == (5, 1)
    assert Positions(TEXT).locate(("absent",)) == (1, 1)


def test_windows_line_ends() -> None:
    assert Positions('[a]\r\nb = 1\r\n\r\nc = "2"\r\n').locate(("a", "c")) == (4, 1)


PLAIN = (
    "[{}]", "[[{}]]", "[{}.b] # c", "[ {} ]", "[{}", "[[{}] ]", "[.{}..a.]", "{} = 1", '{} = "x"', "{} = [1, -2.5e3]", "{} = []",
    "{} = [\"x\", 'y', true,]", '{} = ["", "a#b", """c"""]', "{} = [1 2]", "{} = [[1], 2] # c", "{} = [1]]", "{} = ['']\r", "{}.b = [07:32:00]",
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PLAIN), st.sampled_from(["a", "b", "c-d"])), max_size=8), st.booleans())
def test_lines_that_are_recognised_whole_mean_what_they_mean_in_parts(
    lines: list[tuple[str, str]], is_ended: bool
) -> None:
    text = "\n".join(line.format(name) for line, name in lines) + "\n" * is_ended
    whole = Positions(text)._offsets
    never = re.compile("(?!)")
    with patch.multiple(positions, _PLAIN_LINE=never, _PLAIN_HEADER=never, _PLAIN_ARRAY=never):
        assert Positions(text)._offsets == whole


@given(st.text(alphabet="a='\"[]{}\n\r.# \\,1é\ufeff", max_size=60))
def test_any_text_is_scanned_and_every_position_is_in_it(text: str) -> None:
    positions = Positions(text)
    lines = text.split("\n")
    for path, offset in positions._offsets.items():
        line, column = positions.locate(path)
        assert positions.at(offset) == (line, column)
        assert 1 <= line <= len(lines)
        assert 1 <= column <= len(lines[line - 1]) + 1


_KEYS = st.text(alphabet="abc_-", min_size=1, max_size=4)
_VALUES = st.recursive(
    st.integers(0, 9) | st.text(alphabet="x=[]#,", max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    max_leaves=6,
)


def _toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def _paths(value: object, path: KeyPath = ()) -> set[KeyPath]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {p for key, inner in pairs for p in ({(*path, key)} | _paths(inner, (*path, key)))}


@given(st.dictionaries(_KEYS, st.dictionaries(_KEYS, _VALUES, max_size=4), max_size=4))
def test_exactly_the_keys_of_the_parser_are_found(document: dict[str, dict[str, object]]) -> None:
    text = "".join(
        f"[{table}]\n" + "".join(f"{key} = {_toml(value)}\n" for key, value in content.items())
        for table, content in document.items()
    )
    assert tomli.loads(text) == document
    assert set(Positions(text)._offsets) == _paths(document)


def test_key_paths_as_text() -> None:
    assert dotted(("service", "ports", 1)) == "service.ports[1]"
    assert dotted(()) == ""


def test_places_found_together_are_those_found_one_by_one() -> None:
    findings = Workbench.scan(sample_fleet()).snapshot.findings
    expected = {str(site) for item in findings for site in item.sites}
    fresh = [
        site._replace(source=SourceText(site.source.path, site.source.text)) for item in findings for site in item.sites
    ]
    locate_sites(fresh)
    assert {str(site) for site in fresh} == expected
