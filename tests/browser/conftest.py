"""A real server over a copy of the sample fleet, and a real Chromium that must not complain and must not leave home."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.server import ServedFleet, served_sample
from tests.browser.windows import Windows

# A change that the system tells nobody of is seen at the hub's next beat.
expect.set_options(timeout=15_000)


@pytest.fixture(scope="package")
def shared_fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFleet]:
    with served_sample(tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture
def fleet(shared_fleet: ServedFleet) -> Iterator[ServedFleet]:
    """The server that all tests share, and a copy of the sample fleet; what a test changes there is put back."""
    yield shared_fleet
    shared_fleet.put_back()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = os.environ.get("WORKBENCH_CHROMIUM") or "/usr/bin/chromium"
    if not Path(path).exists():
        pytest.skip(f"no Chromium at {path}; set WORKBENCH_CHROMIUM")
    options = [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--process-per-site",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def shared_windows(browser: Browser) -> Iterator[Windows]:
    windows = Windows(browser)
    yield windows
    windows.close()


@pytest.fixture
def windows(shared_windows: Windows) -> Iterator[Windows]:
    """The windows that all tests share, as new."""
    yield shared_windows
    shared_windows.clear()


class Watched:
    """What a page must not do: complain in the console, fail, or ask any other host for anything."""

    def __init__(self, page: Page, home: str) -> None:
        self.complaints: list[str] = []
        self.strangers: list[str] = []
        self._home = urlsplit(home).netloc
        page.on("console", lambda message: self._heard(message.type, message.text))
        page.on("pageerror", lambda error: self._heard("error", str(error)))
        page.on("request", lambda request: self._asked(request.url))

    def _heard(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(f"{kind}: {text}")

    def _asked(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._home:
            self.strangers.append(url)


@pytest.fixture
def width(request: pytest.FixtureRequest) -> int:
    """The window's width; a test is run at others by `@pytest.mark.parametrize("width", …, indirect=True)`."""
    return getattr(request, "param", 1280)


@pytest.fixture
def page(windows: Windows, fleet: ServedFleet, width: int) -> Iterator[Page]:
    page = windows.at(fleet.url, width).new_page()
    watched = Watched(page, fleet.url)
    yield page
    page.close()
    assert watched.complaints == []
    assert watched.strangers == []
