"""Worlds that are asked for differently: quantities of links, instances, PoPs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from domain.infrastructure import Infrastructure, Resources
from domain.plans import GraphInstance, GraphLink
from placement.explain.worlds import World


def with_links(world: World, virtual_link: str, **fields: Any) -> World:
    """All parts of a virtual link with other fields."""
    links = tuple(
        link.model_copy(update=fields) if link.virtual_link == virtual_link else link
        for link in world.graph.links
    )
    return world.asking(links=links)


def with_bandwidth(world: World, virtual_link: str, mbps: float) -> World:
    """A virtual link of so many Mbit/s, its parts having equal shares."""
    parts = sum(link.virtual_link == virtual_link for link in world.graph.links)
    return with_links(world, virtual_link, bandwidth_mbps=mbps / max(1, parts))


def with_chain_latency(world: World, chain: str, limit: float | None) -> World:
    """A chain with another bound, in ms."""
    chains = tuple(
        way.model_copy(update={"latency_ms": limit}) if way.chain == chain else way
        for way in world.graph.chains
    )
    return world.asking(chains=chains)


def with_parts(world: World, subject: str, **fields: Any) -> World:
    """The instances of a component, or one instance, with other fields; as described too."""
    changed = {part.name: fields for part in world.parts(subject)}
    other = world.with_instances(changed)
    if world.described is None:
        return other
    described = replace(world, graph=world.described).with_instances(changed).graph
    return replace(other, described=described)


def with_at_most(world: World, component: str, most: Mapping[str, int]) -> World:
    """The instances of a component with no more of the named resources than `most`.

    Those that stand and change are built anew beside what runs, so their room does not count as held.
    """
    capped = {part.name: _capped(part, most) for part in world.parts(component)}
    anew = {part.name for part in world.parts(component) if capped[part.name] != part.resources}
    held = {name: pop for name, pop in world.standing.instances.items() if name not in anew}
    other = world.with_instances({name: {"resources": resources} for name, resources in capped.items()})
    return replace(other, standing=world.standing.model_copy(update={"instances": held}))


def _capped(part: GraphInstance, most: Mapping[str, int]) -> Resources:
    now = {"vcpus": part.resources.vcpus, "memory": part.resources.memory, "disk": part.resources.disk}
    capped = {name: min(amount, most.get(name, amount)) for name, amount in now.items()}
    return Resources.of(capped["vcpus"], capped["memory"], capped["disk"])


def with_count(world: World, component: str, count: int) -> World:
    """A component with its first instances only; its links keep their bandwidth."""
    parts = [part.name for part in world.parts(component)]
    gone = set(parts[count:])
    graph = world.graph
    links = tuple(link for link in graph.links if not gone & set(link.ends))
    left = {link.name for link in links}
    stand = {name: pop for name, pop in world.standing.instances.items() if name not in gone}
    still = replace(world, standing=world.standing.model_copy(update={"instances": stand}))
    return still.asking(
        instances=tuple(part for part in graph.instances if part.name not in gone),
        links=tuple(_with_share(link, graph.links, links) for link in links),
        chains=tuple(way for way in graph.chains if left.issuperset(way.links)),
        affinity=tuple(tuple(m for m in group if m not in gone) for group in graph.affinity),
        anti_affinity=tuple(tuple(m for m in group if m not in gone) for group in graph.anti_affinity),
    )


def _with_share(link: GraphLink, before: tuple[GraphLink, ...], after: tuple[GraphLink, ...]) -> GraphLink:
    was = sum(each.virtual_link == link.virtual_link for each in before)
    now = sum(each.virtual_link == link.virtual_link for each in after)
    return link.model_copy(update={"bandwidth_mbps": link.bandwidth_mbps * was / now})


def with_pop(world: World, name: str, **fields: Any) -> World:
    """A PoP with other fields."""
    infrastructure = world.infrastructure
    pop = infrastructure.pops[name].model_copy(update=fields)
    pops = {**infrastructure.pops, name: pop}
    return replace(world, infrastructure=infrastructure.model_copy(update={"pops": pops}))


def with_room(world: World, pop: str, more: Resources) -> World:
    """A PoP with so much more capacity."""
    return with_pop(world, pop, capacity=world.infrastructure.pops[pop].capacity + more)


def with_physical(world: World, bandwidths: Mapping[str, float]) -> World:
    """Physical links with other bandwidths, in Mbit/s."""
    infrastructure = world.infrastructure
    links = {
        name: link.model_copy(update={"bandwidth": bandwidths[name]}) if name in bandwidths else link
        for name, link in infrastructure.links.items()
    }
    return replace(world, infrastructure=_linked(infrastructure, links))


def _linked(infrastructure: Infrastructure, links: Mapping[str, Any]) -> Infrastructure:
    return infrastructure.model_copy(update={"links": dict(links)})
