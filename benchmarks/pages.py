"""How fast the pages are in a headless Chromium over a warm server: until usable, a filter, idle, sessions."""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from benchmarks.api import lag, lag_between
from benchmarks.reference import fetch, free_port, running

_CHROMIUM: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
                    "--disable-sync", "--no-first-run")  # fmt: skip
_WINDOW: Final = {"width": 1440, "height": 900}
_SERVER: Final = """
from workbench.serving import pages_server
from workbench.__main__ import run
pages_server.SESSION_SECONDS, pages_server.SESSION_LOOK_SECONDS = 10.0, 1.0
run()
"""
"""The server as it is, but for sessions that end after 10 s rather than 60, which is waited for four times."""
_SESSION_ENDS: Final = 13.0
_SETTLES: Final = 40.0
"""By then the server has done what gave way to the visitors before."""


@dataclass(frozen=True)
class Usable:
    """A page, and what stands on it once it can be used."""

    name: str
    selector: str


PAGES: Final = (
    Usable("fleet", ".tabulator-row"),
    Usable("ports", ".tabulator-row"),
    Usable("topology", ".legend .swatch.round"),
    Usable("mux", "#main h2"),
    Usable("deployments", "#main h2"),
    Usable("findings", ".tabulator-row"),
    Usable("events", ".tabulator-row"),
    Usable("sql", "textarea"),
    Usable("history", ".tabulator-row"),
    Usable("audit", "#main h2"),
)
FILTERS: Final = (("fleet", "Class"), ("findings", "Severity"), ("ports", "Severity"), ("topology", "Class"))
"""A page, and the choice on it whose answer is timed."""

_ANSWERED: Final = """async (label) => {
  function* deep(root) {
    for (const e of root.querySelectorAll("*")) { yield e; if (e.shadowRoot) yield* deep(e.shadowRoot); }
  }
  const all = [...deep(document.body)];
  const labelled = (e) => e.getRootNode().querySelector("label")?.textContent === label;
  const select = all.find((e) => e.tagName === "SELECT" && labelled(e));
  const counts = all.filter((e) => e.classList.contains("count"));
  const panes = counts.map((e) => e.getRootNode());
  const told = () => panes.map((root) => root.textContent).join("|");
  const before = told();
  const option = [...select.options].find((o) => !o.selected && o.index > 0);
  const started = performance.now();
  select.value = option.value;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  while (told() === before && performance.now() - started < 10000) await new Promise((r) => requestAnimationFrame(r));
  return performance.now() - started;
}"""


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks pages", description=__doc__)
    parser.add_argument(
        "--fleet", type=Path, default=Path("data/fleet"), help="tree to serve (default: the sample fleet)"
    )
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--idle", type=float, default=10.0, help="seconds for which an open page is left alone")
    parser.add_argument("--chromium", default=os.environ.get("WORKBENCH_CHROMIUM", "/usr/bin/chromium"))
    options = parser.parse_args(arguments)
    with _served(options.fleet) as (url, process), _browser(options.chromium) as browser:
        print(f"\n{options.fleet}, {options.runs} runs each, medians; the window is 1440 wide")
        _first_visits(url, browser)
        with _context(browser, url) as context:
            _usable(context, url, process, options.runs)
            _filters(context, options.runs)
        _idle(browser, url, process, options.idle)
    if options.sessions:
        # A server of its own: what earlier sessions gave back would be taken up again, and nothing be seen.
        with _served(options.fleet) as (url, process), _browser(options.chromium) as browser:
            _sessions(browser, url, process, options.sessions)


@contextmanager
def _served(fleet: Path) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="workbench-bench-") as state:
        where = ("--port", str(port), "--ws-port", "0", "--state", state)
        with running(sys.executable, "-c", _SERVER, "serve", str(fleet), *where) as process:
            url = f"http://127.0.0.1:{port}"
            while b'"ready"' not in fetch(f"{url}/ready"):
                time.sleep(0.1)
            yield url, psutil.Process(process.pid)


@contextmanager
def _browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_CHROMIUM))
        yield browser
        browser.close()


@contextmanager
def _context(browser: Browser, url: str) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=url, viewport=_WINDOW)  # type: ignore[arg-type]
    context.set_default_timeout(60_000)
    yield context
    context.close()


