"""Tokens: made once, kept for their owner only, known by their digest."""

import logging
from pathlib import Path

import pytest

from workbench.errors import ConfigurationError
from workbench.security.scopes import SCOPES
from workbench.security.tokens import Token, Tokens, known_token, open_tokens, secret_of


def test_a_token_is_made_once_and_kept_for_its_owner_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "state"
    assert known_token(folder, {}) is None
    with caplog.at_level(logging.DEBUG):
        first = open_tokens(folder, {})
        again = open_tokens(folder, {})
    assert first.created is not None
    assert len(first.created) >= 43
    assert (again.created, again.where) == (None, str(folder / "token"))
    assert (folder / "token").stat().st_mode & 0o777 == 0o600
    assert (folder / "token").read_text() == f"{first.created}\n"
    for opened in (first, again):
        found = opened.tokens.find(first.created)
        assert found is not None
        assert (found.name, found.scopes) == ("operator", set(SCOPES))
        assert first.created not in repr(vars(opened.tokens))
    assert first.created not in caplog.text


def test_the_environment_comes_first(tmp_path: Path) -> None:
    opened = open_tokens(tmp_path, {"WORKBENCH_TOKEN": "from-outside"})
    found = opened.tokens.find("from-outside")
    assert found is not None
    assert (found.name, opened.where, opened.created) == ("environment", "WORKBENCH_TOKEN", None)
    assert list(tmp_path.iterdir()) == []
    assert secret_of(tmp_path, {"WORKBENCH_TOKEN": "from-outside"}) == "from-outside"


@pytest.mark.parametrize("presented", ["", "b", "aa", "A", "a ", "\ud800", "ä"])
def test_only_the_very_token_is_found(presented: str) -> None:
    assert Tokens([Token.of("x", "a")]).find(presented) is None
    assert Tokens().find(presented) is None


def test_each_of_several_is_found() -> None:
    tokens = Tokens([Token.of(name, f"secret-{name}") for name in "abc"])
    assert [token.name for name in "abc" if (token := tokens.find(f"secret-{name}"))] == ["a", "b", "c"]


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "token").write_text("open-to-all\n")
    (tmp_path / "token").chmod(0o644)
    assert secret_of(tmp_path, {}) == "open-to-all"
    assert (tmp_path / "token").stat().st_mode & 0o777 == 0o600
    assert "could be read by others" in caplog.text


@pytest.mark.parametrize("content", [b"", b"\n", b"two words", b"\xff", "dürr".encode()])
def test_an_unsound_file_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(ConfigurationError, match="token"):
        open_tokens(tmp_path, {})


def test_a_folder_that_cannot_be_written_leaves_no_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("in the way")
    with pytest.raises(ConfigurationError):
        open_tokens(tmp_path / "state", {})
    opened = open_tokens(Path("/proc/nowhere"), {})
    assert (len(opened.tokens), opened.created) == (0, None)
    assert "nothing can be changed over the API" in caplog.text
