"""The Crate Workbench: one live picture of a fleet of smart crates, for notebooks, dashboards, APIs and CI."""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from workbench.workbench import Workbench as Workbench

__all__ = ["Workbench", "__version__"]

__version__: Final = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the analyst's object when it is first used, so that the command line starts without pandas."""
    if name == "Workbench":
        from workbench.workbench import Workbench

        return Workbench
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_ipython_extension(shell: Any) -> None:
    """Register `%%fleetsql` and `%check`; IPython calls this for `%load_ext workbench`."""
    from workbench.magics import FleetMagics

    shell.register_magics(FleetMagics)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Name the extension; Jupyter Server calls this where `jupyter_server_config.d` enables `workbench`."""
    from workbench.jupyter.extension import WorkbenchExtension

    return [{"module": "workbench.jupyter.extension", "app": WorkbenchExtension}]


def __dir__() -> list[str]:
    return __all__
