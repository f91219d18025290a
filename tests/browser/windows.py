"""The windows in which tests look at pages, kept from one test to the next."""

from playwright.sync_api import Browser, BrowserContext

from tests.browser.server import WIDTHS

TIMEOUT_MS = 15_000


class Windows:
    """Windows on one server at a time, one for each width.

    A test gets a new page in a window that others have used: Chromium has our scripts compiled then, in a process that
    the window's first page keeps alive, and shows a page at half the cost. What a test leaves there is taken away.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._url = ""
        self._windows: dict[int, BrowserContext] = {}

    def at(self, url: str, width: int) -> BrowserContext:
        """Return the window of a width on a server."""
        if url != self._url:
            self.close()
            self._url = url
        if width not in self._windows:
            size = {"width": width, "height": WIDTHS.get(width, 800)}
            window = self._browser.new_context(base_url=url, viewport=size, has_touch=width < 600)  # type: ignore[arg-type]
            window.set_default_timeout(TIMEOUT_MS)
            window.new_page().goto(f"{url}/health")
            self._windows[width] = window
        return self._windows[width]

    def clear(self) -> None:
        """Close what is open, and forget what the browser was to keep."""
        for window in self._windows.values():
            first, *others = window.pages
            for page in others:
                page.close()
            first.evaluate("localStorage.clear()")
            window.clear_cookies()
            window.clear_permissions()

    def close(self) -> None:
        for window in self._windows.values():
            window.close()
        self._windows.clear()
