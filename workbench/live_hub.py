"""A hub that is to live long: with its state file, and with the runners that deploy."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from workbench.errors import ConfigurationError
from workbench.fleet.plan import PortPlan
from workbench.hub import Hub
from workbench.persistence import Memory
from workbench.sections.deploy import check_source
from workbench.security.tokens import secret_of
from workbench.settings import Settings
from workbench.store.database import Store


def live_hub(
    roots: Sequence[Path],
    settings: Settings,
    state: Path,
    *,
    file: Path | None = None,
    is_named: bool = False,
    memory: Memory | None = None,
    plan: PortPlan | None = None,
) -> Hub:
    """Return a hub over some roots, by settings out of `file`, that keeps its state in a folder.

    `is_named` says that an operator named the file; `plan` takes the place of the settings' port plan. Raises
    ConfigurationError if runners are set up where they may not.
    """
    check_source(settings.deploy, file, roots, is_named=is_named)
    folder = file.parent if file is not None else Path()
    deploy = settings.deploy.options(folder, state, _secrets(state))
    options = settings.hub_options()
    options = replace(options, deploy=deploy, plan=plan or options.plan)
    return Hub(roots, options, Store(state, settings.history.bounds()), memory)


def _secrets(state: Path) -> list[str]:
    """Return what no log of a deployment may show, though a command could read it."""
    try:
        secret = secret_of(state)
    except ConfigurationError:
        return []
    return [secret] if secret else []
