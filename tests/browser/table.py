"""The table of a page and the details beside it, and choosing a row as a person does: again if nothing happened."""

import time

from playwright.sync_api import Locator, Page, expect

_DEADLINE = 15.0
_ANSWER_MS = 1_500


def rows(page: Page) -> Locator:
    return page.locator(".tabulator-row")


def details(page: Page) -> Locator:
    return page.get_by_label("Details")


def select_row(row: Locator, cell: int | None = None) -> None:
    """Click a row (in the cell of this number, else in its middle) until the table shows it as selected.

    A table that comes into view draws itself once more; a click that falls between is lost to it.
    """
    ends = time.monotonic() + _DEADLINE
    target = row if cell is None else row.locator(".tabulator-cell").nth(cell)
    while True:
        target.click()
        try:
            expect(row).to_contain_class("tabulator-selected", timeout=_ANSWER_MS)
            return
        except AssertionError:
            if time.monotonic() > ends:
                raise
