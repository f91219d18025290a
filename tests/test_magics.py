"""`%load_ext workbench` in a real IPython."""

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from workbench import Workbench
from workbench.config import sample_fleet


@pytest.fixture(scope="module")
def fleet() -> Workbench:
    return Workbench.scan(sample_fleet())


@pytest.fixture
def shell(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[InteractiveShell]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    shell.extension_manager.load_extension("workbench")
    yield shell
    shell.history_manager.end_session()
    InteractiveShell.clear_instance()


@pytest.fixture
def ask(shell: InteractiveShell, fleet: Workbench) -> Any:
    shell.user_ns["wb"] = fleet
    return shell.run_cell_magic


def test_sql_with_the_variables_of_the_notebook(shell: InteractiveShell, ask: Any, fleet: Workbench) -> None:
    shell.user_ns["role"] = "owner"
    frame = ask("fleetsql", "", "SELECT count(*) AS n FROM ports WHERE role = $role")
    assert frame["n"].tolist() == [(fleet.ports["role"] == "owner").sum()]


def test_an_answer_is_kept_under_a_name(shell: InteractiveShell, ask: Any) -> None:
    assert ask("fleetsql", "answer", "SELECT 7 AS n") is shell.user_ns["answer"]
    assert shell.user_ns["answer"]["n"].tolist() == [7]


@pytest.mark.parametrize(
    ("line", "query", "said"),
    [
        ("", "SELECT $role", "there is no variable role"),
        ("", "DROP TABLE crates", "only SELECT is allowed, not DROP"),
        ("", "SELECT nme FROM crates", "nme"),
        ("9lives", "SELECT 1", '"9lives" is no name for a variable'),
        ("--on nothing", "SELECT 1", "nothing is no Workbench"),
        ("a b", "SELECT 1", "unrecognized arguments: b"),
        ("'", "SELECT 1", "No closing quotation"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(ask: Any, line: str, query: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        ask("fleetsql", line, query)


def test_which_fleet_is_meant(shell: InteractiveShell, fleet: Workbench) -> None:
    with pytest.raises(UsageError, match=r"there is no Workbench named wb; make one: wb = Workbench\.scan"):
        shell.run_cell_magic("fleetsql", "", "SELECT 1 AS n")
    shell.user_ns["mine"] = fleet
    assert len(shell.run_cell_magic("fleetsql", "", "SELECT 1 AS n")) == 1
    shell.user_ns["other"] = Workbench.scan(sample_fleet())
    with pytest.raises(UsageError, match="say which with --on: mine, other"):
        shell.run_cell_magic("fleetsql", "", "SELECT 1 AS n")
    assert len(shell.run_cell_magic("fleetsql", "--on other", "SELECT 1 AS n")) == 1


def test_the_fleet_is_checked(shell: InteractiveShell, ask: Any, fleet: Workbench) -> None:
    assert len(shell.run_line_magic("check", "--severity error")) == fleet.summary()["errors"]
    found = shell.run_line_magic("check", "SC101")
    assert {item.code for item in found} == {"SC101"}
    assert repr(found).startswith("error[SC101]: ")
    assert "smart-crate.toml:" in found._repr_html_()
    with pytest.raises(UsageError, match='"nothing" is no code'):
        shell.run_line_magic("check", "nothing")
    with pytest.raises(UsageError, match="invalid choice"):
        shell.run_line_magic("check", "--severity grave")


def test_a_manifest_is_judged_in_the_fleet(ask: Any, fleet: Workbench) -> None:
    found = ask("check", "", '[smart-crate]\nname = "<new>"\nversion = "1.0.0"\n[ports]\nhttp = 18001\n')
    assert "owner-collision" in {item.kind for item in found}
    assert "&lt;new&gt;" in found._repr_html_()
    assert "<new>" not in found._repr_html_()
    assert fleet.revision == 1


def test_a_manifest_stands_in_place_of_its_crate(ask: Any, fleet: Workbench) -> None:
    manifest = fleet.crate("sx9-gateway-edge").manifest
    found = ask("check", "--severity hint", manifest["text"])
    known = [item for item in fleet.snapshot.findings if any(site.path == manifest["path"] for site in item.sites)]
    assert [item.message for item in found] == [item.message for item in known]
    assert len(found) > 3


def test_a_manifest_alone(shell: InteractiveShell) -> None:
    broken = shell.run_cell_magic("check", "", "[smart-crate\n")
    assert [item.kind for item in broken] == ["syntax"]
    sound = shell.run_cell_magic("check", "", '[smart-crate]\nname = "a"\nversion = "1.0.0"\n')
    assert (list(sound), repr(sound)) == ([], "nothing to report")


def test_an_error_shows_the_line_of_the_cell_and_nothing_of_ours(shell: InteractiveShell, fleet: Workbench) -> None:
    shell.user_ns["wb"] = fleet
    with capture_output() as told:
        shell.run_cell("1 + 1\nwb.crate('port-manger')\n")
    assert "line 2: wb.crate('port-manger')" in told.stdout
    assert 'UnknownCrate: no crate is named "port-manger"; did you mean port-manager' in told.stdout
    assert len(told.stdout.strip().splitlines()) <= 3
