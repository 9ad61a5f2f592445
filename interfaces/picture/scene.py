"""A picture before it is drawn: what stands where, and which labels fit. Sizes are in the picture's units."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from interfaces.picture import wording
from interfaces.picture.facts import Becoming, InstanceFacts, LinkFacts, PopFacts, Topology
from interfaces.picture.globe import GridLine, Point
from interfaces.picture.labels import Box, Label, Line, Sheet, Wanted, placed
from interfaces.picture.lanes import Lane, Wire, strands
from interfaces.picture.positions import Frame, frame_of

_FEW, _SOME, _MANY = 30, 80, 200
"""PoPs up to which labels are large; up to which they tell prices, and may stand a little away from their
PoP; and up to which those of the largest PoPs may."""
_TAGGED = 40
"""Links up to which each may have its latency and price written on it."""
_LISTED = 8
"""Instances in a label; the others are counted."""
_SIGNS = {Becoming.STAYS: "", Becoming.COMES: "+ ", Becoming.GOES: "\N{MINUS SIGN} "}
KINDS = {"vnf": "◆", "microservice": "●", "endpoint": "▸"}
"""What stands before the name of each kind of instance."""


@dataclass(frozen=True)
class Node:
    """A PoP's disc."""

    pop: PopFacts
    at: Point
    radius: float


@dataclass(frozen=True)
class Tag:
    """What is written on a link."""

    link: str
    at: Point
    """The middle of the text."""
    line: Line


@dataclass(frozen=True)
class Layer:
    """What is written, for one magnification."""

    zoom: float
    labels: tuple[Label, ...]
    tags: tuple[Tag, ...]


@dataclass(frozen=True)
class Scene:
    """All of it."""

    topology: Topology
    width: float
    height: float
    grid: tuple[GridLine, ...]
    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]
    lanes: tuple[Lane, ...]
    layers: tuple[Layer, ...]


def scene_of(topology: Topology, zooms: Sequence[float] = (1.0,)) -> Scene:
    """Place everything.

    :param zooms: rising magnifications to write for; no more of them are used than it takes to write all
    """
    frame = frame_of(topology.pops, topology.links)
    wires, lanes = strands(topology.links, topology.courses, frame.places)
    nodes = _nodes(topology.pops, frame)
    bare = Scene(
        topology, frame.width, frame.height, frame.grid, nodes, tuple(wires), tuple(lanes), layers=()
    )
    return replace(bare, layers=tuple(_layers(bare, zooms)))


def _layers(scene: Scene, zooms: Sequence[float]) -> Iterator[Layer]:
    for zoom in zooms:
        sheet = _sheet(scene, zoom)
        wanted = [*_wanted(scene, zoom)]
        labels = placed(wanted, sheet)
        tags = _tags(scene.wires, sheet, zoom) if len(scene.wires) <= _TAGGED else []
        yield Layer(zoom, tuple(labels), tuple(tags))
        whole = sum(label.lines == each.forms[0] for label, each in zip(labels, wanted, strict=False))
        if zoom >= 1 and whole == len(wanted):
            return


def _nodes(pops: Sequence[PopFacts], frame: Frame) -> tuple[Node, ...]:
    """The area of a disc grows with the capacity."""
    most = max((pop.capacity.vcpus for pop in pops), default=0) or 1
    return tuple(
        Node(pop, frame.places[pop.name], frame.radius * max(0.62, sqrt(pop.capacity.vcpus / most)))
        for pop in pops
    )


def _sheet(scene: Scene, zoom: float) -> Sheet:
    """The map alone, with what labels are not to cover."""
    sheet = Sheet(scene.width * zoom, scene.height * zoom)
    for node in scene.nodes:
        sheet.take(_around(_zoomed(node.at, zoom), node.radius * min(zoom, 1.0) + 1))
    for wire in scene.wires:
        sheet.rule(_zoomed(wire.start, zoom), _zoomed(wire.end, zoom), 1.0)
    for lane in scene.lanes:
        sheet.rule(_zoomed(lane.start, zoom), _zoomed(lane.end, zoom), 5.0)
    return sheet


def _zoomed(point: Point, zoom: float) -> Point:
    return point[0] * zoom, point[1] * zoom


