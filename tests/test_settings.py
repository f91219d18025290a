"""Settings: a file, variables over it, options over those; every mistake with its place."""

from pathlib import Path

import pytest

from workbench.config import find_settings
from workbench.errors import ConfigurationError
from workbench.fleet.muting import Mute
from workbench.fleet.plan import Override, PortPlan
from workbench.sections.ports import system_ephemeral_range
from workbench.settings import Settings, load_settings


def write(folder: Path, text: str) -> Path:
    path = folder / "workbench.toml"
    path.write_text(text)
    return path


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings(None, {})
    assert settings == Settings()
    assert settings.ports.plan() == PortPlan()
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 15180)


def test_the_file_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_settings(tmp_path / "a" / "b") is None
    path = write(tmp_path, "")
    assert find_settings(tmp_path / "a" / "b") == path
    nearer = write(tmp_path / "a", "")
    assert find_settings(tmp_path / "a" / "b") == nearer


def test_options_outrank_variables_and_variables_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "[server]\nport = 1\nws_port = 2\nhost = 'a'\n[check]\nignore = ['SC009']\n")
    environment = {
        "WORKBENCH_SERVER_PORT": "3",
        "WORKBENCH_SERVER_WS_PORT": "4",
        "WORKBENCH_CHECK_IGNORE": "SC1, template",
    }
    settings = load_settings(path, environment, {"server": {"port": 5, "ws_port": None}})
    assert (settings.server.port, settings.server.ws_port, settings.server.host) == (5, 4, "a")
    assert settings.check.ignore == ("SC1", "template")


def test_the_port_plan_is_configured(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "[ports]\nsister_offset = 10000\ndecoys = [19]\nephemeral = [40000, 50000]\n"
        "[[ports.blocks]]\nname = 'x'\nfirst = 10\nlast = 20\n[ports.reserved]\n18 = 'a'\n[ports.mirrors]\n12 = [13]\n",
    )
    plan = load_settings(path, {}).ports.plan()
    block = plan.block_of(15)
    assert block is not None
    assert (block.name, plan.block_of(21), plan.sister(15), plan.reserved, plan.decoys) == (
        "x",
        None,
        10015,
        {18: "a"},
        {19},
    )
    assert (plan.mirrors, plan.is_ephemeral(40000), plan.is_ephemeral(39999)) == ({12: (13,)}, True, False)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[discovery]\nrots = ['x']", '2:1: discovery.rots: unknown key; did you mean "roots"?'),
        ("[servr]\n", '1:1: servr: unknown key; did you mean "server"?'),
        ("[discovery]\n\nexclude = 'y'", '3:1: discovery.exclude: expected an array, found the string "y"'),
        ("check = 3", "1:1: check: expected a table, found the number 3"),
        ("[check]\nignore = ['SC9']", '2:1: check.ignore: "SC9" is no code, beginning of a code, or kind of finding'),
        (
            "[check]\nseverity = 'fatal'",
            "2:1: check.severity: should be 'error', 'warning' or 'hint', found the string \"fatal\"",
        ),
        (
            "[ports]\ndecoys = [1, 70000]",
            "2:14: ports.decoys[1]: should be less than or equal to 65535, found the number 70000",
        ),
        ("[[ports.blocks]]\nname='a'\nfirst=10\nlast=5", "1:1: ports.blocks[0]: first (10) is above last (5)"),
        ("[ports.reserved]\nx = ''", '2:1: ports.reserved.x: should be a valid integer, found the string "x"'),
        ("[server]\nport = true", "2:1: server.port: should be a valid integer, found true"),
        ("a = [", "1:6: Invalid value"),
        ("[ports]\nephemeral = 'sytem'", '2:1: ports.ephemeral: expected an array, found the string "sytem"'),
        ("[[ports.mute]]\nkind = 'SC113'", "1:1: ports.mute[0].reason: the key is missing"),
        (
            "[[ports.mute]]\nkind = 'SC9'\nreason = 'x'",
            '2:1: ports.mute[0].kind: "SC9" is no code, beginning of a code, or kind of finding',
        ),
        (
            "[ports.overrides.a]\nhttp = { role = 'boss', reason = 'x' }",
            "2:10: ports.overrides.a.http.role: should be 'owner' or 'reference', found the string \"boss\"",
        ),
        (
            "[ports.overrides.a]\n\nhttp = { role = 'reference', reason = 'x' }",
            '3:1: ports.overrides.a.http: role = "reference" needs of = "…", the crate whose port it is',
        ),
        (
            "[ports.overrides.a]\nhttp = { role = 'owner', of = 'b', reason = 'x' }",
            '2:1: ports.overrides.a.http: role = "owner" takes no of: the crate itself owns the port',
        ),
        ("[ports.overrides.a]\nhttp = { role = 'owner' }", "2:1: ports.overrides.a.http.reason: the key is missing"),
        (
            "[ports.overrides.a]\nhttp = 'owner'",
            '2:1: ports.overrides.a.http: expected a table, found the string "owner"',
        ),
        (
            "[ports.overrides]\nsx9-a.b = { role = 'owner', reason = 'x' }\na.B = { role = 'owner', reason = 'y' }",
            '1:1: ports.overrides: "B" of "a" is decided twice, in spellings that mean the same',
        ),
        (
            "[ports.overrides.a]\nb = { role = 'reference', of = 'sx9-a', reason = 'x' }",
            '1:1: ports.overrides: "b" of "a" refers to the crate itself; write role = "owner"',
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, {})
    assert caught.value.message == f"{path}:{message}"


def test_overrides_are_part_of_the_plan(tmp_path: Path) -> None:
    path = write(tmp_path, '[ports.overrides."a-b"]\nx = { role = "reference", of = "c", reason = "why" }\n')
    plan = load_settings(path, {}).ports.plan()
    assert plan.overrides == (Override("a-b", "x", "reference", "why", "c"),)
    assert plan.override("SX9_A_B", "X") is plan.overrides[0]
    assert plan.override("a-b", "y") is None


def test_mutes_are_part_of_the_plan(tmp_path: Path) -> None:
    path = write(tmp_path, '[[ports.mute]]\nkind = "SC113"\ncrate = "a"\nport = 80\nreason = "why"\n')
    assert load_settings(path, {}).ports.plan().mutes == (Mute("SC113", "why", "a", 80),)


def test_the_ephemeral_range_is_that_of_the_system_where_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path, "[ports]\nephemeral = 'system'\n")
    here = system_ephemeral_range()
    assert load_settings(path, {}).ports.ephemeral == here
    assert load_settings(None, {"WORKBENCH_PORTS_EPHEMERAL": "system"}).ports.ephemeral == here
    assert load_settings(None, {}).ports.ephemeral == (32768, 60999)


@pytest.mark.parametrize(
    ("text", "expected"), [("1024\t65000\n", (1024, 65000)), ("", (32768, 60999)), ("a b", (32768, 60999))]
)
def test_the_system_says_its_range_or_the_default_holds(tmp_path: Path, text: str, expected: tuple[int, int]) -> None:
    (tmp_path / "range").write_text(text)
    assert system_ephemeral_range(tmp_path / "range") == expected
    assert system_ephemeral_range(tmp_path / "none") == (32768, 60999)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "[server]\nport = 0\nx = 1\n[watch]\nbeat = 0\n")
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path, {})
    assert len(caught.value.message.splitlines()) == 3


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"^WORKBENCH_SERVER_PORT: server.port: should be a valid integer"):
        load_settings(None, {"WORKBENCH_SERVER_PORT": "abc"})
