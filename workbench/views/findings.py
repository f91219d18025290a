"""Findings as a notebook shows them: like a compiler, with the source line of each."""

from collections.abc import Sequence
from html import escape
from typing import overload

from workbench.fleet.model import Finding
from workbench.reports.report import report_lines

_SHOWN = 50


class FindingsView(Sequence[Finding]):
    """A sequence of findings that shows itself."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self._findings = tuple(findings)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Finding, ...]: ...
    def __getitem__(self, index: int | slice) -> Finding | tuple[Finding, ...]:
        return self._findings[index]

    def __len__(self) -> int:
        return len(self._findings)

    def __repr__(self) -> str:
        return f"{self._report()}\n{self._counts()}".lstrip()

    def _repr_html_(self) -> str:
        return f"<div><b>{self._counts()}</b><pre>{escape(self._report())}</pre></div>"

    def _report(self) -> str:
        return "\n".join(report_lines(self._findings[:_SHOWN])).rstrip("\n")

    def _counts(self) -> str:
        if not self._findings:
            return "nothing to report"
        more = f", the first {_SHOWN} shown" if len(self) > _SHOWN else ""
        return f"{len(self)} finding{'' if len(self) == 1 else 's'}{more}"
