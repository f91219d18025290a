"""The desk at which deployments are asked for, and at which the hub's thread writes down what their engine does."""

import secrets
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final, Protocol

import orjson

from workbench.deploy.engine import Engine, EngineOptions, LogGrowth
from workbench.deploy.machine import Asked, CancelAsked, RollbackAsked
from workbench.deploy.model import Deployment, Instance, Target
from workbench.deploy.plan import forward_steps
from workbench.deploy.runner import Command
from workbench.deploy.target import DeployRequest, target_of
from workbench.deploy.wire import DeployPlan, deployment_model
from workbench.errors import NotDeployable, StoreError, Unavailable, UnknownDeployment, WorkbenchError
from workbench.events import Draft, Event, EventLog
from workbench.fleet.lookup import crate_records
from workbench.fleet.snapshot import Snapshot

_LOOK_EVERY: Final = 1.0


class DeploymentJournal(Protocol):
    """Where deployments are written down; the store is one."""

    def deployments(self) -> list[Deployment]:
        """Return each deployment as it was written last, in the order of that; or raise StoreError."""

    def commit_deployments(self, items: Sequence[Deployment], events: Sequence[Event]) -> None:
        """Write deployments and events in one transaction, durable before this returns, or raise StoreError."""


@dataclass(frozen=True)
class DeploymentNote:
    """What the engine wants written down and told; `answer` says when it is."""

    deployments: tuple[Deployment, ...] = ()
    growths: tuple[LogGrowth, ...] = ()
    answer: "Future[None]" = field(default_factory=Future)

    def refuse(self, error: WorkbenchError) -> None:
        """Say that nothing will come of it."""
        with suppress(InvalidStateError):
            self.answer.set_exception(error)


@dataclass(frozen=True)
class DeskAccess:
    """What the desk needs of its hub: its newest snapshot, where manifests are, whether it runs, and its ear."""

    snapshot: Callable[[], Snapshot]
    absolute: Callable[[str], Path]
    is_running: Callable[[], bool]
    submit: Callable[[DeploymentNote], None]


