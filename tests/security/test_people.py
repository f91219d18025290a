"""Who may sign in: only hashes are kept, and a damaged file lets nobody in."""

import json
from pathlib import Path

import pytest

from workbench.errors import ConfigurationError, NotFound
from workbench.security.people import People

PASSWORD = "correct horse battery"


@pytest.fixture
def people(tmp_path: Path) -> People:
    people = People(tmp_path / "users.json")
    people.set("ada", PASSWORD)
    return people


def test_a_person_comes_changes_and_goes(people: People) -> None:
    people.set("bob@example.org", PASSWORD)
    assert people.accepts("ada", PASSWORD)
    assert not people.accepts("ada", PASSWORD + "!")
    assert not people.accepts("eve", PASSWORD)
    people.set("ada", "another long one")
    assert (people.accepts("ada", PASSWORD), people.accepts("ada", "another long one")) == (False, True)
    people.remove("ada")
    assert (people.has("ada"), people.has("bob@example.org")) == (False, True)
    with pytest.raises(NotFound):
        people.remove("ada")


def test_only_salted_hashes_are_kept(people: People) -> None:
    people.set("bob", PASSWORD)
    text = people.path.read_text()
    kept = json.loads(text)
    assert PASSWORD not in text
    assert kept["ada"] != kept["bob"]
    assert people.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["", "a b", "a\n", "x" * 65, "<b>"])
def test_names_are_plain(people: People, name: str) -> None:
    with pytest.raises(ConfigurationError, match="a person is named by"):
        people.set(name, PASSWORD)


def test_short_passwords_are_refused(people: People) -> None:
    with pytest.raises(ConfigurationError, match="at least 10 characters"):
        people.set("bob", "short")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", ":1:2: "),
        ("[]", ": expected an object"),
        ('{"ada": "in the clear"}', ': "ada" has no hashed password'),
        ('{"ada": 1}', ': "ada" has no hashed password'),
        ('{"ada": "scrypt:zz:zz"}', ': "ada" has no hashed password'),
    ],
)
def test_a_damaged_file_lets_nobody_in(people: People, text: str, said: str) -> None:
    people.path.write_text(text)
    assert not people.has("ada")
    with pytest.raises(ConfigurationError) as caught:
        people.accepts("ada", PASSWORD)
    assert caught.value.message.startswith(f"{people.path}{said}")
    assert "in the clear" not in caught.value.message


def test_no_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="workbench users set NAME"):
        People(tmp_path / "none.json").read()
