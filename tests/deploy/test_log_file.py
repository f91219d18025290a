"""Logs: limited, whole lines, nothing secret."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.deploy.log_file import MASK, LogFile, Masker, read_log

SECRET = "hunter2-hunter2"


@pytest.mark.parametrize(("line", "shown"), [
    (f"using {SECRET}!", f"using {MASK}!"),
    ("Authorization: Bearer abc.def-123", f"Authorization: Bearer {MASK}"),
    ("API_TOKEN=abc other=1", f"API_TOKEN={MASK} other=1"),
    ('{"password": "a b c"}', f'{{"password": {MASK}}}'),
    ("db-secret: xyz", f"db-secret: {MASK}"),
    ("postgres://joe:geheim@host/db", f"postgres://joe:{MASK}@host/db"),
    ("started atlas 1.0.0 on 18500", "started atlas 1.0.0 on 18500"),
])  # fmt: skip
def test_secrets_are_masked(line: str, shown: str) -> None:
    assert Masker.of({"DB_PASSWORD": SECRET, "SHELL": "/bin/sh"})(line) == shown


@pytest.mark.parametrize(
    "name", ["GITHUB_TOKEN", "api_key", "MY_SECRET", "PGPASSWORD", "AWS_ACCESS_KEY_ID", "SSH_AUTH", "KEY"]
)
def test_names_that_look_secret(name: str) -> None:
    assert Masker.of({name: SECRET})(f"x{SECRET}y") == f"x{MASK}y"


@given(st.lists(st.integers(1, 9), max_size=20), st.booleans())
def test_a_secret_is_masked_however_the_output_is_cut(cuts: list[int], ends: bool) -> None:
    import tempfile

    printed = f"one {SECRET} two\nthree {SECRET}".encode() + (b"\n" if ends else b"")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.log"
        with LogFile(path, 10_000, Masker([SECRET])) as log:
            rest = printed
            for size in cuts:
                log.take(rest[:size])
                rest = rest[size:]
            log.take(rest)
        assert path.read_text() == f"one {MASK} two\nthree {MASK}\n"


def test_long_lines_are_cut_and_controls_dropped(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "x.log"
    with LogFile(path, 100_000, Masker()) as log:
        log.take(b"\x1b[31mred\x1b[0m\x07 bell\r\n" + b"a" * 100_000 + b"\nnext\n\xff\n")
    lines = path.read_text().splitlines()
    assert (lines[0], lines[1][-9:], len(lines[1]), lines[2:]) == (
        "red bell",
        "aaaa [cut]"[1:],
        8_198,
        ["next", "\ufffd"],
    )
    assert path.stat().st_mode & 0o077 == 0


def test_a_secret_at_the_cut_is_masked(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    with LogFile(path, 100_000, Masker([SECRET])) as log:
        for before in range(8_180, 8_194):
            log.take(b"a" * before + SECRET.encode() * 2 + b"b" * 9_000 + b"\n")
    assert "hunter" not in path.read_text()


def test_the_size_is_limited_and_our_own_lines_find_room(tmp_path: Path) -> None:
    path, told = tmp_path / "x.log", list[str]()
    with LogFile(path, 1_000, Masker(), told.extend) as log:
        for _ in range(1_000):
            log.take(b"0123456789\n")
        log.say("stop it")
    assert path.stat().st_size < 1_200
    assert told[-2:] == ["-- the log is full at 1000 bytes; further output is dropped", "-- stop it"]
    with LogFile(path, 1_000, Masker(), told.extend) as log:
        log.take(b"more\n")
        log.say("start it")
    assert told[-2:] == ["-- stop it", "-- start it"]


def test_reading_on(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert read_log(path) == ("", 0)
    path.write_bytes("eins\nzwä".encode())
    first = read_log(path)
    assert first == ("eins\n", 5)
    path.write_bytes("eins\nzwäi\n".encode())
    assert read_log(path, first.next) == ("zwäi\n", 11)
    assert read_log(path, 10**9) == ("", 10**9)
