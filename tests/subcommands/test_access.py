"""`workbench tokens` and `workbench users`, and what `serve` refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from workbench.cli import main
from workbench.security.people import People
from workbench.security.token_file import TokenFile
from workbench.security.tokens import Tokens


def run(*arguments: object, given: str | None = None) -> Result:
    return CliRunner().invoke(main, [str(item) for item in arguments], input=given)


def test_a_token_is_created_listed_and_revoked(tmp_path: Path) -> None:
    state = ("--state", tmp_path)
    made = run("tokens", "create", "ci", "--scope", "ports:write", "--scope", "read", "--expires", "30d", *state)
    assert (made.exit_code, made.stderr) == (0, "This is shown once; it is kept nowhere:\n")
    secret = made.stdout.strip()
    found = Tokens((), TokenFile(tmp_path).current).find(secret)
    assert found is not None
    assert (found.name, found.scopes) == ("ci", {"ports:write", "read"})

    (listed,) = json.loads(run("tokens", "list", "--format", "json", *state).stdout)
    assert (listed["name"], listed["state"], listed["scopes"]) == ("ci", "active", ["ports:write", "read"])
    assert listed["expires_at"] > listed["created_at"]
    text = run("tokens", "list", *state).stdout
    assert text.startswith("ci                   active   ports:write,read ")
    assert secret not in text + json.dumps(listed)

    assert run("tokens", "revoke", "ci", *state).stdout == "revoked: ci\n"
    assert run("tokens", "list", *state).stdout == ""
    assert "revoked" in run("tokens", "list", "--all", *state).stdout
    assert run("tokens", "revoke", "ci", *state).exit_code == 2


@pytest.mark.parametrize("expires", ["30", "0d", "-1d", "1y", "1.5h", "d"])
def test_a_duration_is_a_number_and_a_unit(tmp_path: Path, expires: str) -> None:
    answer = run("tokens", "create", "x", "--scope", "read", f"--expires={expires}", "--state", tmp_path)
    assert (answer.exit_code, list(tmp_path.iterdir())) == (2, [])
    assert "is no duration such as 12h, 30d or 8w" in answer.stderr


def test_a_scope_must_be_named_and_known(tmp_path: Path) -> None:
    assert run("tokens", "create", "x", "--state", tmp_path).exit_code == 2
    assert run("tokens", "create", "x", "--scope", "root", "--state", tmp_path).exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "tokens.jsonl").write_text("nonsense\n")
    for command in (["list"], ["create", "x", "--scope", "read"], ["revoke", "x"]):
        answer = run("tokens", *command, "--state", tmp_path)
        expected = f"workbench: {tmp_path}/tokens.jsonl:1: is no JSON object of a token; mend or remove the line\n"
        assert (answer.exit_code, answer.stderr) == (2, expected)
    answer = run("serve", "--demo", "--state", tmp_path)
    assert answer.exit_code == 2
    assert "tokens.jsonl:1:" in answer.stderr


def test_people_are_added_listed_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "users.json"
    answer = run("users", "set", "ada", "--file", file, given="a long password\na long password\n")
    assert answer.exit_code == 0
    assert "a long password" not in answer.output + file.read_text()
    assert People(file).accepts("ada", "a long password")
    assert run("users", "list", "--file", file).stdout == "ada\n"
    assert run("users", "remove", "ada", "--file", file).exit_code == 0
    assert run("users", "list", "--file", file).stdout == ""
    assert run("users", "remove", "ada", "--file", file).exit_code == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "say --unsafe-no-auth"),
        (["--basic-auth", "no-such-users.json"], "no-such-users.json: no such file"),
        (["--basic-auth", "x.json", "--oauth-provider", "github"], "not both"),
    ],
)
def test_serve_says_what_to_do(tmp_path: Path, options: list[str], said: str) -> None:
    answer = run("serve", "--demo", "--state", tmp_path, *options)
    assert answer.exit_code == 2
    assert said in answer.stderr


def test_a_users_file_of_the_settings_stands_beside_them(tmp_path: Path) -> None:
    (tmp_path / "workbench.toml").write_text('[login]\nusers = "people.json"\n')
    answer = run("serve", "--demo", "--config", tmp_path / "workbench.toml", "--state", tmp_path / "state")
    assert answer.exit_code == 2
    assert f"{tmp_path}/people.json: no such file" in answer.stderr
