"""What the quick look calls sound, the schema accepts; and ordinary manifests are found sound."""

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workbench.config import sample_fleet
from workbench.fleet.layout import DOCUMENT, KNOWN_TABLES, known_keys
from workbench.fleet.schema import ManifestDocument
from workbench.fleet.soundness import is_sound
from workbench.fleet.toml import parse_toml

_VALUES = st.recursive(
    st.sampled_from(["", " ", "a", "8002", "70000", 0, 1, 18600, 65536, -1, 10**20, 1.5, float("nan"), True, False]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["port", "x", "y"]), inner, max_size=3),
    max_leaves=4,
)
_TABLES = st.one_of(
    *(
        st.tuples(st.just(table), st.dictionaries(st.sampled_from(sorted(known_keys(table))), _VALUES, max_size=4))
        for table in KNOWN_TABLES
        if "." not in table
    )
).map(lambda pair: {pair[0]: pair[1]})
_FIELDS = sorted(DOCUMENT.keys)
_DOCUMENTS = _TABLES | st.dictionaries(st.sampled_from(_FIELDS), _VALUES, max_size=4)


def is_accepted(document: dict[str, Any]) -> bool:
    try:
        ManifestDocument.model_validate(document)
    except ValidationError:
        return False
    return True


@settings(max_examples=600, deadline=None)
@given(_DOCUMENTS)
@example({"ports": {"a": {"port": 70000}}})
@example({"ports": {"a": {"x": 1}}})
@example({"qa": {"metrics": {"complexity_threshold": "high"}}})
@example({"service": {"ports": ["8002", "x"]}})
def test_the_quick_look_says_what_the_schema_says(document: dict[str, Any]) -> None:
    """Not only never more: what the schema accepts is seen to be sound too, or the look would be for nothing."""
    assert is_sound(document) == is_accepted(document)


def test_the_manifests_of_the_sample_fleet_are_judged_alike() -> None:
    documents = []
    for path in sample_fleet().rglob("*.toml"):
        try:
            documents.append(parse_toml(path.read_text(encoding="utf-8")))
        except ValueError:
            continue
    judged = [is_sound(document) for document in documents]
    assert judged == [is_accepted(document) for document in documents]
    assert True in judged
    assert False in judged
