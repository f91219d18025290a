"""Figures saved by the browser, in the theme that the page wears."""

from functools import cache
from pathlib import Path
from typing import Final

from bokeh.models import CustomAction, CustomJS, Plot

_SAVE: Final = Path(__file__).parent / "save.js"


@cache
def save_script() -> str:
    """Return the functions in JavaScript: `save(blob, name)`, `savePicture(plot, name)`, `dressedColors(svg)`."""
    return _SAVE.read_text("utf-8")


def picture_script(name: str) -> str:
    """Return what saves the plot `plot` as a PNG of a name."""
    return f'{save_script()}\nsavePicture(plot, "{name}");'


def save_tool(plot: Plot, name: str) -> CustomAction:
    """Return a tool of the toolbar that saves a plot; Bokeh's own knows nothing of themes."""
    callback = CustomJS(args={"plot": plot}, code=picture_script(name))
    return CustomAction(icon="save", description="Save as PNG", callback=callback)
