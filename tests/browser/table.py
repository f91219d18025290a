"""The table of a page and the details beside it, and choosing a row as a person does: again if nothing happened."""

import time
from collections.abc import Callable

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
    target = row if cell is None else row.locator(".tabulator-cell").nth(cell)
    again_until(target.click, lambda: expect(row).to_contain_class("tabulator-selected", timeout=_ANSWER_MS))


def open_by_keys(page: Page, start: Locator, *keys: str, details_tell: str) -> None:
    """Press keys from where the focus is put until the details tell something; a table that draws itself loses it."""

    def press() -> None:
        start.focus()
        for key in keys:
            page.keyboard.press(key)

    again_until(press, lambda: expect(details(page)).to_contain_text(details_tell, timeout=_ANSWER_MS))


def again_until(act: Callable[[], object], check: Callable[[], None]) -> None:
    """Do something until a check holds, as a person does whose click was lost."""
    ends = time.monotonic() + _DEADLINE
    while True:
        act()
        try:
            return check()
        except AssertionError:
            if time.monotonic() > ends:
                raise
