"""A descriptor expanded to instances: the service graph that placement works on."""

from itertools import product
from math import ceil

from domain.descriptor import Chain, Component, Descriptor, PlacementRule, VirtualLink
from domain.plans import GraphChain, GraphEndpoint, GraphInstance, GraphLink, ServiceGraph
from domain.semantics import owner, waves


def expand(service: str, descriptor: Descriptor) -> ServiceGraph:
    """The graph of `descriptor`, which must have no complaints (domain.semantics)."""
    rules = descriptor.placement
    return ServiceGraph(
        service=service,
        descriptor=descriptor.name,
        version=descriptor.version,
        instances=tuple(
            _instance(name, number, component, descriptor)
            for name, component in descriptor.components.items()
            for number in range(component.instances)
        ),
        endpoints=tuple(
            GraphEndpoint(name=name, pop=end.pop, location=end.location)
            for name, end in descriptor.endpoints.items()
        ),
        links=tuple(
            part for name, link in descriptor.links.items() for part in _link_parts(name, link, descriptor)
        ),
        chains=tuple(
            way for name, chain in descriptor.chains.items() for way in _chain_ways(name, chain, descriptor)
        ),
        affinity=tuple(_members(group, descriptor) for group in rules.affinity),
        anti_affinity=tuple(_members(group, descriptor) for group in rules.anti_affinity),
        budget_per_hour=rules.budget_per_hour,
        objective=rules.objective,
        waves=waves(descriptor),
    )


def instance_names(name: str, descriptor: Descriptor) -> tuple[str, ...]:
    """The instances of a component, or the endpoint itself."""
    component = descriptor.components.get(name)
    if component is None:
        return (name,)
    return tuple(f"{name}-{number + 1}" for number in range(component.instances))


def _members(group: tuple[str, ...], descriptor: Descriptor) -> tuple[str, ...]:
    return tuple(instance for name in group for instance in instance_names(name, descriptor))


def _instance(name: str, number: int, component: Component, descriptor: Descriptor) -> GraphInstance:
    rules = [rule for rule in descriptor.placement.rules if name in rule.components]
    return GraphInstance(
        name=f"{name}-{number + 1}",
        component=name,
        kind=component.kind,
        resources=component.resources,
        requires=component.requires,
        licences=component.licences,
        allowed_pops=_common([rule.allowed_pops for rule in rules]),
        forbidden_pops=_union(rules, "forbidden_pops"),
        allowed_regions=_common([rule.allowed_regions for rule in rules]),
        forbidden_regions=_union(rules, "forbidden_regions"),
    )


def _common(sets: list[frozenset[str] | None]) -> frozenset[str] | None:
    given = [names for names in sets if names is not None]
    return frozenset.intersection(*given) if given else None


def _union(rules: list[PlacementRule], field: str) -> frozenset[str]:
    return frozenset(name for rule in rules for name in getattr(rule, field))


def _link_parts(name: str, link: VirtualLink, descriptor: Descriptor) -> list[GraphLink]:
    left, right = (instance_names(owner(port), descriptor) for port in link.between)
    share = ceil(link.bandwidth / (len(left) * len(right)) * 1000) / 1000  # never less than was asked
    return [
        GraphLink(
            name=f"{name}/{one}/{other}",
            virtual_link=name,
            ends=(one, other),
            bandwidth_mbps=share,
            latency_ms=link.latency,
        )
        for one, other in product(left, right)
    ]


def _chain_ways(name: str, chain: Chain, descriptor: Descriptor) -> list[GraphChain]:
    """One way for each choice of instances, in which a component is one and the same instance throughout."""
    owners = list(dict.fromkeys(owner(port) for port in chain.path))
    choices = product(*(instance_names(each, descriptor) for each in owners))
    return [
        GraphChain(
            name=f"{name}/{number}",
            chain=name,
            classifier=chain.classifier,
            links=_links_along(chain, dict(zip(owners, choice, strict=True)), descriptor),
            latency_ms=chain.latency,
        )
        for number, choice in enumerate(choices, start=1)
    ]


def _links_along(chain: Chain, chosen: dict[str, str], descriptor: Descriptor) -> tuple[str, ...]:
    by_ends = {link.between: name for name, link in descriptor.links.items()}
    found: list[str] = []
    for left, right in zip(chain.path, chain.path[1:], strict=False):
        one, other = chosen[owner(left)], chosen[owner(right)]
        if one == other:
            continue  # through the component, from one of its connection points to another
        forward = by_ends.get((left, right))
        backward = by_ends.get((right, left))
        found.append(f"{forward}/{one}/{other}" if forward else f"{backward}/{other}/{one}")
    return tuple(found)
