"""What the hub's thread is asked to do."""

import queue
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Final

from workbench.desks.assignment_desk import DeskCommand, refuse
from workbench.desks.deployment_desk import DeploymentNote
from workbench.desks.service_desk import RegisterCommand
from workbench.errors import StoreError, Unavailable
from workbench.events import Draft
from workbench.fleet.snapshot import Snapshot

_MOST_AT_ONCE: Final = 256


@dataclass(frozen=True)
class Command:
    """What the hub's thread is asked to do: rescan subtrees (None for everything), serve at the desks, or stop."""

    subtrees: list[str] | None = None
    done: "tuple[Future[Snapshot], ...]" = ()
    stop: bool = False
    asked: tuple[DeskCommand, ...] = ()
    registering: tuple[RegisterCommand, ...] = ()
    told: tuple[Draft, ...] = ()
    """Events that others have to tell."""
    notes: tuple[DeploymentNote, ...] = ()

    def merged(self, following: "Command") -> "Command":
        """Return the command that does what this one and the following ask for, in one go."""
        everything = self.subtrees is None or following.subtrees is None
        subtrees = None if everything else [*(self.subtrees or ()), *(following.subtrees or ())]
        done = (*self.done, *following.done)
        asked, registering = (*self.asked, *following.asked), (*self.registering, *following.registering)
        told, notes = (*self.told, *following.told), (*self.notes, *following.notes)
        return Command(subtrees, done, self.stop or following.stop, asked, registering, told, notes)

    def refuse(self) -> None:
        """Tell all who wait that nothing will come of it."""
        for done in self.done:
            done.cancel()
        refuse((*self.asked, *self.registering), Unavailable("the server is stopping"))
        for note in self.notes:
            note.refuse(StoreError("the server is stopping"))


class CommandQueue:
    """What the hub's thread has still to do; any thread may add to it."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Command] = queue.SimpleQueue()

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return self._waiting.empty()

    def put(self, command: Command) -> None:
        """Ask for something."""
        self._waiting.put(command)

    def next(self, seconds: float) -> Command | None:
        """Return what waits, merged; None if nothing comes for some seconds."""
        try:
            command = self._waiting.get(timeout=seconds)
        except queue.Empty:
            return None
        taken = 1
        while taken < _MOST_AT_ONCE and not self._waiting.empty():
            command = command.merged(self._waiting.get())
            taken += 1
        return command

    def refuse(self) -> None:
        """Tell all who wait that nothing will come of it."""
        while not self._waiting.empty():
            self._waiting.get().refuse()
