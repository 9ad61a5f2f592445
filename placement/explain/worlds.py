"""What is to be placed and on what, as one value that can be asked for differently."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from domain.infrastructure import Infrastructure, Resources
from domain.plans import GraphInstance, ServiceGraph, Standing
from placement.topology import Usage

NOTHING = Resources.of(0, 0, 0)


@dataclass(frozen=True)
class World:
    """A question to the placement."""

    graph: ServiceGraph
    infrastructure: Infrastructure
    usage: Usage
    standing: Standing = field(default_factory=Standing)
    described: ServiceGraph | None = None
    """The graph as its descriptor has it, where an operation pins instances in `graph`; else None."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Component -> fewest instances that it may have; all that it has where it is not named."""

    def asking(self, **fields: Any) -> "World":
        """With other fields of the graph."""
        return replace(self, graph=self.graph.model_copy(update=fields))

    def with_instances(self, changed: Mapping[str, Mapping[str, Any]]) -> "World":
        """With other fields of some instances, by name."""
        parts = tuple(
            part.model_copy(update=dict(changed[part.name])) if part.name in changed else part
            for part in self.graph.instances
        )
        return self.asking(instances=parts)

    def parts(self, subject: str) -> list[GraphInstance]:
        """The instances of a component, or the instance of that name."""
        return [part for part in self.graph.instances if subject in (part.component, part.name)]

    def free(self, pop: str) -> Resources:
        """What is left of a PoP."""
        capacity, used = self.infrastructure.pops[pop].capacity, self.usage.pops.get(pop, NOTHING)
        return Resources.of(
            max(0, capacity.vcpus - used.vcpus),
            max(0, capacity.memory - used.memory),
            max(0, capacity.disk - used.disk),
        )

    def as_described(self, part: GraphInstance) -> GraphInstance:
        """An instance without what an operation adds to its rules.

        Where the descriptor's graph is not known, an instance that may only be where it stands is taken for
        one that an operation leaves there.
        """
        if self.described is not None:
            known = {each.name: each for each in self.described.instances}
            return known.get(part.name, part)
        stand = self.standing.instances.get(part.name)
        if stand is not None and part.allowed_pops == frozenset({stand}):
            return part.model_copy(update={"allowed_pops": None})
        return part
