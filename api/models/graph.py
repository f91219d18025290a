"""The slot graph and the answers to questions about it."""

from typing import Annotated, Literal

from pydantic import Field

from api.models.base import Count, Line, Model, Port
from workbench.fleet.rules import Severity

NodeType = Literal["crate", "port", "foundation", "endpoint", "capability", "external"]
EdgeType = Literal["OWNS", "REFERENCES", "SISTER_OF", "DEPENDS_ON", "BUILT_ON", "CLONED_FROM", "EXPOSES"]


class CrateNode(Model):
    """A crate in the graph."""

    id: str
    type: Literal["crate"]
    label: str
    path: str
    version: str | None
    classification: str | None
    stale: bool
    severity: Severity | None
    """Of its worst finding."""


class OtherNode(Model):
    """What is no crate: a port, a foundation, an endpoint, a capability, or something outside the fleet."""

    id: str
    type: Literal["port", "foundation", "endpoint", "capability", "external"]
    label: str


Node = Annotated[CrateNode | OtherNode, Field(discriminator="type")]


class Edge(Model):
    """An edge, and the place that declares it. Which of the last fields are there depends on the type."""

    source: str
    target: str
    key: str
    type: EdgeType
    path: str
    line: Line
    declared: str
    """The key that declares it."""
    label: str = ""
    of: str = ""
    """For a reference: whose port it is."""
    derived: bool = False
    presumed: bool = False
    """Whether the owner is outside the fleet, and only said to own it."""


class CrateNodeDetail(CrateNode):
    """A crate with its edges."""

    edges_out: list[Edge]
    edges_in: list[Edge]


class OtherNodeDetail(OtherNode):
    """Another node with its edges."""

    edges_out: list[Edge]
    edges_in: list[Edge]


NodeDetail = Annotated[CrateNodeDetail | OtherNodeDetail, Field(discriminator="type")]


class GraphAttributes(Model):
    """What is said of the graph as a whole."""

    revision: int


class Showing(Model):
    """How much of the graph this is."""

    nodes: Count
    of: Count
    edges: Count
    edges_of: Count


class SlotGraph(Model):
    """Node-link JSON, as networkx reads it."""

    directed: bool
    multigraph: bool
    graph: GraphAttributes
    showing: Showing
    nodes: list[Node]
    edges: list[Edge]


class Hit(Model):
    """A crate that a failure reaches, and through what."""

    crate: str
    node: str
    distance: Line
    """Steps on a shortest way."""
    impact: Annotated[float, Field(ge=0, le=1)]
    """How much of the failure arrives: the greatest product of weights along any way."""
    through: str
    type: EdgeType
    path: str
    line: Line
    declared: str


class BlastRadius(Model):
    """What falls with a crate, nearest first."""

    crate: str
    node: str
    ports: list[Port]
    direct: Count
    total: Count
    of: Count
    """How many other crates there are."""
    hit: list[Hit]


class Way(Model):
    """A way between two nodes."""

    length: Count
    nodes: list[Node]
    steps: list[list[Edge]]
    """For each step, the edges that make it."""


class Connection(Way):
    """A shortest way between two nodes."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    directed: bool
    ways: Annotated[list[Way], Field(default_factory=list)]
    """With `k` above 1: the shortest ways, shortest first; none passes a node twice."""


class CycleEdge(Model):
    """One dependency of a circle."""

    source: str
    target: str
    type: EdgeType
    path: str
    line: Line


class Cycle(Model):
    """Crates that depend on each other in a circle: how many, and one shortest circle through them."""

    size: Count
    crates: list[str]
    edges: list[CycleEdge]
