"""How a hub looks after its roots."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from workbench.deploy.engine import EngineOptions
from workbench.desks.audit import AuditRetention
from workbench.fleet.plan import PortPlan
from workbench.live.layer import LiveOptions
from workbench.sources.scope import Scope

if TYPE_CHECKING:
    from workbench.mux.follower import MuxOptions

DEFAULT_BEAT: Final = 5.0


@dataclass(frozen=True)
class HubOptions:
    """How a hub looks after its roots. `beat` is the longest time, in seconds, between two reconciliations."""

    plan: PortPlan = field(default_factory=PortPlan)
    scope: Scope = field(default_factory=Scope)
    watch: bool = True
    beat: float = DEFAULT_BEAT
    jobs: int = 2
    """How many processes may read manifests; see Discovery."""
    audit: AuditRetention = field(default_factory=AuditRetention)
    live: LiveOptions = field(default_factory=LiveOptions)
    mux: "MuxOptions | None" = None
    deploy: EngineOptions = field(default_factory=EngineOptions)
