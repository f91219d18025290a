"""The `[mux]` settings: off by default, an address that is one, a token that nobody sees."""

from pathlib import Path

import pytest

from workbench.errors import ConfigurationError
from workbench.sections.mux import MuxSettings
from workbench.settings import load_settings


def test_it_is_off_unless_configured() -> None:
    assert load_settings(None, {}).hub_options().mux is None


def test_a_file_a_variable_and_an_option(tmp_path: Path) -> None:
    file = tmp_path / "workbench.toml"
    file.write_text('[mux]\nurl = "http://localhost:18100/"\ninterval = 2\n')
    assert load_settings(file, {}).mux.url == "http://localhost:18100"
    over = load_settings(file, {"WORKBENCH_MUX_URL": "http://other:1"}, {"mux": {"url": None}})
    assert (over.mux.url, over.mux.interval) == ("http://other:1", 2.0)
    assert load_settings(file, {}, {"mux": {"url": "https://third"}}).mux.url == "https://third"


@pytest.mark.parametrize(
    "url", ["localhost:18100", "ftp://x", "http://", "http://u:p@x", "http://x/?a=1", "http://x:99999", "http://x:0"]
)
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    file = tmp_path / "workbench.toml"
    file.write_text(f'[mux]\nurl = "{url}"\n')
    with pytest.raises(ConfigurationError, match=r"workbench\.toml:2:1: mux\.url: expected "):
        load_settings(file, {})


def test_a_token_comes_from_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n")
    by_name = MuxSettings(url="http://x", token_env="MUX_TOKEN").options({"MUX_TOKEN": "s3cret"})
    by_file = MuxSettings(url="http://x", token_file=str(file)).options({})
    assert by_name is not None
    assert by_file is not None
    assert by_name.token == by_file.token == "s3cret"
    assert "s3cret" not in repr(by_name)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"token_env": "MUX_TOKEN"}, "the variable MUX_TOKEN is not set"),
        ({"token_env": "ODD"}, "the variable ODD holds no token"),
        ({"token_file": "/nowhere/at/all"}, "/nowhere/at/all cannot be read"),
        ({"token_env": "ODD", "token_file": "x"}, "not both"),
    ],
)
def test_a_missing_token_is_said_at_the_start(given: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        MuxSettings(url="http://x", **given).options({"ODD": "two words"})


def test_a_token_file_stands_beside_the_settings_that_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, elsewhere = tmp_path / "etc" / "workbench.toml", tmp_path / "elsewhere"
    for folder, token in ((file.parent, "beside"), (elsewhere, "here")):
        folder.mkdir()
        (folder / "token").write_text(token)
    file.write_text('[mux]\nurl = "http://x"\ntoken_file = "token"\n')
    monkeypatch.chdir(elsewhere)
    by_variable = {"WORKBENCH_MUX_TOKEN_FILE": "token"}
    for name, environment, token in (
        (file, {}, "beside"),
        (Path("../etc/workbench.toml"), {}, "beside"),
        (file, by_variable, "here"),
    ):
        options = load_settings(name, environment).hub_options().mux
        assert options is not None
        assert options.token == token
