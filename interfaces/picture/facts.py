"""What a picture tells, before anything of it has a place or a colour; also the `--json` of the command."""

from enum import StrEnum

from pydantic import Field

from domain.infrastructure import Energy, Location, Prices, Resources
from domain.models import Model, Name

NOTHING = Resources.of(0, 0, 0)


class Becoming(StrEnum):
    """What a plan makes of a thing; without a plan, everything stays."""

    STAYS = "stays"
    COMES = "comes"
    GOES = "goes"


class InstanceFacts(Model):
    """An instance of a drawn service, or an endpoint of it, at its PoP."""

    service: Name
    name: str
    kind: str
    """vnf, microservice or endpoint."""
    resources: Resources = NOTHING
    becoming: Becoming = Becoming.STAYS


class PopFacts(Model):
    """A PoP, and what is taken of it."""

    name: Name
    region: Name | None
    vim: Name
    location: Location | None
    capacity: Resources
    used: Resources
    used_before: Resources | None = None
    """Before the plan that is drawn; None where it changes nothing here."""
    prices: Prices
    energy: Energy
    licences: dict[Name, float]
    """All that can be had here, with the price for one instance and hour."""
    capabilities: tuple[Name, ...]
    instances: tuple[InstanceFacts, ...] = ()
    """Of the drawn services."""
    others: dict[Name, int] = {}
    """Service -> its instances here, of those that are not drawn."""

    @property
    def load(self) -> float:
        """Share that is taken, of vcpus or of memory, whichever is fuller."""
        return max(share(self.used.vcpus, self.capacity.vcpus), share(self.used.memory, self.capacity.memory))


class LinkFacts(Model):
    """A physical link, and what is reserved on it in each direction."""

    name: Name
    between: tuple[Name, Name]
    bandwidth_mbps: float
    latency_ms: float
    price_mbps_hour: float
    reserved_mbps: float
    reserved_before_mbps: float | None = None
    """Before the plan that is drawn; None where it changes nothing here."""

    @property
    def load(self) -> float:
        """Share that is reserved."""
        return share(self.reserved_mbps, self.bandwidth_mbps)


class StepFacts(Model):
    """One physical link of a course, in the direction of its packets."""

    link: Name
    source: Name
    target: Name
    becoming: Becoming = Becoming.STAYS


class CourseFacts(Model):
    """Where the packets of a chain go; or of a virtual link that is on no chain, there and back."""

    id: str
    """service/chain or service/virtual-link."""
    service: Name
    name: Name
    directed: bool
    """A chain; a virtual link alone has no direction."""
    ways: int
    """By how many choices of instances."""
    latency_ms: float
    """Of the longest way, one way."""
    limit_ms: float | None
    passes: tuple[str, ...]
    """The components, in their order."""
    steps: tuple[StepFacts, ...]
    """Of all its ways; none where it stays within one PoP."""


class ServiceFacts(Model):
    """A drawn service."""

    name: Name
    descriptor: Name
    version: str
    cost_per_hour: float
    cost_before: float | None = None
    """Before the plan that is drawn."""


class PlanFacts(Model):
    """The stored plan that is drawn."""

    plan_id: str
    kind: str
    service: Name
    over: str = ""
    """Why it can be applied no more; empty where it can."""


class Totals(Model):
    """All PoPs and links together."""

    pops: int
    links: int
    capacity: Resources
    used: Resources
    bandwidth_mbps: float
    reserved_mbps: float
    """Summed over links, each direction once."""
    instances: int
    services: int


class Topology(Model):
    """Everything that a picture tells."""

    source: str
    """Where it was read: the catalogue, or a file."""
    currency: str
    pops: tuple[PopFacts, ...] = Field(min_length=1)
    links: tuple[LinkFacts, ...]
    services: tuple[ServiceFacts, ...] = ()
    courses: tuple[CourseFacts, ...] = ()
    plan: PlanFacts | None = None
    totals: Totals


def share(part: float, whole: float) -> float:
    """How much of a whole is taken; of nothing, nothing is."""
    return part / whole if whole > 0 else 0.0
