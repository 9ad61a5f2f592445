"""Where the packets of a deployed service go: by chain, and by virtual link where no chain passes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from domain.deployments import Deployment
from domain.plans import GraphChain, GraphLink, Route, ServiceGraph
from interfaces.picture.facts import Becoming, CourseFacts, StepFacts

Hop = tuple[str, str, str]
"""Physical link, PoP that packets leave, PoP that they reach."""


def courses_of(deployment: Deployment) -> list[CourseFacts]:
    """The chains in the order of the descriptor, then the virtual links that are on none."""
    graph = deployment.graph
    routes = {route.link: route for route in deployment.plan.routes}
    links = {link.name: link for link in graph.links}
    chains = [
        _of_chain(deployment.service, name, [*ways], links, routes, graph)
        for name, ways in groupby(graph.chains, key=lambda way: way.chain)
    ]
    chained = {link for way in graph.chains for link in way.links}
    alone = [link for link in graph.links if link.name not in chained]
    return chains + [
        _of_link(deployment.service, name, [*parts], routes, graph)
        for name, parts in groupby(alone, key=lambda link: link.virtual_link)
    ]


def changed(before: Sequence[CourseFacts], after: Sequence[CourseFacts]) -> list[CourseFacts]:
    """The courses after a plan, with the steps that come, and those that go from before."""
    old, new = ({each.id: each for each in courses} for courses in (before, after))
    both = [_compared(old.get(each.id), each) for each in after]
    return both + [_marked(each, Becoming.GOES) for each in before if each.id not in new]


def _compared(old: CourseFacts | None, new: CourseFacts) -> CourseFacts:
    if old is None:
        return _marked(new, Becoming.COMES)
    kept, coming = {*old.steps}, {*new.steps}
    steps = [step if step in kept else _becoming(step, Becoming.COMES) for step in new.steps]
    gone = [_becoming(step, Becoming.GOES) for step in old.steps if step not in coming]
    return new.model_copy(update={"steps": (*steps, *gone)})


def _marked(course: CourseFacts, becoming: Becoming) -> CourseFacts:
    return course.model_copy(update={"steps": tuple(_becoming(step, becoming) for step in course.steps)})


def _becoming(step: StepFacts, becoming: Becoming) -> StepFacts:
    return step.model_copy(update={"becoming": becoming})


def _of_chain(
    service: str,
    name: str,
    ways: Sequence[GraphChain],
    links: Mapping[str, GraphLink],
    routes: Mapping[str, Route],
    graph: ServiceGraph,
) -> CourseFacts:
    endpoints = {each.name for each in graph.endpoints}
    stops = [_stops([links[link] for link in way.links], endpoints) for way in ways]
    hops = [
        hop
        for way, along in zip(ways, stops, strict=True)
        for link, start in zip(way.links, along, strict=False)
        for hop in _hops(routes.get(link), backward=links[link].ends[0] != start)
    ]
    limits = [way.latency_ms for way in ways if way.latency_ms is not None]
    return CourseFacts(
        id=f"{service}/{name}",
        service=service,
        name=name,
        directed=True,
        ways=len(ways),
        latency_ms=max(_latency(way.links, routes) for way in ways),
        limit_ms=min(limits) if limits else None,
        passes=tuple(_components(stops[0], graph)),
        steps=_steps(hops),
    )


def _of_link(
    service: str,
    name: str,
    parts: Sequence[GraphLink],
    routes: Mapping[str, Route],
    graph: ServiceGraph,
) -> CourseFacts:
    limits = [part.latency_ms for part in parts if part.latency_ms is not None]
    hops = [hop for part in parts for hop in _hops(routes.get(part.name), backward=False)]
    return CourseFacts(
        id=f"{service}/{name}",
        service=service,
        name=name,
        directed=False,
        ways=len(parts),
        latency_ms=max(_latency([part.name], routes) for part in parts),
        limit_ms=min(limits) if limits else None,
        passes=tuple(_components(parts[0].ends, graph)),
        steps=_steps((link, *sorted((one, other))) for link, one, other in hops),
    )


def _stops(links: Sequence[GraphLink], endpoints: set[str]) -> list[str]:
    """The instances and endpoints that a way passes, in the order of its packets."""
    if not links:
        return []
    here = _start(links, endpoints)
    passed = [here]
    for link in links:
        one, other = link.ends
        here = other if here == one else one
        passed.append(here)
    return passed


def _start(links: Sequence[GraphLink], endpoints: set[str]) -> str:
    """Of the first link the end that the second does not have; of a single one the endpoint, if any."""
    one, other = links[0].ends
    if len(links) > 1:
        following = links[1].ends
        return other if one in following and other not in following else one
    return other if other in endpoints and one not in endpoints else one


def _components(stops: Iterable[str], graph: ServiceGraph) -> Iterable[str]:
    components = {each.name: str(each.component) for each in graph.instances}
    return dict.fromkeys(components.get(stop, stop) for stop in stops)


def _hops(route: Route | None, backward: bool) -> list[Hop]:
    if route is None:
        return []
    hops = [*zip(route.physical_links, route.pops, route.pops[1:], strict=False)]
    return [(link, target, source) for link, source, target in reversed(hops)] if backward else hops


def _steps(hops: Iterable[tuple[str, ...]]) -> tuple[StepFacts, ...]:
    """Each once, in the order in which they are passed first."""
    return tuple(
        StepFacts(link=link, source=source, target=target) for link, source, target in dict.fromkeys(hops)
    )


def _latency(links: Iterable[str], routes: Mapping[str, Route]) -> float:
    return sum(routes[link].latency_ms for link in links if link in routes)
