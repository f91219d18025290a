"""The ports page for `panel serve workbench/dashboards/pages/*.py --plugins api`."""

import panel as pn

from workbench.dashboards import page_functions
from workbench.runtime import current_workbench, default_tokens

# One set of functions for all sessions, so that they share one feed and one layout.
pages = pn.state.as_cached("workbench-pages", lambda: page_functions(current_workbench(), default_tokens()))
pages["ports"]().servable()