def _opened(page: Page, wanted: Usable) -> float:
    """Return the seconds from the request until a page can be used."""
    started = time.perf_counter()
    page.goto(f"/{wanted.name}", wait_until="commit")
    page.locator(wanted.selector).first.wait_for()
    return time.perf_counter() - started


def _first_visits(url: str, browser: Browser) -> None:
    """Open every page once: nobody has looked at the revision before. Says how late the event loop was meanwhile."""
    before = lag(url)
    with _context(browser, url) as context:
        page = context.new_page()
        seconds = {wanted.name: _opened(page, wanted) for wanted in PAGES}
    told = ", ".join(f"{name} {taken:.2f}" for name, taken in seconds.items())
    print(f"\nfirst visitor of a revision, s: {told}\n  event loop meanwhile: {lag_between(before, lag(url))}")


def _usable(context: BrowserContext, url: str, process: psutil.Process, runs: int) -> None:
    seconds: dict[str, list[float]] = {wanted.name: [] for wanted in PAGES}
    burnt: dict[str, list[float]] = {wanted.name: [] for wanted in PAGES}
    before = lag(url)
    for _ in range(runs):
        for wanted in PAGES:
            page, used = context.new_page(), _used(process)
            seconds[wanted.name].append(_opened(page, wanted))
            burnt[wanted.name].append(_used(process) - used)
            page.close()
    print(f"\nfrom the request until usable\n  event loop meanwhile: {lag_between(before, lag(url))}")
    for name, taken in seconds.items():
        print(f"  {name:<12} {_spread(taken)}   processor of the server {statistics.median(burnt[name]):.2f} s")


def _filters(context: BrowserContext, runs: int) -> None:
    print("\na filter's answer, in the browser")
    for name, label in FILTERS:
        page = context.new_page()
        taken = []
        for _ in range(runs):
            _opened(page, next(wanted for wanted in PAGES if wanted.name == name))
            page.wait_for_timeout(500)
            taken.append(page.evaluate(_ANSWERED, label) / 1000)
        page.close()
        print(f"  {name:<12} {label:<9} {_spread(taken)}")


def _idle(browser: Browser, url: str, process: psutil.Process, seconds: float) -> None:
    """Compare the processor time of the server with no page open, before and after, and with one."""
    time.sleep(_SETTLES)  # the end of the sessions before is work too
    without = _burnt(process, seconds)
    told = []
    for name in ("fleet", "topology", "mux"):
        with _context(browser, url) as context:
            _opened(context.new_page(), next(wanted for wanted in PAGES if wanted.name == name))
            time.sleep(3)
            told.append((name, _burnt(process, seconds)))
    without = (without + _burnt(process, seconds)) / 2
    print(f"\nprocessor of the server while nobody does anything, of one core: no page {without:.1%}")
    for name, share in told:
        print(f"  {name:<12} {share:.1%}")


def _burnt(process: psutil.Process, seconds: float) -> float:
    """Return the share of a core that a process and its children take."""
    before, started = _used(process), time.perf_counter()
    time.sleep(seconds)
    return (_used(process) - before) / (time.perf_counter() - started)


def _used(process: psutil.Process) -> float:
    """Return the processor time of a process and its children so far, in seconds."""
    return sum(sum(one.cpu_times()[:2]) for one in (process, *process.children(recursive=True)))


def _sessions(browser: Browser, url: str, process: psutil.Process, count: int) -> None:
    """Open many pages, close them, and open as many again: what the second round adds was not given back."""
    print(f"\nmemory of the server with {count} sessions, MB resident")
    with _context(browser, url) as context:
        for wanted in PAGES:
            _opened(context.new_page(), wanted)
    time.sleep(_SESSION_ENDS)
    before = _resident(process)
    for number in (1, 2):
        with _context(browser, url) as context:
            for n in range(count):
                _opened(context.new_page(), PAGES[n % len(PAGES)])
            opened = _resident(process)
        time.sleep(_SESSION_ENDS)
        closed = _resident(process)
        each = (opened - before) / count
        print(f"  round {number}: {before:.0f} before, {opened:.0f} open ({each:+.1f} each), {closed:.0f} closed")
        before = closed


def _resident(process: psutil.Process) -> float:
    return float(process.memory_info().rss) / 2**20


def _spread(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):6.3f} s   min {min(seconds):6.3f}   max {max(seconds):6.3f}"
