"""Light or dark, as the notebook is."""

from typing import Any

from workbench.dashboards.theme import plain_sheet


class InNotebookTheme:
    """Brings the style that follows a notebook's theme along with what it shows; goes before a class of Panel's."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Any:
        bundle = super()._repr_mimebundle_(include, exclude)  # type: ignore[misc]
        data = bundle[0] if isinstance(bundle, tuple) else bundle
        if data and "text/html" in data:
            data["text/html"] = f"<style>{plain_sheet('notebook')}</style>{data['text/html']}"
        return bundle
