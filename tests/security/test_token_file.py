"""Named tokens: created once, revoked once, known to a running server at once, and never kept in the clear."""

import json
import logging
import threading
from pathlib import Path

import pytest

from workbench.errors import ConfigurationError, Conflict, NotFound
from workbench.security.scopes import SCOPES
from workbench.security.token_file import TokenFile
from workbench.security.tokens import Tokens, open_tokens


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def test_a_token_is_taken_up_and_given_up_by_a_running_server(tmp_path: Path) -> None:
    running = open_tokens(tmp_path, {}).tokens
    secret = TokenFile(tmp_path).create("ci", ["ports:write"])
    found = running.find(secret)
    assert found is not None
    assert (found.name, found.scopes) == ("ci", {"ports:write"})
    TokenFile(tmp_path).revoke("ci")
    assert running.find(secret) is None
    again = TokenFile(tmp_path).create("ci", ["admin"])
    found = running.find(again)
    assert found is not None
    assert found.scopes == set(SCOPES)
    assert running.find(secret) is None


def test_the_secret_is_long_random_and_kept_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        secrets = {TokenFile(tmp_path).create(f"t{n}", ["read"]) for n in range(20)}
    assert len(secrets) == 20
    text = (tmp_path / "tokens.jsonl").read_text()
    for secret in secrets:
        assert secret.startswith("wb_")
        assert len(secret) >= 46
        assert secret not in text + caplog.text
    assert (tmp_path / "tokens.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_token_ends_by_itself(tmp_path: Path) -> None:
    clock = Clock()
    file = TokenFile(tmp_path, clock)
    secret = file.create("night", ["read"], seconds=60)
    tokens = Tokens((), file.current, clock)
    clock.now += 59
    assert tokens.find(secret) is not None
    clock.now += 1
    assert tokens.find(secret) is None
    assert [item.state(clock()) for item in file.read()] == ["expired"]
    file.create("night", ["read"])  # the name is free again


def test_names_are_used_once_and_known(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    file.create("ci", ["read"])
    with pytest.raises(Conflict, match='named "ci" already'):
        file.create("ci", ["read"])
    with pytest.raises(NotFound, match='no token is named "cd"'):
        file.revoke("cd")
    file.revoke("ci")
    with pytest.raises(NotFound):
        file.revoke("ci")
    for name in ("", "two words", "a\nb", "-x", "x" * 65, "é"):
        with pytest.raises(ConfigurationError, match="a token is named by"):
            file.create(name, ["read"])
    assert len(file.path.read_text().splitlines()) == 2


DAMAGES = {
    "{": "is no JSON object of a token",
    "[]": "is no JSON object of a token",
    '{"event": "lost"}': "is no JSON object of a token",
    '{"event": "created", "name": "x", "at": 1, "by": "me", "sha256": "5ecret", "scopes": ["read"]}': "sha256: ",
    '{"event": "created", "name": "x", "at": 1, "by": "me", "sha256": "%s", "scopes": ["root"]}'
    % ("0" * 64): "scopes.0: ",
    '{"event": "revoked", "name": "x", "at": 1, "by": "me", "more": 5}': "more: ",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_its_line_and_opens_nothing(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    file = TokenFile(tmp_path)
    secret = file.create("ci", ["admin"])
    running = open_tokens(tmp_path, {}).tokens
    assert running.find(secret) is not None
    sound = file.path.read_text()
    file.path.write_text(f"{sound}{damage}\n")
    with pytest.raises(ConfigurationError) as caught:
        open_tokens(tmp_path, {})
    assert caught.value.message.startswith(f"{file.path}:2: {DAMAGES[damage]}")
    assert "5ecret" not in caught.value.message
    assert running.find(secret) is None
    assert running.find(secret) is None
    assert caplog.text.count("no named token is accepted") == 1
    assert running.find((tmp_path / "token").read_text().strip()) is not None  # the operator's own stands elsewhere
    with pytest.raises(ConfigurationError):
        file.create("other", ["read"])
    file.path.write_text(sound)
    assert running.find(secret) is not None


def test_many_who_create_at_once_lose_nothing(tmp_path: Path) -> None:
    secrets: list[str] = []
    refused: list[Conflict] = []

    def create(name: str) -> None:
        try:
            secrets.append(TokenFile(tmp_path).create(name, ["read"]))
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=create, args=(f"t{n % 8}",)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tokens = Tokens((), TokenFile(tmp_path).current)
    assert (len(secrets), len(refused)) == (8, 8)
    assert sorted(token.name for secret in secrets if (token := tokens.find(secret))) == [f"t{n}" for n in range(8)]
    for line in (tmp_path / "tokens.jsonl").read_text().splitlines():
        assert json.loads(line)["event"] == "created"


def test_a_file_that_was_taken_away_ends_its_tokens(tmp_path: Path) -> None:
    file = TokenFile(tmp_path)
    secret = file.create("ci", ["read"])
    tokens = Tokens((), TokenFile(tmp_path).current)
    assert tokens.find(secret) is not None
    file.path.unlink()
    assert tokens.find(secret) is None
