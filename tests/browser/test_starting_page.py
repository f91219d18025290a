"""The page that a browser gets while the server starts: it looks like ours, and goes on by itself."""

from typing import Literal

import pytest
from playwright.sync_api import Browser, Route, expect

from workbench.serving.starting import starting_page

PAGE = {"light": "rgb(241, 245, 249)", "dark": "rgb(15, 23, 42)"}


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_goes_on_when_the_server_is_ready(browser: Browser, scheme: Literal["light", "dark"]) -> None:
    document, policy = starting_page()
    asked: list[str] = []

    def answer(route: Route) -> None:
        asked.append(route.request.method)
        is_starting = asked.count("HEAD") < 2
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
        if is_starting:
            route.fulfill(status=503, headers=headers, body=document)
        elif route.request.method == "HEAD":
            route.fulfill(status=405)
        else:
            route.fulfill(status=200, headers=headers, body="<h1>The fleet</h1>")

    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text) if "50" not in message.text else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route("**/*", answer)
        page.goto("http://workbench.test/fleet?q=a#top")
        expect(page.get_by_role("status")).to_have_text("The workbench is starting. This page goes on by itself.")
        expect(page.locator("body")).to_have_css("background-color", PAGE[scheme])
        expect(page.get_by_role("heading")).to_have_text("The fleet")
        assert page.url == "http://workbench.test/fleet?q=a#top"
    assert asked == ["GET", "HEAD", "HEAD", "GET"]
    assert [text for text in complaints if "405" not in text] == []
