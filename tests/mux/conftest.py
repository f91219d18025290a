"""A Mux that answers what a test says, and followers of it that leave no thread behind."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import wait_for
from tests.mux.fake_mux import FakeMux
from workbench.mux.follower import MuxFollower, MuxOptions
from workbench.mux.view import MuxView


@pytest.fixture
def mux() -> Iterator[FakeMux]:
    with FakeMux() as server:
        yield server


class Followed:
    """A follower and the views that it told of."""

    def __init__(self, options: MuxOptions) -> None:
        self.turns: list[tuple[MuxView, MuxView]] = []
        self.follower = MuxFollower(options, lambda older, newer: self.turns.append((older, newer)))

    @property
    def view(self) -> MuxView:
        return self.follower.view

    def until(self, predicate: Callable[[MuxView], object]) -> MuxView:
        wait_for(lambda: predicate(self.view))
        return self.view


@pytest.fixture
def follow() -> Iterator[Callable[..., Followed]]:
    """Follow a URL quickly: `follow(url, **options)`."""
    started: list[Followed] = []

    def start(url: str, **options: Any) -> Followed:
        given = {"interval": 0.1, "timeout": 1.0, "socket": False, "longest_pause": 0.3, **options}
        followed = Followed(MuxOptions(url, **given))
        started.append(followed)
        followed.follower.start()
        return followed

    yield start
    for followed in started:
        followed.follower.stop()
    assert not [thread for thread in threading.enumerate() if thread.name == "workbench-mux"]
