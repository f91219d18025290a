"""The `[observe]` and `[registrations]` settings: what is looked at, and how long silence is borne."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from workbench.desks.registrations import DEFAULT_GONE_AFTER, DEFAULT_MOST, DEFAULT_STALE_AFTER, Patience
from workbench.live.layer import DEFAULT_RATE, LiveOptions
from workbench.sections.ports import PortNumber, Section
from workbench.sources.rounds import Target

Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class HostSettings(Section):
    """One of `[[observe.hosts]]`: another host, whose ports are probed over TCP."""

    host: Annotated[str, Field(min_length=1)]
    ports: Literal["declared"] | tuple[PortNumber, ...] = "declared"
    interval: Annotated[float, Field(ge=1, le=86_400)] = 60.0
    timeout: Annotated[float, Field(gt=0, le=60)] = 2.0
    health: bool = False

    def target(self) -> Target:
        """Return what is probed."""
        ports = None if self.ports == "declared" else self.ports
        return Target(self.host, ports, self.interval, self.timeout, self.health)


class ObserveSettings(Section):
    """`[observe]`: whether this host and others are looked at. `beat` is in seconds."""

    enabled: bool = False
    beat: Annotated[float, Field(ge=0.1, le=86_400)] = 5.0
    expected: tuple[str, ...] = ()
    hosts: tuple[HostSettings, ...] = ()


class RegistrationSettings(Section):
    """`[registrations]`: how services that register themselves are kept."""

    stale_after: Seconds = DEFAULT_STALE_AFTER
    gone_after: Seconds = DEFAULT_GONE_AFTER
    most: Annotated[int, Field(ge=1, le=100_000)] = DEFAULT_MOST
    rate: Annotated[float, Field(gt=0, le=1e6)] = DEFAULT_RATE
    expected: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _ordered(self) -> "RegistrationSettings":
        if self.stale_after >= self.gone_after:
            raise ValueError(f"stale_after ({self.stale_after:g}) must be below gone_after ({self.gone_after:g})")
        return self


def live_options(observe: ObserveSettings, registrations: RegistrationSettings) -> LiveOptions:
    """Return what a hub looks at."""
    return LiveOptions(
        observe=observe.enabled,
        beat=observe.beat,
        running=observe.expected,
        registering=registrations.expected,
        targets=tuple(item.target() for item in observe.hosts),
        patience=Patience(registrations.stale_after, registrations.gone_after, registrations.most),
        rate=registrations.rate,
    )
