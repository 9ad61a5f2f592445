"""The joint descriptor of a complex service, `interlace/v1`: VNFs and microservices in one document.

It answers the open work of Kouchaksaraei and Karl, "Joint Orchestration of Cloud-Based Microservices and
Virtual Network Functions", section III. Terms follow ETSI GS NFV-IFA 014 (connection point, virtual link,
forwarding graph).
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.infrastructure import Location, Resources
from domain.models import PORT_PATTERN, Documented, Name, Version
from domain.objectives import Objective
from domain.policies import Policies
from domain.units import BandwidthMbps, DurationS, LatencyMs


class ComponentKind(StrEnum):
    """What a component is: a network function in the packets' path, or a piece of a cloud application."""

    VNF = "vnf"
    MICROSERVICE = "microservice"


class Scaling(Documented):
    """How many instances a component may have."""

    min: int = Field(default=1, ge=1)
    max: int = Field(default=1, ge=1, le=1000)

    @model_validator(mode="after")
    def _ordered(self) -> "Scaling":
        if self.min > self.max:
            raise ValueError(f"min ({self.min}) is above max ({self.max})")
        return self


class HealthCheck(Documented):
    """How to tell that an instance works."""

    type: Literal["process", "tcp", "http"]
    port: int | None = Field(default=None, ge=1, le=65535)
    path: str = "/"
    interval: DurationS = 5.0
    timeout: DurationS = 2.0
    unhealthy_after: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _has_port(self) -> "HealthCheck":
        if self.type != "process" and self.port is None:
            raise ValueError(f"a {self.type} check needs a port")
        return self


class Lifecycle(Documented):
    """How instances of a component are exchanged."""

    single: bool = False
    """Two of one instance must never run at once: it ends before its successor begins."""
    drain: DurationS = 5.0
    """How long what is in flight may take to end before an instance is deleted."""


class Component(Documented):
    """A VNF or a microservice."""

    kind: ComponentKind
    image: str = Field(min_length=1, max_length=255)
    resources: Resources
    """Of one instance."""
    requires: frozenset[Name] = frozenset()
    """Capabilities that the PoP must have, such as dpdk, sriov or gpu."""
    licences: frozenset[Name] = frozenset()
    """That each instance needs; the infrastructure says where they are sold and at what price."""
    connection_points: tuple[Name, ...] = Field(min_length=1)
    instances: int = Field(default=1, ge=1, le=1000)
    config: dict[str, str | int | float | bool] = {}
    environment: dict[str, str] = {}
    secrets: dict[str, Name] = {}
    """Environment variable -> name of a secret that the worker resolves; never the secret itself."""
    depends_on: tuple[Name, ...] = ()
    scaling: Scaling | None = None
    health_check: HealthCheck | None = None
    lifecycle: Lifecycle = Lifecycle()

    @model_validator(mode="after")
    def _instances_within_limits(self) -> "Component":
        if self.scaling and not self.scaling.min <= self.instances <= self.scaling.max:
            limits = f"{self.scaling.min} to {self.scaling.max}"
            raise ValueError(f"instances is {self.instances}, but scaling allows {limits}")
        return self


class Endpoint(Documented):
    """Where the service meets its users: at a PoP, or at the PoP nearest to a location."""

    pop: Name | None = None
    location: Location | None = None

    @model_validator(mode="after")
    def _one_of(self) -> "Endpoint":
        if (self.pop is None) == (self.location is None):
            raise ValueError("an endpoint is pinned by either pop or location")
        return self


Port = Annotated[str, Field(pattern=PORT_PATTERN, examples=["web.http", "customers"])]
"""`component.connection-point`, or the name of an endpoint."""


class VirtualLink(Documented):
    """A bidirectional link of the service; all instances of its ends share its bandwidth evenly."""

    between: tuple[Port, Port]
    bandwidth: BandwidthMbps
    """In each direction."""
    latency: LatencyMs | None = None
    """Upper bound, one way."""


class Classifier(Documented):
    """Which packets enter a chain."""

    protocol: Literal["tcp", "udp", "icmp", "any"] = "any"
    port: int | None = Field(default=None, ge=1, le=65535)


class Chain(Documented):
    """A forwarding graph: a classifier and the ordered connection points that its packets pass."""

    classifier: Classifier = Classifier()
    path: tuple[Port, ...] = Field(min_length=2)
    latency: LatencyMs | None = None
    """Upper bound from the first to the last connection point, one way."""


class PlacementRule(Documented):
    """Where components may run; no list means anywhere."""

    components: tuple[Name, ...] = Field(min_length=1)
    allowed_pops: frozenset[Name] | None = None
    forbidden_pops: frozenset[Name] = frozenset()
    allowed_regions: frozenset[Name] | None = None
    forbidden_regions: frozenset[Name] = frozenset()


class PlacementRules(Documented):
    """Rules over the whole service."""

    affinity: tuple[tuple[Name, ...], ...] = ()
    """Groups whose instances all share one PoP."""
    anti_affinity: tuple[tuple[Name, ...], ...] = ()
    """Groups of which no two instances share a PoP."""
    rules: tuple[PlacementRule, ...] = ()
    budget_per_hour: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """Upper bound of the cost, in the infrastructure's currency."""
    objective: Objective | None = None
    """What the placement is to be good at; the operator's default where absent."""


class Descriptor(Documented):
    """A complex service."""

    api_version: Literal["interlace/v1"]
    kind: Literal["Service"]
    name: Name
    version: Version
    description: str = Field(default="", max_length=2000)
    endpoints: dict[Name, Endpoint] = {}
    components: dict[Name, Component] = Field(min_length=1, max_length=500)
    links: dict[Name, VirtualLink] = {}
    chains: dict[Name, Chain] = {}
    placement: PlacementRules = PlacementRules()
    policies: Policies = Policies()
    reliability: Name | None = None
    """The reliability profile that its operations go by; None: that of the workers."""
