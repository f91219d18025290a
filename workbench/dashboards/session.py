"""The way back into a session: from the hub's thread, or any other, to the one browser or notebook that waits."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import ref

import panel as pn
from bokeh.document import Document

Answer = TypeVar("Answer")


class Session:
    """The session in which this is made.

    In a server, what is called runs in the session's document, under its lock. In a notebook it runs on the kernel's
    event loop. Where there is neither, it runs on the caller's thread.
    """

    def __init__(self) -> None:
        document = served_document()
        self._document: Callable[[], Document | None] = ref(document) if document is not None else lambda: None
        self._loop = _running_loop() if document is None else None

    def call(self, function: Callable[[], None]) -> None:
        """Have a function called there soon. Called from any thread."""
        document = self._document()
        if document is not None:
            document.add_next_tick_callback(function)
        elif self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function)
        else:
            function()

    def compute(self, function: Callable[[], Answer], done: Callable[[Answer], None]) -> None:
        """Compute something slow, off the event loop of a server, and call `done` with it in the session.

        On a worker's thread, and where there is no server, it is computed at once.
        """
        loop = _running_loop() if self._document() is not None else None
        if loop is None:
            done(function())
            return
        future: asyncio.Future[Answer] = loop.run_in_executor(None, function)
        future.add_done_callback(lambda computed: self.call(lambda: done(computed.result())))

    def on_end(self, function: Callable[[], None]) -> None:
        """Have a function called when the session ends; outside a server it never is."""
        document = self._document()
        if document is not None:
            document.on_session_destroyed(lambda _: function())


def served_document() -> Document | None:
    """Return the document of the server's session that is at work just now; None in a notebook and elsewhere."""
    document = pn.state.curdoc
    return document if document is not None and document.session_context is not None else None


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
