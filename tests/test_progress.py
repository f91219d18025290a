"""Progress bars: quiet where nobody watches or nothing takes long, and telling where it does."""

import io
from contextlib import redirect_stderr

import pytest

from workbench import progress
from workbench.progress import step_bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_nobody_is_told() -> None:
    with redirect_stderr(io.StringIO()), step_bar("betweenness") as told:
        assert told is None


def test_what_is_quick_stays_quiet() -> None:
    terminal = Terminal()
    with redirect_stderr(terminal), step_bar("betweenness") as told:
        assert told is not None
        told(1, 2)
    assert terminal.getvalue() == ""


def test_what_takes_long_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", 0)
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with redirect_stderr(terminal), step_bar("betweenness") as told:
        assert told is not None
        told(3, 256)
    assert "betweenness" in terminal.getvalue()
    assert "3 of 256" in terminal.getvalue()