def _around(at: Point, radius: float) -> Box:
    return Box(at[0] - radius, at[1] - radius, 2 * radius, 2 * radius)


def _wanted(scene: Scene, zoom: float) -> Iterator[Wanted]:
    """Labels by how much their PoPs matter: what runs there, what passes, how large and how connected."""
    topology = scene.topology
    passed = Counter(pop for course in topology.courses for s in course.steps for pop in (s.source, s.target))
    degrees = Counter(pop for link in topology.links for pop in link.between)
    writing = _writing(topology)

    def rank(node: Node) -> tuple[float, ...]:
        pop = node.pop
        return -len(pop.instances), not passed[pop.name], -pop.capacity.vcpus, -degrees[pop.name]

    largest = max(node.radius for node in scene.nodes)
    for node in sorted(scene.nodes, key=rank):
        near = len(scene.nodes) <= (_MANY if node.radius == largest else _SOME)
        distances = 5 if node.pop.instances else 2 if near else 1
        at, radius = _zoomed(node.at, zoom), node.radius * min(zoom, 1.0)
        yield Wanted(node.pop.name, at, radius, _forms(node.pop, writing), distances)


@dataclass(frozen=True)
class _Writing:
    """How labels are written in one picture."""

    size: float
    """Of names."""
    several: bool
    """More than one service, so that instances are told with theirs."""
    vcpu: bool
    """Whether its price is told: where it is not the same everywhere."""
    memory: bool


def _writing(topology: Topology) -> _Writing:
    pops = topology.pops
    priced = len(pops) <= _SOME
    return _Writing(
        size=13.0 if len(pops) <= _FEW else 11.5 if len(pops) <= _SOME else 10.0,
        several=len(topology.services) > 1,
        vcpu=priced and len({pop.prices.vcpu_hour for pop in pops}) > 1,
        memory=priced and len({pop.prices.memory_gib_hour for pop in pops}) > 1,
    )


def _forms(pop: PopFacts, writing: _Writing) -> tuple[tuple[Line, ...], ...]:
    """From all that is to be told down to the name."""
    name = Line(pop.name, "name", writing.size)
    price = wording.differing(pop.prices, writing.vcpu, writing.memory)
    heads = ((name, Line(price, "small", 9.5)), (name,)) if price else ((name,),)
    lists = (
        [_listed(pop.instances, writing.several, most) for most in (_LISTED, 3)] if pop.instances else [()]
    )
    forms = [(*head, *rows) for rows in lists for head in heads]
    return tuple(dict.fromkeys([*forms, (name,)]))


def _listed(instances: Sequence[InstanceFacts], several: bool, most: int) -> tuple[Line, ...]:
    shown = instances if len(instances) <= most else instances[: most - 1]
    lines = [_row(each, several) for each in shown]
    left = len(instances) - len(shown)
    return (*lines, *([Line(f"and {left} more", "small", 10.5)] if left else []))


def _row(instance: InstanceFacts, several: bool) -> Line:
    name = f"{instance.service}/{instance.name}" if several else instance.name
    text = f"{_SIGNS[instance.becoming]}{KINDS.get(instance.kind, '●')} {name}"
    return Line(text, f"instance {instance.becoming}", 10.5)


def _tags(wires: Sequence[Wire], sheet: Sheet, zoom: float) -> list[Tag]:
    """On each link that has room for it."""
    found = []
    for wire in wires:
        line = Line(tag_text(wire.link), "tag", 9.0)
        for part in (0.5, 0.4, 0.6, 0.3, 0.7):
            x, y = (a + (b - a) * part for a, b in zip(wire.start, wire.end, strict=True))
            box = Box(x * zoom - line.width / 2 - 2, y * zoom - line.height / 2, line.width + 4, line.height)
            if sheet.is_free(box):
                sheet.take(box)
                found.append(Tag(wire.link.name, (x, y), line))
                break
    return found


def tag_text(link: LinkFacts) -> str:
    """Latency, and price where it has one."""
    parts = [wording.latency(link.latency_ms)]
    return " · ".join(parts + ([wording.price(link.price_mbps_hour)] if link.price_mbps_hour else []))
