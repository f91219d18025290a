"""What a search finds."""

from api.models.base import Model
from workbench.fleet.search import HitKind


class Hit(Model):
    """Something that was found."""

    kind: HitKind
    name: str
    """A crate's or service's name, a port's number, a finding's fingerprint (`/findings?finding=…`)."""
    title: str
    detail: str


class HitGroup(Model):
    """The hits of one kind, best first."""

    kind: HitKind
    hits: list[Hit]
