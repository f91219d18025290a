"""A revision, as another process takes it up."""

from typing import Any

from api.models.base import Count, Model
from workbench.fleet.head import HEAD_FORMAT


class SnapshotHead(Model):
    """What a revision consists of besides its manifests."""

    format: int = HEAD_FORMAT
    """Rises when older programs would misread what follows."""
    revision: Count
    taken_at: float
    """Seconds since the epoch."""
    summary: dict[str, Count]
    """The fleet's figures."""
    plan: dict[str, Any]
    """The port plan that ports are judged by."""
    observed: dict[str, Any]
    """What runs, as far as the findings depend on it."""
