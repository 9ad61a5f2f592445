"""From a placed service to its network. Pure: the same input gives the same rules in the same order."""

from collections.abc import Iterable, Mapping

from adaptors.chaining.hops import Hop, hops
from adaptors.chaining.host_routes import Routes, host_routes
from adaptors.chaining.matches import Match, matches
from adaptors.chaining.rule_table import RuleTable, Tunnel, UniqueNames
from adaptors.chaining.segments import Prober
from adaptors.chaining.stretches import Stretch, Way, stretches
from domain.descriptor import Descriptor
from domain.instances import VimInstance
from domain.networking import PopNetwork, ServiceNetwork, Share
from domain.plans import Plan, ServiceGraph


def compile_network(
    name: str,
    descriptor: Descriptor,
    graph: ServiceGraph,
    plan: Plan,
    points: Mapping[str, VimInstance],
    tunnel: Tunnel,
) -> ServiceNetwork:
    """The network of a placed service.

    :param name: under which switches and links are to know it
    :param points: instance or endpoint -> how its VIM reports it
    :param tunnel: physical link -> the overlay's port for it, on the switches at both of its ends
    :raises InputError: a chain cannot be steered, contradicts another, or lacks a port or a route
    """
    joined = hops(descriptor, graph, plan, points)
    pieces = stretches(descriptor, graph, joined)
    rules = RuleTable(tunnel)
    for stretch in pieces:
        _steer(stretch, rules)
    rules.check()
    for hop in joined.values():
        _join(hop, rules)
        _join(hop.back(), rules)
    routes = host_routes(joined.values(), pieces)
    prober = Prober(descriptor, rules, routes, UniqueNames())
    return ServiceNetwork(
        name=name,
        service=graph.service,
        pops=_pops(rules, routes, _shares(joined.values())),
        segments=(*prober.chains(pieces), *prober.links(joined.values(), pieces)),
    )


def _join(hop: Hop, rules: RuleTable) -> None:
    title = f"{hop.link.virtual_link}: {hop.start.name} > {hop.end.name}"
    rules.follow_link(hop, f"link {title}")
    rules.carry(hop, f"overlay {title}")


def _steer(stretch: Stretch, rules: RuleTable) -> None:
    for number, way in enumerate(stretch.ways):
        for match in matches(stretch.classifier, number, len(stretch.ways)):
            _steer_way(stretch, way, match, rules)


def _steer_way(stretch: Stretch, way: Way, match: Match, rules: RuleTable) -> None:
    to_target = match.forward(stretch.target.port.address)
    to_origin = match.backward(stretch.origin.port.address)
    port = "" if match.port is None else f"port {match.port}"
    share = f", share {match.share_value}/{match.share_mask}" if match.share_mask else ""
    for hop in way:
        what = f"{match.protocol} to {stretch.target.name} {port}".rstrip() + share
        rules.follow_chain(hop, to_target, match.priority, _chain_rule(stretch, hop, what), stretch)
    for hop in (each.back() for each in reversed(way)):
        what = f"{match.protocol} {f'from {port} ' if port else ''}to {stretch.origin.name}{share}"
        rules.follow_chain(hop, to_origin, match.priority, _chain_rule(stretch, hop, what), stretch)
    for number, exit_ in stretch.inner_exits(way):
        to_exit = match.backward(exit_.port.address)
        what = f"{match.protocol} {f'from {port} ' if port else ''}to {exit_.name}{share}"
        for hop in (each.back() for each in reversed(way[number:])):
            rules.follow_chain(hop, to_exit, match.priority, _chain_rule(stretch, hop, what), stretch)


def _chain_rule(stretch: Stretch, hop: Hop, what: str) -> str:
    return f"chain {stretch.chain}: {hop.start.name} > {hop.end.name} ({what})"


def _shares(joined: Iterable[Hop]) -> dict[str, list[Share]]:
    """By the PoP that the traffic leaves."""
    found: dict[str, list[Share]] = {}
    for hop in (way for each in joined for way in (each, each.back())):
        for pop, physical_link in zip(hop.pops, hop.physical_links, strict=False):
            found.setdefault(pop, []).append(
                Share(
                    name=hop.link.name,
                    physical_link=physical_link,
                    from_pop=pop,
                    label=hop.label,
                    bandwidth_mbps=hop.bandwidth_mbps,
                )
            )
    return found


def _pops(rules: RuleTable, routes: Routes, shares: dict[str, list[Share]]) -> dict[str, PopNetwork]:
    return {
        pop: PopNetwork(
            pop=pop, rules=rules.at(pop), routes=routes.get(pop, {}), shares=tuple(shares.get(pop, ()))
        )
        for pop in sorted(rules.pops() | routes.keys() | shares.keys())
    }
