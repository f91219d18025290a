"""`%load_ext workbench`: the fleet in SQL, and the manifest checker, as magics of IPython."""

import argparse
import re
import shlex
from typing import TYPE_CHECKING, Any, Final, NoReturn

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_cell_magic, magics_class, needs_local_scope

from workbench.errors import WorkbenchError
from workbench.fleet.manifest import parse_manifest
from workbench.fleet.model import Finding
from workbench.fleet.rules import SEVERITIES
from workbench.fleet.selection import Selection
from workbench.fleet.snapshot import Snapshot
from workbench.views.findings import FindingsView
from workbench.workbench import Workbench

if TYPE_CHECKING:
    import pandas as pd
    from IPython.core.interactiveshell import InteractiveShell

_PARAMETER: Final = re.compile(r"\$([A-Za-z_]\w*)")
_CELL: Final = "cell/smart-crate.toml"


class _Parser(argparse.ArgumentParser):
    """A parser of a magic's line, which says what is wrong instead of ending Python."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}\n{self.format_usage()}")


def _sql_line() -> _Parser:
    parser = _Parser("%%fleetsql", add_help=False)
    parser.add_argument("answer", nargs="?", help="name that the answer is kept under")
    parser.add_argument("--on", metavar="NAME", help="variable that holds the Workbench")
    return parser


def _check_line() -> _Parser:
    parser = _Parser("%check", add_help=False)
    parser.add_argument("patterns", nargs="*", help="codes or kinds")
    parser.add_argument("--on", metavar="NAME", help="variable that holds the Workbench")
    parser.add_argument("--severity", choices=SEVERITIES, default=None, help="least severity shown")
    return parser


@magics_class
class FleetMagics(Magics):
    """The magics. They work on the variable `wb`, else on the only Workbench among the variables, else on `--on`."""

    @needs_local_scope
    @cell_magic
    def fleetsql(self, line: str, cell: str, local_ns: dict[str, Any] | None = None) -> "pd.DataFrame":
        """Ask the fleet in SQL: `%%fleetsql [NAME] [--on WB]`, then one SELECT; `$name` takes the variable `name`.

        With a NAME the answer is kept under it too.
        """
        chosen = _parsed(_sql_line(), line)
        if chosen.answer is not None and not chosen.answer.isidentifier():
            raise UsageError(f'%%fleetsql: "{chosen.answer}" is no name for a variable')
        variables = self._variables(local_ns)
        frame = self._asked(chosen.on, variables, cell)
        if chosen.answer is not None:
            self._shell.user_ns[chosen.answer] = frame
        return frame

    @needs_local_scope
    @line_cell_magic
    def check(self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None) -> FindingsView:
        """Check the fleet, `%check [PATTERN ...] [--severity LEAST] [--on WB]`, or a text: `%%check`, then a manifest.

        Patterns are codes (SC101), beginnings of codes (SC1) or kinds (owner-collision). A manifest is judged as if
        it stood in the fleet, if there is one, in place of that of the same crate.
        """
        chosen = _parsed(_check_line(), line)
        try:
            selection = Selection(tuple(chosen.patterns), (), chosen.severity or "warning")
        except ValueError as error:
            raise UsageError(f"%check: {error}") from None
        variables = self._variables(local_ns)
        try:
            if cell is None:
                return FindingsView(selection.of(self._fleet(chosen.on, variables).snapshot.findings))
            is_alone = chosen.on is None and not _fleets(variables)
            fleet = Snapshot() if is_alone else self._fleet(chosen.on, variables).snapshot
        except WorkbenchError as error:
            raise UsageError(error.message) from None
        return FindingsView(selection.of(_judged(cell, fleet)))

    @property
    def _shell(self) -> "InteractiveShell":
        assert self.shell is not None
        return self.shell

    def _variables(self, local: dict[str, Any] | None) -> dict[str, Any]:
        return {**self._shell.user_ns, **(local or {})}

    def _asked(self, name: str | None, variables: dict[str, Any], query: str) -> "pd.DataFrame":
        wanted = dict.fromkeys(_PARAMETER.findall(query))
        if missing := [parameter for parameter in wanted if parameter not in variables]:
            raise UsageError(f"%%fleetsql: there is no variable {', '.join(missing)}")
        try:
            return self._fleet(name, variables).sql(query, **{key: variables[key] for key in wanted})
        except WorkbenchError as error:
            raise UsageError(error.message) from None

    @staticmethod
    def _fleet(name: str | None, variables: dict[str, Any]) -> Workbench:
        if name is not None:
            fleet = variables.get(name)
            if not isinstance(fleet, Workbench):
                raise UsageError(f"{name} is no Workbench")
            return fleet
        fleets = _fleets(variables)
        if "wb" in fleets:
            return fleets["wb"]
        if len({id(fleet) for fleet in fleets.values()}) == 1:
            return next(iter(fleets.values()))
        said = (
            f"say which with --on: {', '.join(sorted(fleets))}"
            if fleets
            else "make one: wb = Workbench.scan('path/to/fleet')"
        )
        raise UsageError(f"there is no Workbench named wb; {said}")


def _fleets(variables: dict[str, Any]) -> dict[str, Workbench]:
    return {name: value for name, value in variables.items() if isinstance(value, Workbench) and name[0] != "_"}


def _judged(text: str, fleet: Snapshot) -> list[Finding]:
    """Return the findings about a manifest in a fleet, in place of the one that describes the same crate there."""
    crate = parse_manifest(_CELL, text.encode()).crate
    same = [record.manifest.path for record in fleet.records_named(crate.name)] if crate else []
    path = same[0] if len(same) == 1 else _CELL
    judged = fleet.apply({path: parse_manifest(path, text.encode())})
    return [item for item in judged.findings if any(site.path == path for site in item.sites)]


def _parsed(parser: _Parser, line: str) -> argparse.Namespace:
    try:
        return parser.parse_args(shlex.split(line))
    except ValueError as error:
        raise UsageError(f"{parser.prog}: {error}") from None
