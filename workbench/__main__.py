"""The command line as a process of its own: `workbench`, or `python -m workbench`."""

import gc
from typing import NoReturn


def run() -> NoReturn:
    """Run the command line and end the process.

    Without the garbage collector: what is imported stays, and a command that reads a fleet keeps all of it to its
    end. A server turns the collector on again once all is imported.
    """
    gc.disable()
    from workbench.cli import main
    from workbench.processes.ending import end

    try:
        main()
    except SystemExit as done:
        end(done.code)
    end(0)


if __name__ == "__main__":
    run()
