"""Where a data point of a Bokeh figure is on the screen."""

from playwright.sync_api import Page

_AT = """([name, x, y]) => {
  const model = Bokeh.documents[0].get_model_by_name(name);
  const view = Bokeh.index.query_one((view) => view.model === model);
  const box = view.el.getBoundingClientRect();
  return [box.x + view.frame.x_scale.compute(x), box.y + view.frame.y_scale.compute(y)];
}"""
_READY = """(name) => {
  const model = Bokeh.documents.length && Bokeh.documents[0].get_model_by_name(name);
  const view = model && Bokeh.index.query_one((view) => view.model === model);
  return !!(view && view.frame && view.inner_width !== 0 && model.inner_width > 0);
}"""


def click_at(page: Page, figure: str, x: float, y: float) -> None:
    """Click at a data point of the figure with this name, once it is drawn."""
    page.wait_for_function(_READY, arg=figure)
    left, top = page.evaluate(_AT, [figure, x, y])
    page.mouse.click(left, top)


def hover_at(page: Page, figure: str, x: float, y: float) -> None:
    """Point at a data point of the figure with this name, once it is drawn."""
    page.wait_for_function(_READY, arg=figure)
    left, top = page.evaluate(_AT, [figure, x, y])
    page.mouse.move(left, top)


def column_of(page: Page, figure: str, column: str) -> list[object]:
    """Return a column of the first renderer of a figure that has it."""
    found: list[object] = page.evaluate(
        """([name, column]) => {
          for (const renderer of Bokeh.documents[0].get_model_by_name(name).renderers)
            for (const source of [renderer.data_source, renderer.node_renderer && renderer.node_renderer.data_source])
              if (source && source.data.get ? source.data.get(column) : source && source.data[column])
                return Array.from(source.data.get ? source.data.get(column) : source.data[column]);
        }""",
        [figure, column],
    )
    return found