class DeploymentDesk:
    """Deployments of one hub. Any thread asks; reads are of immutable values.

    Without a journal they are kept in memory only.
    """

    def __init__(
        self, journal: DeploymentJournal | None, log: EventLog, options: EngineOptions, access: DeskAccess
    ) -> None:
        self.engine = Engine(options, self)
        self._journal = journal
        self._log = log
        self._access = access

    # ------------------------------------------------------------------ for those who ask

    @property
    def all(self) -> list[Deployment]:
        """All deployments that are known, newest first."""
        return sorted(self.engine.book.values(), key=lambda item: -item.number)

    def find(self, identity: str) -> Deployment:
        """Return a deployment by its id. Raises UnknownDeployment."""
        found = self.engine.book.get(identity)
        if found is None:
            raise UnknownDeployment(f'there is no deployment "{identity[:64]}"', id=identity[:64])
        return found

    @property
    def live(self) -> dict[str, Instance]:
        """What serves each crate, as far as it was deployed from here."""
        return dict(self.engine.live)

    @property
    def has_runners(self) -> bool:
        """Whether anything can be deployed."""
        return len(self.engine.options.runners) > 0

    def plan(self, crate_name: str, request: DeployRequest) -> DeployPlan:
        """Return what a deployment would do now; nothing is run or kept.

        Raises UnknownCrate, NoRunner, NotDeployable, InvalidVersion or InvalidRequest.
        """
        target = self._target(crate_name, request)
        runner = self.engine.options.runners.named(target.runner)
        before = self.engine.live.get(target.crate_name)
        steps = forward_steps(target, before, self.engine.left.get(target.crate_name))
        return DeployPlan(target, before, tuple((step, self._shown(runner.command(step, target))) for step in steps))

    def _shown(self, command: Command | None) -> Command | None:
        """Return a command as it may be shown."""
        mask = self.engine.options.masker
        return command and replace(command, arguments=tuple(map(mask, command.arguments)))

    def deploy(
        self, crate_name: str, request: DeployRequest, key: str | None = None, actor: str = ""
    ) -> "Future[Deployment]":
        """Ask for a deployment; the future holds it once it is written down, or why there is none.

        Raises what `plan` raises, without asking.
        """
        target = self.plan(crate_name, request).target
        asked = orjson.dumps({"crate": target.crate_name, **asdict(request)}, option=orjson.OPT_SORT_KEYS).decode()
        self._check_running()
        return self.engine.ask(Asked(secrets.token_hex(8), target, actor, key, asked))

    def cancel(self, identity: str) -> "Future[Deployment]":
        """Ask for the end of a deployment; what it had reached already is taken back."""
        self._check_running()
        return self.engine.ask(CancelAsked(identity))

    def roll_back(self, identity: str) -> "Future[Deployment]":
        """Ask for what served before a deployment."""
        self._check_running()
        return self.engine.ask(RollbackAsked(identity))

    def _check_running(self) -> None:
        if not self._access.is_running():
            raise Unavailable("the hub does not run; deployments are made while it does")

    def _target(self, crate_name: str, request: DeployRequest) -> Target:
        records = crate_records(crate_name, self._access.snapshot())
        record = records[0]
        assert record.crate is not None
        runner = self.engine.options.runners.of(record.crate.name)
        if len(records) > 1:
            paths = [other.manifest.path for other in records]
            raise NotDeployable(f"{len(records)} manifests bear the name {record.crate.name}", paths=paths)
        directory = str(self._access.absolute(record.manifest.path).parent)
        return target_of(record, request, runner, self._access.snapshot().plan, directory)

    # ------------------------------------------------------------------ for the engine, as its keeper

    def keep(self, deployments: Sequence[Deployment]) -> None:
        """Have deployments written down; returns when they are. Raises StoreError."""
        note = DeploymentNote(deployments=tuple(deployments))
        self._access.submit(note)
        while True:
            try:
                return note.answer.result(timeout=_LOOK_EVERY)
            except NotYet:
                if not self._access.is_running():
                    raise StoreError("the hub has ended") from None

    def tell(self, growths: Sequence[LogGrowth]) -> None:
        """Have it told that logs have grown."""
        if growths:
            self._access.submit(DeploymentNote(growths=tuple(growths)))

    # ------------------------------------------------------------------ for the hub's thread

    def restore(self) -> None:
        """Take up the deployments of earlier runs. Raises StoreError."""
        if self._journal is not None:
            self.engine.start(self._journal.deployments())

    def serve(self, notes: Sequence[DeploymentNote], revision: int) -> None:
        """Write down what the notes say in one go, and tell it. Raises StoreError, with all notes refused."""
        if not notes:
            return
        kept = {item.id: item for note in notes for item in note.deployments}
        events = self._log.number([draft for note in notes for draft in _drafts(note)], revision)
        try:
            if self._journal is not None:
                self._journal.commit_deployments(list(kept.values()), events)
        except StoreError as error:
            for note in notes:
                note.refuse(error)
            raise
        self._log.publish(events)
        for note in notes:
            with suppress(InvalidStateError):
                note.answer.set_result(None)

    def stop(self) -> None:
        """End what is at work; the next start goes on from there."""
        self.engine.stop()


def _drafts(note: DeploymentNote) -> list[Draft]:
    changes = [
        Draft("deployment.changed", "deployments", {"deployment": deployment_model(item)}) for item in note.deployments
    ]
    logs = [
        Draft(
            "deployment.log",
            "deployments",
            {
                "id": item.deployment.id,
                "crate_name": item.deployment.crate_name,
                "lines": list(item.lines),
                "next": item.next,
            },
        )
        for item in note.growths
    ]
    return changes + logs
