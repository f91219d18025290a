"""Choosing a row of a table as a person does: look at it, click, and click again if nothing happened."""

import time

from playwright.sync_api import Locator, expect

_DEADLINE = 15.0
_ANSWER_MS = 1_500


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
