"""A server of the pages over a folder, for the browser tests: prints its address, and ends when its input closes."""

import sys
import threading
from dataclasses import replace
from pathlib import Path

import panel as pn

from api import routes
from workbench import Workbench
from workbench.config import SETTINGS_FILE
from workbench.dashboards import page_functions
from workbench.hub import Hub
from workbench.security.access import AccessRules
from workbench.security.tokens import Token, Tokens
from workbench.settings import load_settings
from workbench.store.database import Store

SECRET = "the-token-of-the-browser-tests"


def main() -> None:
    folder = Path(sys.argv[1])
    file = folder / SETTINGS_FILE
    settings = load_settings(file if file.exists() else None, {})
    state = folder.parent / "state"
    options = replace(settings.hub_options(), deploy=settings.deploy.options(folder, state))
    hub = Hub([folder], options, Store(state))
    hub.start()
    hub.wait_ready()
    wb = Workbench(hub)
    functions = page_functions(wb, AccessRules(Tokens([Token.of("operator", SECRET)])))
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = pn.serve(
        functions, port=port, address="127.0.0.1", start=False, show=False, verbose=False,
        extra_patterns=routes(hub),
    )  # fmt: skip
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()

    def until_closed() -> None:
        sys.stdin.read()
        server.io_loop.add_callback(server.io_loop.stop)

    threading.Thread(target=until_closed, daemon=True).start()
    server.start()
    server.io_loop.start()
    wb.close()


if __name__ == "__main__":
    main()
