"""One deployment, and the plan of one, as a notebook shows them."""

import asyncio
import shlex
import threading
import time
from collections.abc import Iterable, Iterator
from html import escape
from typing import Final

from workbench.deploy.model import Deployment, Step
from workbench.deploy.wire import DeployPlan
from workbench.desks.deploy_counter import DeployCounter
from workbench.errors import DeploymentTimeout
from workbench.events import Event
from workbench.hub import Hub

DEFAULT_WAIT: Final = 300.0
"""How long a deployment is waited for, in seconds."""
_LOOK_EVERY: Final = 1.0
_MARKS: Final = {"done": "✓", "failed": "✗", "running": "…", "pending": "·"}


class DeployPlanView:
    """What a deployment would do, step by step, each with its command; nothing has been run."""

    def __init__(self, plan: DeployPlan) -> None:
        self.result = plan

    @property
    def explanation(self) -> str:
        """The plan in a sentence."""
        target, before = self.result.target, self.result.before
        place = (
            f"in place of {before.version} on {before.port}" if before else "where nothing deployed from here serves"
        )
        back = "it goes back" if target.rollback_on_failure else "it is left as it is"
        return (
            f"{target.crate_name} {target.version}, {target.strategy}, by the runner {target.runner}, {place}; "
            f"if it fails once traffic was moved, {back}."
        )

    @property
    def steps(self) -> tuple[str, ...]:
        """What would be done, in words."""
        return tuple(step.title for step, _ in self.result.steps)

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The commands that would be run, each as its arguments; no shell reads them."""
        return tuple(command.arguments for _, command in self.result.steps if command)

    def __repr__(self) -> str:
        return "\n".join([f"<plan: {self.explanation}>", *(f"  {title}" for title in self.steps)])

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li>{escape(step.title)}"
            + (f"<br><code>{escape(shlex.join(command.arguments))}</code>" if command else "")
            + "</li>"
            for step, command in self.result.steps
        )
        return f"<div><p>{escape(self.explanation)}</p><ol>{items}</ol></div>"


class DeploymentView:
    """A deployment as it stands whenever it is looked at. It can be followed, waited for, ended and taken back."""

    def __init__(self, hub: Hub, counter: DeployCounter, identity: str) -> None:
        self._hub = hub
        self._counter = counter
        self.id = identity

    @property
    def result(self) -> Deployment:
        """The deployment as it stands now."""
        return self._hub.deployments.find(self.id)

    @property
    def state(self) -> str:
        """`queued`, `running`, `verifying`, `succeeded`, `failed`, `cancelled`, `rolling_back` or `rolled_back`."""
        return self.result.state

    @property
    def error(self) -> str | None:
        """Why it did not succeed."""
        return self.result.error

    @property
    def log(self) -> str:
        """What its commands printed and what was done, as far as it is kept."""
        return "".join(self._parts())

    def follow(self, timeout: float = DEFAULT_WAIT) -> Iterator[str]:
        """Yield the lines of its log, those that come included, until it has ended.

        Raises DeploymentTimeout if that takes longer than `timeout` seconds.
        """
        deadline, since, news = time.monotonic() + timeout, 0, threading.Event()
        unsubscribe = self._hub.log.subscribe(lambda events: news.set() if self._is_told(events) else None)
        try:
            while True:
                news.clear()
                has_ended = self.result.has_ended
                part = self._hub.deployments.engine.read_log(self.id, since)
                since = part.next
                yield from part.text.splitlines()
                if has_ended and not part.text:
                    return
                if not has_ended and time.monotonic() > deadline:
                    raise DeploymentTimeout(f"{self._words} after {timeout:g} s", id=self.id)
                if not part.text:
                    news.wait(_LOOK_EVERY)
        finally:
            unsubscribe()

    def wait(self, timeout: float = DEFAULT_WAIT) -> "DeploymentView":
        """Return once it has ended, however it did. Raises DeploymentTimeout after `timeout` seconds."""
        for _ in self.follow(timeout):
            pass
        return self

    async def wait_async(self, timeout: float = DEFAULT_WAIT) -> "DeploymentView":  # noqa: ASYNC109
        """Do as `wait`, without holding up the loop."""
        return await asyncio.to_thread(self.wait, timeout)

    def cancel(self) -> "DeploymentView":
        """Ask for its end; what it had reached already is taken back. Raises Conflict if it has ended."""
        self._counter.cancel(self.result).result()
        return self

    def roll_back(self) -> "DeploymentView":
        """Ask for what served before it. Raises Conflict if it is not the newest of its crate that succeeded."""
        self._counter.roll_back(self.result).result()
        return self

    def _parts(self) -> Iterator[str]:
        since = 0
        while (part := self._hub.deployments.engine.read_log(self.id, since)).text:
            yield part.text
            since = part.next

    def _is_told(self, events: Iterable[Event]) -> bool:
        return any(event.topic == "deployments" for event in events)

    @property
    def _words(self) -> str:
        item = self.result
        return f"{item.crate_name} {item.target.version}: {item.state.replace('_', ' ')}"

    def __repr__(self) -> str:
        lines = [f"<{self._words}, {self.result.progress:.0%}>", *(_line(step) for step in self.result.steps)]
        return "\n".join([*lines, f"  {self.error}"] if self.error else lines)

    def _repr_html_(self) -> str:
        items = "".join(
            f"<tr><td>{_MARKS[step.state]}</td><td style='text-align:left'>{escape(_title(step))}</td>"
            f"<td>{_seconds(step)}</td><td style='text-align:left'>{escape(step.error or '')}</td></tr>"
            for step in self.result.steps
        )
        error = f"<p>{escape(self.error)}</p>" if self.error else ""
        return f"<div><h4>{escape(self._words)}</h4>{error}<table><tbody>{items}</tbody></table></div>"


def _title(step: Step) -> str:
    return f"undo: {step.title}" if step.is_undo else step.title


def _line(step: Step) -> str:
    return f"  {_MARKS[step.state]} {_title(step)} {_seconds(step)}".rstrip()


def _seconds(step: Step) -> str:
    return f"{step.finished_at - step.started_at:.2f} s" if step.started_at and step.finished_at else ""
