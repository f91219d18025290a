"""Exports: the ending says the format, the name says what; a file is replaced whole or not at all."""

import csv
import os
from pathlib import Path

import networkx as nx
import orjson
import pytest
from click.testing import CliRunner
from pyarrow import feather, parquet

from tests.conftest import WriteManifest
from workbench import Workbench
from workbench.cli import main
from workbench.config import sample_fleet
from workbench.errors import ExportError
from workbench.fleet.tables import TABLES
from workbench.tables.frames import arrow_table


@pytest.fixture(scope="module")
def wb() -> Workbench:
    return Workbench.scan(sample_fleet())


@pytest.mark.parametrize("name", TABLES)
def test_every_table_in_every_format(wb: Workbench, tmp_path: Path, name: str) -> None:
    table = arrow_table(name, wb.snapshot)
    assert parquet.read_table(wb.export(tmp_path / f"{name}.parquet")).equals(table)
    assert feather.read_table(wb.export(tmp_path / f"{name}.arrow")).equals(table)
    with wb.export(tmp_path / f"{name}.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert (rows[0], len(rows)) == (table.column_names, table.num_rows + 1)
    objects = orjson.loads(wb.export(tmp_path / f"{name}.json").read_bytes())
    assert [list(item) for item in objects] == [table.column_names] * table.num_rows


def test_the_graph_in_every_format(wb: Workbench, tmp_path: Path) -> None:
    graph = wb.graph
    assert len(nx.read_graphml(wb.export(tmp_path / "graph.graphml"))) == len(graph)
    assert len(nx.read_gexf(wb.export(tmp_path / "fleet.gexf"))) == len(graph)
    linked = orjson.loads(wb.export(tmp_path / "graph.json").read_bytes())
    assert nx.utils.graphs_equal(nx.node_link_graph(linked, edges="edges"), graph)
    assert wb.export(tmp_path / "x.dot").read_text().startswith("digraph")
    assert wb.export(tmp_path / "x.MMD").read_text().startswith("flowchart")


def test_what_is_meant_can_be_said(wb: Workbench, tmp_path: Path) -> None:
    rows = orjson.loads(wb.export(tmp_path / "mine.json", "ports").read_bytes())
    assert len(rows) == len(wb.ports)
    assert "nodes" in orjson.loads(wb.export(tmp_path / "crates.json", "graph").read_bytes())


@pytest.mark.parametrize(
    ("file", "what", "message"),
    [
        ("graph.pdf", None, r'cannot end in "\.pdf"; it can in \.graphml, \.gexf, \.dot, \.json, \.mmd'),
        ("fleet", None, r'an export cannot end in ""'),
        ("fleet.csv", None, r"say which table: crates, ports, .*; for example crates\.csv"),
        ("crates.dot", None, r'a table cannot end in "\.dot"'),
        ("graph.csv", None, r'a graph cannot end in "\.csv"'),
        ("x.csv", "creates", 'there is no "creates" to export; there are graph, crates'),
    ],
)
def test_what_cannot_be_written_is_said(wb: Workbench, tmp_path: Path, file: str, what: str, message: str) -> None:
    with pytest.raises(ExportError, match=message):
        wb.export(tmp_path / file, what)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_stays_as_it_was(wb: Workbench, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(ExportError, match=r"graph\.dot: cannot be written: "):
        wb.export(tmp_path / "file" / "graph.dot")
    (tmp_path / "graph.dot").mkdir()
    with pytest.raises(ExportError, match="cannot be written: Is a directory"):
        wb.export(tmp_path / "graph.dot")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "graph.dot"]


def test_an_export_is_replaced_and_readable_as_the_umask_says(wb: Workbench, tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        wb.export(tmp_path / "crates.csv")
        path = wb.export(tmp_path / "crates.csv")
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640
    assert [item.name for item in tmp_path.iterdir()] == ["crates.csv"]


def test_an_answer_is_exported_as_rows_or_as_a_graph(wb: Workbench, tmp_path: Path) -> None:
    answer = wb.blast_radius("port-manager")
    assert parquet.read_table(answer.export(tmp_path / "hit.parquet")).num_rows == len(answer)
    assert len(nx.read_graphml(answer.export(tmp_path / "hit.graphml"))) == len(answer) + 1
    with pytest.raises(ExportError):
        answer.export(tmp_path / "hit.xlsx")


def test_on_the_command_line(tmp_path: Path, fleet_dir: Path, write_manifest: WriteManifest) -> None:
    write_manifest("a")
    file = tmp_path / "graph.graphml"
    result = CliRunner().invoke(main, ["export", str(file), str(fleet_dir)])
    assert (result.exit_code, result.stdout) == (0, "")
    assert set(nx.read_graphml(file)) == {"crate:a"}
    result = CliRunner().invoke(main, ["export", str(tmp_path / "all.csv"), str(fleet_dir), "--what", "crates"])
    assert (tmp_path / "all.csv").read_text().splitlines()[1].startswith("a,1.0.0,")
    result = CliRunner().invoke(main, ["export", str(tmp_path / "x.pdf"), str(fleet_dir)])
    assert result.exit_code == 2
    assert 'cannot end in ".pdf"' in result.stderr
