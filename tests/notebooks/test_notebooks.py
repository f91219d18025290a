"""Every notebook runs from top to bottom, and is kept without outputs."""

import asyncio
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
SIDE_BY_SIDE = 3


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS][:1] == ["01_explore_the_fleet.ipynb"]


@pytest.fixture(scope="module")
def executions(request: pytest.FixtureRequest) -> dict[Path, NotebookNode | BaseException]:
    """The notebooks that are asked for, executed side by side: much of their time is waiting."""
    items = [item for item in request.session.items if "executions" in getattr(item, "fixturenames", ())]
    paths = [item.callspec.params["path"] for item in items]  # type: ignore[attr-defined]
    return dict(zip(paths, asyncio.run(executed(paths)), strict=True))


async def executed(paths: list[Path]) -> list[NotebookNode | BaseException]:
    """Return each notebook with its outputs, or what ended it."""
    place = asyncio.Semaphore(SIDE_BY_SIDE)

    async def one(path: Path) -> NotebookNode:
        notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
        async with place:
            client = NotebookClient(notebook, timeout=100, resources={"metadata": {"path": str(path.parent)}})
            return await client.async_execute()

    return await asyncio.gather(*map(one, paths), return_exceptions=True)


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_something_in_every_code_cell(
    executions: dict[Path, NotebookNode | BaseException], path: Path
) -> None:
    notebook = executions[path]
    if isinstance(notebook, BaseException):
        raise notebook
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs for cell in cells)
    assert not [out for cell in cells for out in cell.outputs if out.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    nbformat.validate(notebook)  # type: ignore[no-untyped-call]
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not [cell for cell in cells if cell.outputs or cell.execution_count]
