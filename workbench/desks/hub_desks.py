"""The desks of a hub, where ports are handed out, services registered, and deployments and the audit log written down.

All of it is done on the hub's thread. Whatever goes wrong, those who asked are told, and the hub goes on.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.desks.assignment_desk import AssignmentDesk, DeskCommand, refuse
from workbench.desks.audit import AuditLog
from workbench.desks.deployment_desk import DeploymentDesk, DeploymentNote
from workbench.desks.journal_guard import JournalGuard
from workbench.desks.service_desk import Outcome, RegisterCommand, ServiceDesk
from workbench.errors import StoreError, Unavailable, WorkbenchError
from workbench.fleet.snapshot import Snapshot

logger = logging.getLogger(__name__)

Attended = list[tuple[RegisterCommand, Outcome]]
"""Services that were taken up, and what is to be answered."""


@dataclass(frozen=True)
class Desks:
    """The desks of one hub, and the journal that they share."""

    guard: JournalGuard
    ports: AssignmentDesk
    services: ServiceDesk
    deployments: DeploymentDesk
    audit: AuditLog

    def restore(self) -> None:
        """Take up what the journal knows; raises StoreError."""
        journal = self.guard.usable
        if journal is not None:
            self.ports.restore()
            self.services.restore(journal.registrations())
            self.deployments.restore()

    def assign(self, asked: Sequence[DeskCommand], snapshot: Snapshot) -> None:
        """Hand out and take back ports."""
        try:
            self.guard.check()
            self.ports.serve(asked, snapshot)
        except StoreError as error:
            # It is not known how much of it reached the disk: a second try could give one port to two.
            self.guard.lose(error)
            refuse(asked, error)
        except Exception:
            logger.exception("assigning ports failed")
            refuse(asked, Unavailable("assigning ports failed; the log says why"))

    def attend(self, registering: Sequence[RegisterCommand]) -> Attended:
        """Take up services, and note which have fallen silent. What cannot be written down is kept in memory."""
        waiting = [command for command in registering if command.answer.set_running_or_notify_cancel()]
        outcomes: list[Outcome] = []
        with self.guard.guarded():
            entries, outcomes = self.services.serve(waiting)
            if entries and (journal := self.guard.usable) is not None:
                journal.commit_registrations(entries)
        return list(zip(waiting, outcomes, strict=True))

    def note(self, notes: Sequence[DeploymentNote], revision: int) -> None:
        """Write down what the deployments' engine does; without a state file it is told that it cannot be."""
        try:
            self.guard.check()
            self.deployments.serve(notes, revision)
        except StoreError as error:
            for note in notes:
                note.refuse(error)
            self.guard.lose(error)

    def record(self) -> None:
        """Write down what the audit log has taken; without a state file it stays in memory."""
        try:
            self.guard.check()
            self.audit.write()
            return
        except StoreError as error:
            self.guard.lose(error)
        except Exception:
            logger.exception("writing the audit log failed")
        self.audit.drop()


def answer(attended: Attended) -> None:
    """Tell those who registered a service how it went."""
    for command, outcome in attended:
        if isinstance(outcome, WorkbenchError):
            command.answer.set_exception(outcome)
        else:
            command.answer.set_result(outcome)
