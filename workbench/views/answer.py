"""Answers about the fleet, as a notebook shows them."""

from collections.abc import Mapping
from functools import cached_property
from html import escape
from itertools import islice
from pathlib import Path
from typing import Any, Generic, TypeVar

import networkx as nx
import pandas as pd
import pyarrow as pa

from workbench.fleet.analysis.answer import Answer
from workbench.fleet.analysis.leans import answer_graph
from workbench.fleet.snapshot import Snapshot
from workbench.fleet.tables import Row
from workbench.tables.frames import arrow_of, frame_of

A = TypeVar("A", bound=Answer)

_SHOWN = 20


class AnswerView(Generic[A]):
    """An answer of one revision: in words, as a table, as a graph. It has the attributes of its `result` too."""

    def __init__(self, result: A, snapshot: Snapshot) -> None:
        self.result = result
        self.revision = snapshot.revision
        self._snapshot = snapshot

    @property
    def explanation(self) -> str:
        """The answer in words."""
        return self.result.explanation

    @property
    def _table(self) -> pa.Table:
        return arrow_of(self.result.columns, list(self.result.rows()))

    @property
    def frame(self) -> pd.DataFrame:
        """The answer as a tidy DataFrame with Arrow types; `meanings` says what its columns hold."""
        return frame_of(self._table)

    @property
    def meanings(self) -> Mapping[str, str]:
        """What each column of `frame` holds."""
        return {column.name: column.meaning for column in self.result.columns}

    @property
    def graph(self) -> "nx.MultiDiGraph[str]":
        """The part of the slot graph that the answer speaks of: its nodes, and the edges between them.

        Calls run from crate to crate here, past the port: from who calls to whose port it is.
        """
        return answer_graph(self.result.nodes, self._snapshot)

    def export(self, file: str | Path) -> Path:
        """Write the rows (`.csv`, `.parquet`, `.arrow`, `.json`) or the graph (`.graphml`, `.dot` …) to a file.

        Returns its path. Raises ExportError.
        """
        from workbench.tables.export import export_graph, export_table, is_for_tables

        return export_table(self._table, file) if is_for_tables(file) else export_graph(self.graph, file)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.result, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in dir(self.result) if not name.startswith("_"))})

    def __len__(self) -> int:
        return len(self.result)

    def __repr__(self) -> str:
        names = [column.name for column in self.result.columns]
        lines = [self.explanation]
        lines += ["  ".join(f"{n}={_text(v)}" for n, v in zip(names, row, strict=True)) for row in self._shown]
        return "\n".join([*lines, self._more] if self._more else lines)

    def _repr_html_(self) -> str:
        heads = "".join(
            f"<th style='text-align:left' title='{escape(column.meaning)}'>{escape(column.name)}</th>"
            for column in self.result.columns
        )
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(_text(value))}</td>" for value in row) + "</tr>"
            for row in self._shown
        )
        table = f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>" if self._shown else ""
        return f"<div><p>{escape(self.explanation)}</p>{table}<p>{escape(self._more)}</p></div>"

    @cached_property
    def _shown(self) -> list[Row]:
        return list(islice(self.result.rows(), _SHOWN))

    @property
    def _more(self) -> str:
        return f"showing {_SHOWN} of {len(self):,} rows; all are in .frame" if len(self) > _SHOWN else ""


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
