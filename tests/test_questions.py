"""Questions of the analyst's object: answers in words, as a frame, as a graph; and docs/analysis.md says the same."""

import inspect
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.conftest import WriteManifest
from workbench import Workbench
from workbench.config import sample_fleet
from workbench.errors import UnknownCrate
from workbench.fleet import whatif
from workbench.questions import Questions
from workbench.views.answer import AnswerView

DOCS = (Path(__file__).parent.parent / "docs" / "analysis.md").read_text()
EXAMPLES = re.findall(
    r"^## (\w+)\n.*?^```python\n(wb\..*?)\n```\n\n```text\n(.*?)\n```$", DOCS, re.MULTILINE | re.DOTALL
)
QUESTIONS = [name for name, _ in inspect.getmembers(Questions, inspect.isfunction)]


@pytest.fixture(scope="module")
def wb() -> Workbench:
    return Workbench.scan(sample_fleet())


def ask(wb: Workbench, code: str) -> AnswerView[Any]:
    answer = eval(code, {"wb": wb, **vars(whatif)})
    assert isinstance(answer, AnswerView)
    return answer


def test_every_question_is_documented() -> None:
    assert sorted(name for name, _, _ in EXAMPLES) == sorted(QUESTIONS)


@pytest.mark.parametrize(("name", "code", "said"), EXAMPLES, ids=[name for name, _, _ in EXAMPLES])
def test_the_documentation_says_what_is_answered(wb: Workbench, name: str, code: str, said: str) -> None:
    assert code.startswith(f"wb.{name}(")
    assert ask(wb, code).explanation == said


@pytest.mark.parametrize("code", [code for _, code, _ in EXAMPLES], ids=[name for name, _, _ in EXAMPLES])
def test_every_answer_shows_itself(wb: Workbench, code: str) -> None:
    answer = ask(wb, code)
    frame = answer.frame
    assert list(frame.columns) == [column.name for column in answer.result.columns] == list(answer.meanings)
    assert all(isinstance(dtype, pd.ArrowDtype) for dtype in frame.dtypes)
    assert len(frame) == len(answer) == len(list(answer.result.rows())) > 0
    assert answer.revision == 1
    assert set(answer.result.nodes) <= set(answer.graph) <= set(wb.graph)
    assert repr(answer).startswith(answer.explanation)
    assert answer._repr_html_().count("<tr>") == min(len(answer), 20) + 1
    assert {"frame", "explanation", "graph", "result"} <= set(dir(answer))


def test_the_attributes_of_the_result_are_those_of_the_answer(wb: Workbench) -> None:
    assert wb.layers().order[0] == "foundation-core"
    assert "order" in dir(wb.layers())
    with pytest.raises(AttributeError, match="nothing"):
        _ = wb.layers().nothing


def test_a_long_answer_says_how_much_is_shown(wb: Workbench) -> None:
    assert repr(wb.layers()).splitlines()[-1] == "showing 20 of 54 rows; all are in .frame"
    assert "showing 20 of 54 rows" in wb.layers()._repr_html_()


def test_an_unknown_crate_names_the_nearest(wb: Workbench) -> None:
    for code in (
        "wb.blast_radius('port-manger')",
        "wb.paths('port-manager', 'port-manger')",
        "wb.simulate_failure('port-manger')",
    ):
        with pytest.raises(UnknownCrate, match="did you mean port-manager"):
            ask(wb, code)


def test_names_from_manifests_are_escaped(fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a", '[smart-crate]\nname = "<script>x</script>"\nfoundation = "<i>b</i>"\n')
    write_manifest("b", '[smart-crate]\nname = "<i>b</i>"\n')
    html = Workbench.scan(fleet_dir).blast_radius("<i>b</i>")._repr_html_()
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "<i>" not in html


def test_questions_to_an_empty_fleet_have_answers(fleet_dir: Path) -> None:
    wb = Workbench.scan(fleet_dir)
    for name in set(QUESTIONS) - {"blast_radius", "paths", "simulate_failure"}:
        assert getattr(wb, name)().explanation
        assert getattr(wb, name)().frame.empty
