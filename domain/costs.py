"""What a placed service costs, by what it is paid for."""

from domain.infrastructure import Infrastructure
from domain.models import Model
from domain.plans import Plan, ServiceGraph
from domain.pricing import energy_cost, licence_price, rent


class CostParts(Model):
    """Of a whole service, each per hour in the infrastructure's currency."""

    compute: float
    """vCPUs, memory and disk."""
    energy: float
    licences: float
    network: float

    @property
    def total(self) -> float:
        """All together."""
        return self.compute + self.energy + self.licences + self.network


def cost_parts(graph: ServiceGraph, plan: Plan, infrastructure: Infrastructure) -> CostParts | None:
    """What a plan costs by the prices of an infrastructure; None where that lacks any part of it."""
    links = {name for route in plan.routes for name in route.physical_links}
    if not (
        set(plan.placements.values()) <= infrastructure.pops.keys() and links <= infrastructure.links.keys()
    ):
        return None
    placed = [(each, infrastructure.pops[plan.placements[each.name]]) for each in graph.instances]
    fees = [licence_price(name, pop, infrastructure) for each, pop in placed for name in each.licences]
    if None in fees:
        return None
    return CostParts(
        compute=sum(rent(each.resources, pop) for each, pop in placed),
        energy=sum(energy_cost(each.resources, pop) for each, pop in placed),
        licences=sum(fee for fee in fees if fee is not None),
        network=sum(
            route.bandwidth_mbps * infrastructure.links[name].price_mbps_hour
            for route in plan.routes
            for name in route.physical_links
        ),
    )
