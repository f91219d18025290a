"""A server of the pages over a folder, for the browser tests: prints its address, and ends when its input closes."""

import sys
import threading

import panel as pn

from workbench import Workbench
from workbench.dashboards import page_functions


def main() -> None:
    wb = Workbench.scan(sys.argv[1], watch=True)
    port = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    server = pn.serve(page_functions(wb), port=port, address="127.0.0.1", start=False, show=False, verbose=False)
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()

    def until_closed() -> None:
        sys.stdin.read()
        server.io_loop.add_callback(server.io_loop.stop)

    threading.Thread(target=until_closed, daemon=True).start()
    server.start()
    server.io_loop.start()
    wb.close()


main()
