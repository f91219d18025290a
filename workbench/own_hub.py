"""The hub of an analyst's own process: what `Workbench.scan` reads and, if asked, follows."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from workbench.errors import ConfigurationError
from workbench.fleet.plan import PortPlan
from workbench.hub import Hub
from workbench.live_hub import live_hub
from workbench.sections.mux import MuxSettings
from workbench.settings import load_settings


def own_hub(
    roots: Sequence[str | Path],
    *,
    watch: bool = False,
    plan: PortPlan | None = None,
    mux: str | None = None,
    state: Path | None = None,
    config: Path | None = None,
) -> Hub:
    """Return a hub that has read some roots, and follows them where `watch` or `state` is given.

    Raises RootError if a root does not exist, ConfigurationError for settings that are wrong, or that set up runners
    without a state folder in which deployments could be written down.
    """
    # Without a file the environment says nothing either: the same call is the same workbench everywhere.
    settings = load_settings(config, None if config else {}, {"watch": {"enabled": watch}})
    if mux is not None:
        settings = settings.model_copy(update={"mux": _mux_at(mux, settings.mux)})
    if state is not None:
        hub = live_hub([Path(root) for root in roots], settings, state, file=config, is_named=True, plan=plan)
    elif settings.deploy.runners:
        raise ConfigurationError(f"{config}: deploy.runners: give a state folder too; deployments are kept there")
    else:
        options = settings.hub_options()
        hub = Hub(roots, replace(options, plan=plan or options.plan))
    hub.discovery.check_roots()
    if watch or state is not None:
        hub.start()
        hub.wait_ready()
    else:
        hub.scan_once()
    return hub


def _mux_at(url: str, settings: MuxSettings) -> MuxSettings:
    try:
        return MuxSettings.model_validate(settings.model_dump() | {"url": url})
    except ValidationError as error:
        raise ConfigurationError(f"mux: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from None
