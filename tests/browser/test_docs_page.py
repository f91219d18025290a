"""The page of the API shows every operation, tries one out with a token, and loads nothing from elsewhere."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [390, 1280, 2560], indirect=True)
def test_every_operation_is_shown_within_the_window(page: Page) -> None:
    page.goto("/api/docs")
    spec = page.request.get("/api/openapi.json").json()
    shown = sum(method not in ("head", "options") for path in spec["paths"].values() for method in path)
    expect(page.locator(".opblock")).to_have_count(shown)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_read_is_tried_out(page: Page) -> None:
    page.goto("/api/docs")
    operation = page.locator("#operations-System-get-health")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    expect(operation.locator(".live-responses-table .response .response-col_status")).to_contain_text("200")
    expect(operation.locator(".live-responses-table .microlight").first).to_contain_text('"status": "ok"')


def test_a_token_is_sent_and_not_kept(page: Page) -> None:
    page.goto("/api/docs")
    page.get_by_role("button", name="Authorize").first.click()
    page.get_by_label("auth-bearer-value").fill("a-token-that-is-wrong")
    page.locator(".auth-btn-wrapper").first.get_by_role("button", name="Apply credentials").click()
    page.locator(".auth-btn-wrapper").first.get_by_role("button", name="Close").click()
    operation = page.locator("#operations-Ports-get-api-ports-assignments")
    operation.get_by_role("button").first.click()
    operation.get_by_role("button", name="Try it out").click()
    page.route("**/api/ports/assignments**", lambda route: route.fulfill(json=[]))
    with page.expect_request("**/api/ports/assignments**") as sent:
        operation.get_by_role("button", name="Execute").click()
    assert sent.value.headers["authorization"] == "Bearer a-token-that-is-wrong", "a server may close its reads"
    page.route("**/release", lambda route: route.fulfill(json={}))
    release = page.locator("#operations-Ports-post-api-ports-port-release")
    release.get_by_role("button").first.click()
    release.get_by_role("button", name="Try it out").click()
    with page.expect_request("**/release") as sent:
        release.get_by_role("button", name="Execute").click()
    assert sent.value.headers["authorization"] == "Bearer a-token-that-is-wrong"
    assert page.evaluate("Object.keys(localStorage).length") == 0
