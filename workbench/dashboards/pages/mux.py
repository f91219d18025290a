"""The Mux page for `panel serve workbench/dashboards/pages/*.py --plugins api`."""

import panel as pn

from workbench.dashboards import page_functions
from workbench.runtime import current_workbench

# One set of functions for all sessions, so that they share one feed and one layout.
pn.state.as_cached("workbench-pages", lambda: page_functions(current_workbench()))["mux"]().servable()
