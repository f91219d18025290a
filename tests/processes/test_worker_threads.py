"""A stop waits neither for answers that nobody gets any more, nor for Python to tidy up."""

import subprocess
import sys
import threading
import time

from workbench.processes.worker_threads import WorkerThreads


def test_a_stop_waits_for_no_answer() -> None:
    threads = WorkerThreads()
    go_on, begun = threading.Event(), threading.Event()

    def compute() -> str:
        begun.set()
        go_on.wait(20)
        return "done"

    under_way = threads.submit(compute)
    waiting = [threads.submit(compute) for _ in range(100)]
    assert begun.wait(10)
    threads.shutdown(wait=True)
    assert not under_way.done()
    assert waiting[-1].cancelled()
    go_on.set()
    assert under_way.result(10) == "done"


SCRIPT = """\
import threading, time
from workbench.processes.ending import leave
from workbench.processes.worker_threads import WorkerThreads

class Fleet:
    def __del__(self):
        print("taken apart")

fleet, begun = Fleet(), threading.Event()
WorkerThreads().submit(lambda: (begun.set(), time.sleep(60)))
begun.wait()
print("all is written", flush=False)
leave()
"""


def test_a_process_leaves_while_threads_compute() -> None:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=50, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "all is written\n", "")
    assert time.monotonic() - started < 30
