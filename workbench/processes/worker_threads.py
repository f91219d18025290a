"""The threads on which a server computes answers."""

from concurrent.futures import ThreadPoolExecutor


class WorkerThreads(ThreadPoolExecutor):
    """Threads that a stop does not wait for: whoever asked is gone, and what must last is written elsewhere."""

    def __init__(self) -> None:
        super().__init__(thread_name_prefix="workbench-answers")

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work and drop what was not begun; returns at once, whatever is asked for."""
        super().shutdown(wait=False, cancel_futures=True)
