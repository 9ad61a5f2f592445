"""The service graph (what to place) and the plan (where it goes)."""

from domain.descriptor import Classifier, ComponentKind
from domain.infrastructure import Location, Resources
from domain.models import Model, Name
from domain.objectives import Objective


class GraphInstance(Model):
    """One instance of a component, named `component-number` from 1."""

    name: str
    component: Name
    kind: ComponentKind
    resources: Resources
    requires: frozenset[Name] = frozenset()
    licences: frozenset[Name] = frozenset()
    allowed_pops: frozenset[Name] | None = None
    forbidden_pops: frozenset[Name] = frozenset()
    allowed_regions: frozenset[Name] | None = None
    forbidden_regions: frozenset[Name] = frozenset()


class GraphEndpoint(Model):
    """A fixed end of the service; a location means the PoP nearest to it."""

    name: Name
    pop: Name | None = None
    location: Location | None = None


class GraphLink(Model):
    """The part of a virtual link between one pair of instances or endpoints."""

    name: str
    virtual_link: Name
    ends: tuple[str, str]
    bandwidth_mbps: float
    latency_ms: float | None = None


class GraphChain(Model):
    """One way through a chain: the graph links that its packets pass, in order."""

    name: str
    chain: Name
    classifier: Classifier
    links: tuple[str, ...]
    latency_ms: float | None = None


class ServiceGraph(Model):
    """A descriptor expanded to its instances."""

    service: Name
    descriptor: Name
    version: str
    instances: tuple[GraphInstance, ...]
    endpoints: tuple[GraphEndpoint, ...] = ()
    links: tuple[GraphLink, ...] = ()
    chains: tuple[GraphChain, ...] = ()
    affinity: tuple[tuple[str, ...], ...] = ()
    """Groups of instance names."""
    anti_affinity: tuple[tuple[str, ...], ...] = ()
    """Groups of instance names."""
    budget_per_hour: float | None = None
    objective: Objective | None = None
    """The infrastructure's where absent."""
    own_objectives: dict[str, Objective] = {}
    """Instances and graph links that count by another, by name: of several services placed as one."""
    waves: tuple[tuple[Name, ...], ...] = ()
    """Components in dependency order; those of one wave do not wait for each other."""


class Route(Model):
    """The way of one graph link: physical links in order from its first end; empty within one PoP."""

    link: str
    virtual_link: Name
    pops: tuple[Name, ...]
    """From the first end's PoP to the second's."""
    physical_links: tuple[Name, ...]
    bandwidth_mbps: float
    latency_ms: float


class Plan(Model):
    """Where everything goes, what it costs, and how good that is known to be."""

    placements: dict[str, Name]
    """Instance -> PoP."""
    endpoints: dict[Name, Name] = {}
    """Endpoint -> PoP."""
    routes: tuple[Route, ...]
    cost_per_hour: float
    currency: str
    solver: str
    """What proved it, or found it: search (by bounds, without a solver), highs, cbc."""
    gap: float
    """Proven relative distance to the optimum; 0 is optimal."""
    objective_per_hour: float | None = None
    """What was minimised, in the currency per hour (domain/objectives.py); None in plans from before it."""
    solve_ms: float


class Standing(Model):
    """What of a service runs already and holds its capacity, for a placement that changes the rest."""

    instances: dict[str, Name] = {}
    """Instance -> PoP: there it takes no more than it holds."""
    routes: tuple[Route, ...] = ()
    """Of graph links that stay: their ways are kept, and only more bandwidth counts anew."""
    move_cost_per_hour: dict[str, float] = {}
    """Instance -> what it must save to be placed elsewhere than it stands."""
    uncounted: frozenset[str] = frozenset()
    """Those of the instances for which `usage` has nothing: they need their room where they stand too, and
    what one leaves is free for another."""

    @property
    def counted(self) -> dict[str, Name]:
        """Those of the instances that take nothing anew where they stand."""
        return {name: pop for name, pop in self.instances.items() if name not in self.uncounted}
