"""What a descriptor's fields cannot check one by one: names that meet, references, cycles, paths."""

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from math import prod

from domain.contradictions import Complaint, contradictions
from domain.descriptor import Component, Descriptor
from domain.policy_checks import policy_complaints
from domain.references import OUTPUTS, dependencies, references, split, wired_texts
from domain.spelling import hint

MAX_PARTS = 10_000
"""The most instances of a service, instance pairs of a virtual link, and ways of a chain."""


def complaints(descriptor: Descriptor) -> list[Complaint]:
    """Everything that is wrong across fields, in the document's order."""
    return [
        *_duplicates(descriptor),
        *_wiring(descriptor),
        *_cycles(descriptor),
        *_links(descriptor),
        *_chains(descriptor),
        *_placement(descriptor),
        *contradictions(descriptor),
        *policy_complaints(descriptor),
        *_sizes(descriptor),
    ]


def _duplicates(descriptor: Descriptor) -> Iterator[Complaint]:
    for name in descriptor.endpoints:
        if name in descriptor.components:
            yield ("endpoints", name), f"duplicate name: {name!r} is a component too"
    for name, component in descriptor.components.items():
        points = component.connection_points
        for index, point in enumerate(points):
            if point in points[:index]:
                yield ("components", name, "connection_points", index), f"duplicate name: {point!r}"


def _wiring(descriptor: Descriptor) -> Iterator[Complaint]:
    for name, component in descriptor.components.items():
        here: tuple[str | int, ...] = ("components", name)
        for index, other in enumerate(component.depends_on):
            if other not in descriptor.components:
                meant = hint(other, descriptor.components)
                yield (*here, "depends_on", index), f"no component {other!r}; {meant}"
        for (section, key), text in wired_texts(component):
            for reference in references(text):
                if complaint := _dangling(reference, descriptor):
                    yield (*here, section, key), complaint
            if text.count("${") > len(list(references(text))):
                yield (*here, section, key), "a ${ without its }"


def _dangling(reference: str, descriptor: Descriptor) -> str | None:
    written = "${" + reference + "}"
    target = split(reference)
    if target is None:
        return f"{written} is not of the form ${{component.output}}"
    component, output = target
    if component not in descriptor.components:
        return f"{written}: no component {component!r}; {hint(component, descriptor.components)}"
    if output not in OUTPUTS:
        return f"{written}: no output {output!r}; {hint(output, OUTPUTS)}"
    return None


def _known_dependencies(descriptor: Descriptor) -> dict[str, set[str]]:
    known = descriptor.components.keys()
    return {name: dependencies(component) & known for name, component in descriptor.components.items()}


def _cycles(descriptor: Descriptor) -> Iterator[Complaint]:
    try:
        TopologicalSorter(_known_dependencies(descriptor)).prepare()
    except CycleError as error:
        ring = list(reversed(error.args[1]))
        yield ("components", ring[0]), f"dependency cycle: {' -> '.join(ring)}"


def waves(descriptor: Descriptor) -> tuple[tuple[str, ...], ...]:
    """Components in dependency order, each wave needing only earlier ones."""
    sorter = TopologicalSorter(_known_dependencies(descriptor))
    sorter.prepare()
    found: list[tuple[str, ...]] = []
    while sorter.is_active():
        ready = tuple(sorted(sorter.get_ready()))
        found.append(ready)
        sorter.done(*ready)
    return tuple(found)


def owner(port: str) -> str:
    """The component or endpoint of `component.connection-point` or `endpoint`."""
    return port.partition(".")[0]


def _port(port: str, descriptor: Descriptor) -> str | None:
    name, _, point = port.partition(".")
    component = descriptor.components.get(name)
    if component is None:
        return _not_a_component(port, descriptor)
    if not point:
        return f"{port!r} names a component: add a connection point, as in {_example(name, component)!r}"
    if point not in component.connection_points:
        return f"{name!r} has no connection point {point!r}; {hint(point, component.connection_points)}"
    return None


def _not_a_component(port: str, descriptor: Descriptor) -> str | None:
    name, _, point = port.partition(".")
    if name not in descriptor.endpoints:
        known = descriptor.components.keys() | descriptor.endpoints.keys()
        return f"no component or endpoint {name!r}; {hint(name, known)}"
    return f"{name!r} is an endpoint: it has no connection points" if point else None


def _example(name: str, component: Component) -> str:
    return f"{name}.{component.connection_points[0]}"


def _links(descriptor: Descriptor) -> Iterator[Complaint]:
    first: dict[frozenset[str], str] = {}
    for name, link in descriptor.links.items():
        if (other := first.setdefault(frozenset(link.between), name)) != name:
            yield ("links", name, "between"), f"link {other!r} joins the same two already"
        for index, port in enumerate(link.between):
            if complaint := _port(port, descriptor):
                yield ("links", name, "between", index), complaint
        if owner(link.between[0]) == owner(link.between[1]):
            yield ("links", name, "between"), f"both ends are {owner(link.between[0])!r}"


def _chains(descriptor: Descriptor) -> Iterator[Complaint]:
    joined = {frozenset(link.between) for link in descriptor.links.values()}
    for name, chain in descriptor.chains.items():
        wrong = {port: complaint for port in chain.path if (complaint := _port(port, descriptor))}
        for index, port in enumerate(chain.path):
            if port in wrong:
                yield ("chains", name, "path", index), wrong[port]
        for index, (left, right) in enumerate(zip(chain.path, chain.path[1:], strict=False)):
            if wrong.keys() & {left, right}:
                continue
            if owner(left) != owner(right) and frozenset((left, right)) not in joined:
                yield ("chains", name, "path", index + 1), f"no link joins {left!r} and {right!r}"


def _placement(descriptor: Descriptor) -> Iterator[Complaint]:
    rules = descriptor.placement
    groups = [("affinity", rules.affinity), ("anti_affinity", rules.anti_affinity)]
    listed: list[tuple[tuple[str | int, ...], str]] = [
        (("placement", field, number, index), name)
        for field, members in groups
        for number, group in enumerate(members)
        for index, name in enumerate(group)
    ]
    listed += [
        (("placement", "rules", number, "components", index), name)
        for number, rule in enumerate(rules.rules)
        for index, name in enumerate(rule.components)
    ]
    yield from _unknown(listed, descriptor)


def _unknown(listed: list[tuple[tuple[str | int, ...], str]], descriptor: Descriptor) -> Iterator[Complaint]:
    for path, name in listed:
        if name not in descriptor.components:
            yield path, f"no component {name!r}; {hint(name, descriptor.components)}"


def _sizes(descriptor: Descriptor) -> Iterator[Complaint]:
    """Refuse what would expand to more than anything could place."""
    sized: list[tuple[tuple[str | int, ...], str, int]] = [
        (("components",), "instances", sum(each.instances for each in descriptor.components.values()))
    ]
    sized += [
        (("links", name), "instance pairs", _combinations(link.between, descriptor))
        for name, link in descriptor.links.items()
    ]
    sized += [
        (("chains", name), "ways", _combinations(chain.path, descriptor))
        for name, chain in descriptor.chains.items()
    ]
    for path, what, count in sized:
        if count > MAX_PARTS:
            yield path, f"{count} {what}; at most {MAX_PARTS} are allowed"


def _combinations(ports: Iterable[str], descriptor: Descriptor) -> int:
    owners = {owner(port) for port in ports} & descriptor.components.keys()
    return prod(descriptor.components[name].instances for name in owners)
