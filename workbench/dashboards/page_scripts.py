"""What a browser loads with a page: collected once for all visitors, and without what none of our pages uses."""

from typing import Any, Final

import panel as pn
from panel.io import server as panel_server
from panel.io.resources import Resources

_UNUSED: Final = "bokeh-gl"
"""Drawing by the graphics card, 270 kB for every page to read; without such a card it takes many seconds."""
_OURS: Final = "frame_css"
"""A variable of the template of our pages, and of no other's."""

_collected: Final = panel_server.bundle_resources


class PageScripts:
    """The scripts and sheets of the pages of one process.

    Panel collects them on the event loop for each visitor anew, which takes 15 to 30 ms, and leaves what tables need
    out of a page that has no table yet.
    """

    def __init__(self) -> None:
        self._known: dict[object, Any] = {}

    def __call__(self, roots: Any, resources: Any, *further: Any, **named: Any) -> Any:
        """Return what the current document loads, as `panel.io.resources.bundle_resources` does."""
        document = pn.state.curdoc
        if document is None or _OURS not in document.template_variables or further or named:
            return _collected(roots, resources, *further, **named)
        key = (resources.mode, resources.root_url, pn.state.rel_path, pn.config.theme)
        if key not in self._known:
            self._known[key] = _collected(None, _lightened(resources))
        return self._known[key]

    def install(self) -> None:
        """Have Panel's server ask here; the pages of others get what they got before."""
        panel_server.bundle_resources = self


def _lightened(resources: Any) -> Resources:
    light: Resources = Resources.from_bokeh(resources).clone()
    light.components = [name for name in light.components if name != _UNUSED]
    return light
