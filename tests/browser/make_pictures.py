"""The pictures of the pages in docs/img, of the sample fleet: `python -m tests.browser.make_pictures` makes them anew."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.server import ROOT, SAMPLE, ServedFleet
from tests.mux.fake_mux import FakeMux
from tests.mux.serve_fake import sample_mux

FOLDER: Final = ROOT / "docs" / "img"
_BY_BLOCK: Final = "SELECT block, count(*) AS ports FROM ports WHERE role = 'owner' GROUP BY block ORDER BY ports"
PAGES: Final = {
    "fleet": "fleet",
    "ports": "ports?port=18108",
    "topology": "topology?node=crate:port-manager",
    "mux": "mux?service=night-watch",
    "findings": "findings?q=port",
    "sql": f"sql?sql={_BY_BLOCK}&chart=bars&x=block&y=ports",
}
LATER: Final = {"history": "history?from=1&to=5", "pinned": "findings?revision=1&severity=error"}
"""Those for which the fleet must have changed."""
_EDITS: Final = (
    ("web/kiosk", "3000", "15191"),
    ("platform/port-manager", '"3.1.0"', '"3.1.1"'),
    ("web/console", '"6.1.0"', '"6.2.0"'),
    ("geo/weather-grid", '"0.12.0"', '"0.13.0"'),
)


def take(page: Page, pictures: dict[str, str]) -> None:
    """Take a picture of each page as it is once nothing moves any more."""
    for name, path in pictures.items():
        page.goto(f"/{path}", wait_until="networkidle")
        expect(page.locator("#wb-loading")).to_have_count(0)
        page.wait_for_timeout(1_500)
        page.screenshot(path=FOLDER / f"{name}.png")


def edit(fleet: ServedFleet, page: Page) -> None:
    """Change one manifest after the other, each in a revision of its own."""
    page.goto("/history")
    pulse = page.get_by_text(re.compile(r"^revision")).first
    for revision, (path, old, new) in enumerate(_EDITS, start=2):
        manifest = fleet.manifest(path)
        text = manifest.read_text("utf-8")
        assert old in text, f"{path} has no {old}"
        manifest.write_text(text.replace(old, new), "utf-8")
        expect(pulse).to_contain_text(f"revision {revision} ", timeout=15_000)


def main() -> None:
    """Serve a copy of the sample fleet and what a Mux might say of it, and take the pictures."""
    with tempfile.TemporaryDirectory() as place, FakeMux(sample_mux()) as mux, sync_playwright() as playwright:
        folder = Path(place) / "fleet"
        shutil.copytree(SAMPLE, folder)
        (folder / "workbench.toml").write_text(f'[mux]\nurl = "{mux.url}"\ninterval = 2\n', "utf-8")
        fleet = ServedFleet(folder)
        chromium = os.environ.get("WORKBENCH_CHROMIUM") or "/usr/bin/chromium"
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(base_url=fleet.url, viewport={"width": 1440, "height": 900}, color_scheme="dark")
        try:
            take(page, PAGES)
            edit(fleet, page)
            take(page, LATER)
        finally:
            browser.close()
            fleet.close()


if __name__ == "__main__":
    main()
