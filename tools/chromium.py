"""Print the path of a Chromium that really runs, for the browser tests; find one, else install one.

Playwright's driver, which steers it, must run as well: on a small system it may lack a library. The browser is looked
for in this order: ``WORKBENCH_CHROMIUM``, on PATH, among the browsers that Playwright has fetched, the distribution's
package (as root on Debian), Playwright's own download. The answer is kept in the virtual environment, so that the
search is made once.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPLICATIONS = ("Google Chrome.app/Contents/MacOS/Google Chrome", "Chromium.app/Contents/MacOS/Chromium")
ANSWER = Path(sys.executable).parent.parent / "workbench-chromium.txt"

HELP = """\
No browser for the browser tests: none was found that runs, and none could be installed.
Do one of these, then try again:
  - install one: apt-get install chromium (Debian, as root), or {python} -m playwright install chromium
  - name one:    make test WORKBENCH_CHROMIUM=/path/to/chromium
  - go without:  make test SKIP_BROWSER=1 (the browser tests are skipped)"""


def say(text: str) -> None:
    """Tell the person at the terminal what goes on."""
    print(text, file=sys.stderr, flush=True)


def runs(browser: str) -> bool:
    """Whether the browser draws a page. Its mere presence says little: some distributions put a stub in its place."""
    page = "data:text/html,<p>drawn</p>"
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
    flags += ["--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--dump-dom"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [browser, *flags, f"--user-data-dir={profile}", page]
        try:
            answer = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return b"<p>drawn</p>" in answer.stdout


def on_path() -> Iterator[str]:
    """Browsers on PATH, then where macOS keeps applications."""
    for name in NAMES:
        if found := shutil.which(name):
            yield found
    for folder in (Path("/Applications"), Path("~/Applications").expanduser()):
        yield from (str(folder / name) for name in MAC_APPLICATIONS if (folder / name).exists())


def from_playwright() -> Iterator[str]:
    """Browsers that Playwright has fetched, newest first."""
    asked = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    homes = [asked] if asked and asked != "0" else ["~/.cache/ms-playwright", "~/Library/Caches/ms-playwright"]
    for home in homes:
        folders = sorted(Path(home).expanduser().glob("chromium*-*"), key=lambda path: path.stat().st_mtime)
        for folder in reversed(folders):
            for pattern in ("chrome-*/chrome", "chrome-*/*.app/Contents/MacOS/*", "chrome-*/*headless*shell"):
                yield from (str(path) for path in sorted(folder.glob(pattern)) if os.access(path, os.X_OK))


def attempt(*command: str) -> bool:
    """Run an installer; whether it ended well. Its many words are shown only where it failed."""
    say("$ " + " ".join(command))
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    pipe = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run(command, **pipe, env=environment, check=False)
    if done.returncode != 0:
        say("\n".join(done.stdout.decode(errors="replace").splitlines()[-8:]))
    return done.returncode == 0


def install_packages(*packages: str) -> bool:
    """As root on Debian: packages of the distribution, with a second try after refreshing the package lists."""
    apt = shutil.which("apt-get")
    if not apt or os.geteuid() != 0:
        return False
    install = (apt, "install", "-y", "--no-install-recommends", *packages)
    return attempt(*install) or (attempt(apt, "update") and attempt(*install))


def from_apt() -> Iterator[str]:
    """The distribution's browser, and a font, without which pages show empty boxes."""
    if install_packages("chromium", "fonts-liberation"):
        yield from on_path()


def from_download() -> Iterator[str]:
    """Playwright's own download, with the libraries it needs where we may install them."""
    fetch = [sys.executable, "-m", "playwright", "install", "chromium"]
    with_libraries = shutil.which("apt-get") is not None and os.geteuid() == 0
    if (with_libraries and attempt(*fetch, "--with-deps")) or attempt(*fetch):
        yield from from_playwright()


def driver_runs() -> bool:
    """Whether Playwright's driver starts, if need be with the one library that it does not bring along."""
    version = [sys.executable, "-m", "playwright", "--version"]

    def starts() -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(version, stdin=subprocess.DEVNULL, capture_output=True, check=False)

    answer = starts()
    if answer.returncode != 0 and b"libatomic" in answer.stderr and install_packages("libatomic1"):
        answer = starts()
    if answer.returncode != 0:
        say("Playwright's driver does not start here: " + answer.stderr.decode(errors="replace").strip())
    return answer.returncode == 0


def kept() -> str | None:
    """The answer of an earlier run, as long as that file is the same."""
    with contextlib.suppress(OSError, ValueError):
        modified, path = ANSWER.read_text(encoding="utf-8").split(maxsplit=1)
        if os.stat(path).st_mtime_ns == int(modified) and os.access(path, os.X_OK):
            return path
    return None


def keep(browser: str) -> str:
    """Remember a browser that was seen to run."""
    ANSWER.write_text(f"{os.stat(browser).st_mtime_ns} {browser}", encoding="utf-8")
    return browser


def find() -> str | None:
    """The first browser that runs, installing one if there is none."""
    for source in (on_path, from_playwright, from_apt, from_download):
        for browser in source():
            if runs(browser):
                return keep(browser)
            say(f"{browser} does not run here; looking further.")
    return None


def chosen() -> str | None:
    """The browser that the caller asks for, else the one known from an earlier run, else the first that is found."""
    asked, earlier = os.environ.get("WORKBENCH_CHROMIUM"), kept()
    if earlier and not asked:
        return earlier
    if not earlier and not driver_runs():
        return None
    if not asked:
        return find()
    browser = shutil.which(os.path.expanduser(asked))
    if browser and (browser == earlier or runs(browser)):
        return keep(browser)
    say(f"WORKBENCH_CHROMIUM={asked} does not run here as a headless browser.")
    return None


def main() -> int:
    """Print the path and end with 0, or say what to do and end with 1."""
    browser = chosen()
    if not browser:
        say(HELP.format(python=os.path.relpath(sys.executable)))
        return 1
    print(browser)
    return 0


if __name__ == "__main__":
    sys.exit(main())
