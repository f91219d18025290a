"""An interactive figure as one file that needs no server and no network, and as what a notebook shows."""

from functools import cache
from typing import Any, Final

import panel as pn
from bokeh.embed import file_html
from bokeh.models.layouts import LayoutDOM
from bokeh.resources import Resources
from markupsafe import Markup

from workbench.dashboards.figure_pane import FigurePane
from workbench.dashboards.notebook_theme import InNotebookTheme
from workbench.dashboards.panes import html_pane
from workbench.dashboards.theme import PAGE, QUIET, SANS, TEXT

_PAGE: Final = """
{% block preamble %}<meta name="viewport" content="width=device-width, initial-scale=1"><style>
body { background: {{ page }}; color: {{ text }}; font: 15px/1.5 {{ sans }}; }
main { padding: 16px 24px; }
h1 { font-size: 22px; margin: 0; }
p { color: {{ quiet }}; margin: 4px 0 16px; }
</style>{% endblock %}
{% block css_resources %}{% endblock %}
{% block js_resources %}<script>{{ bokeh }}</script>{% endblock %}
{% block contents %}<main><h1>{{ title | e }}</h1><p>{{ said | e }}</p>{{ super() }}</main>{% endblock %}
"""


def standalone_page(figure: LayoutDOM, title: str, said: str) -> str:
    """Return an HTML page that holds a figure, all that draws it, and a sentence that says what is to be seen."""
    colors = {"page": PAGE, "text": TEXT, "quiet": QUIET, "sans": SANS}
    return file_html(
        figure,
        title=title,
        template=_PAGE,
        template_variables={"said": said, "bokeh": _bokeh(), **colors},
        # Taps that a server would hear are no loss here: what they tell stands in the tooltips too.
        suppress_callback_warning=True,
    )


@cache
def _bokeh() -> str:
    """Return what draws figures in a browser; of Panel's models, which are loaded too, a figure needs none."""
    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def shown(figure: LayoutDOM, title: str, said: str) -> Any:
    """Return what shows a figure in a notebook, and in a Panel application, under its title and sentence."""
    pn.extension()
    words = html_pane(Markup("<b>{}</b><br>{}").format(title, said))
    return _Shown(words, FigurePane(figure), sizing_mode="stretch_width")


class _Shown(InNotebookTheme, pn.Column):
    """A figure under its words."""
