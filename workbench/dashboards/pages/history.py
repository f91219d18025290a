"""The history page for `panel serve workbench/dashboards/pages/*.py --plugins api`."""

from workbench.dashboards import served_page_functions

served_page_functions()["history"]().servable()
