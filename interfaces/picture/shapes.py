"""A scene as SVG elements."""

from collections.abc import Iterable, Iterator, Mapping
from math import cos, hypot, pi, sin

from interfaces.picture import details
from interfaces.picture.elements import Element, element, path
from interfaces.picture.facts import Becoming, PopFacts
from interfaces.picture.globe import GridLine, Point
from interfaces.picture.labels import Label
from interfaces.picture.lanes import Lane, Wire
from interfaces.picture.palette import course_class, dash, load_class
from interfaces.picture.scene import KINDS, Layer, Node, Scene, Tag

_RING = 6.0
"""Radius from which on a PoP shows its load as a ring; below, it is a dot."""
_WRITTEN = 9.0
"""Radius from which on the number of instances has room in it."""
_WHOLE = 0.998
"""Load from which on the ring is closed."""
_ROOMY = 34.0
"""Length from which on a lane shows its direction."""


def shapes(scene: Scene) -> Element:
    """The whole map, as a group; what is told of a thing stands in its title."""
    nodes = {node.pop.name: node for node in scene.nodes}
    return element(
        "g",
        _group("graticule", (each for line in scene.grid for each in _grid_line(line, scene))),
        _group("links", (_link(wire, scene) for wire in scene.wires)),
        _group("courses", (_course(number, scene) for number in range(len(scene.topology.courses)))),
        _group("pops", (_pop(node, scene.topology.currency) for node in scene.nodes)),
        *(_layer(layer, nodes) for layer in scene.layers),
        class_="map",
    )


def _group(name: str, children: Iterator[Element]) -> Element:
    return element("g", *children, class_=name)


def _title(name: str, rows: Iterable[details.Row]) -> Element:
    return element("title", text=details.text(name, rows))


def _grid_line(line: GridLine, scene: Scene) -> tuple[Element, Element]:
    if line.is_meridian:
        ends, at = ((line.level, 0.0), (line.level, scene.height)), (line.level + 3, scene.height - 5)
    else:
        ends, at = ((0.0, line.level), (scene.width, line.level)), (4.0, line.level - 3)
    text = element("text", text=line.text, class_="degree", x=at[0], y=at[1], font_size=9)
    return element("path", class_="grid", d=path(*ends)), text


def _link(wire: Wire, scene: Scene) -> Element:
    link = wire.link
    line = path(wire.start, wire.end)
    return element(
        "g",
        _title(f"{link.between[0]} - {link.between[1]}", details.of_link(link, scene.topology.currency)),
        element("path", class_=f"wire {load_class(link.load)}", d=line, stroke_width=thickness(link.load)),
        element("path", class_="reach", d=line),
        class_="link",
        data_link=link.name,
    )


def thickness(load: float) -> float:
    """Of a link's line."""
    return 1.4 + 3.6 * min(load, 1.0) if load > 0 else 1.2


def _course(number: int, scene: Scene) -> Element:
    course = scene.topology.courses[number]
    mine = [lane for lane in scene.lanes if lane.course == number]
    parts = [part for lane in mine for part in _lane(lane, number, course.directed)]
    title = _title(course.id, details.of_course(course))
    return element("g", title, *parts, class_="course", data_course=number)


def _lane(lane: Lane, number: int, directed: bool) -> Iterator[Element]:
    becoming = lane.step.becoming
    pattern = dash(number) if directed and becoming is not Becoming.GOES else None
    look = f"lane {course_class(number)} {becoming}{'' if directed else ' both'}"
    yield element("path", class_=look, d=path(lane.start, lane.end), stroke_dasharray=pattern)
    if directed:
        yield from (_head(at, lane, f"head {course_class(number)} {becoming}") for at in _middles(lane))


def _middles(lane: Lane) -> tuple[float, ...]:
    length = hypot(lane.end[0] - lane.start[0], lane.end[1] - lane.start[1])
    return () if length < _ROOMY else (0.5,) if length < 6 * _ROOMY else (0.33, 0.67)


def _head(part: float, lane: Lane, look: str) -> Element:
    """An arrow's head, at a part of the way."""
    (ax, ay), (bx, by) = lane.start, lane.end
    length = hypot(bx - ax, by - ay)
    dx, dy = (bx - ax) / length, (by - ay) / length
    points = ((6.0, 0.0), (-4.0, 4.6), (-2.0, 0.0), (-4.0, -4.6))
    corners = [(dx * along - dy * across, dy * along + dx * across) for along, across in points]
    head = element("path", class_=look, d=path(*corners) + "Z")
    at = (ax + (bx - ax) * part, ay + (by - ay) * part)
    return element("g", element("g", head, class_="still"), transform=_to(at))


def _to(at: Point) -> str:
    return f"translate({at[0]:.1f} {at[1]:.1f})"


def _pop(node: Node, currency: str) -> Element:
    return element(
        "g",
        _title(node.pop.name, details.of_pop(node.pop, currency)),
        element("g", *disc(node), class_="still"),
        class_="pop",
        data_pop=node.pop.name,
        transform=_to(node.at),
    )


def disc(node: Node) -> Iterator[Element]:
    """A PoP: its load, around the number of instances of the drawn services."""
    pop, radius = node.pop, node.radius
    busy = " busy" if pop.instances else ""
    if radius < _RING:
        yield element("circle", class_=f"disc dot {load_class(pop.load)}{busy}", r=radius + 1.5 * bool(busy))
        return
    yield element("circle", class_=f"disc{busy}", r=radius, stroke_width=2.0 if busy else 1.0)
    yield from ring(pop.load, radius)
    if pop.used_before is not None:
        before = pop.model_copy(update={"used": pop.used_before}).load
        ends = [_around(before, each) for each in (radius * 0.6, radius + 2.5)]
        yield element("path", class_="before", d=path(*ends), stroke_width=1.6)
    if pop.instances and radius >= _WRITTEN:
        yield element("text", text=_held(pop), class_="count", y=3.4, text_anchor="middle", font_size=9.5)


def _held(pop: PopFacts) -> str:
    """How many instances are here, or will be; or that users come in here."""
    staying = [each.kind for each in pop.instances if each.becoming is not Becoming.GOES]
    count = sum(kind != "endpoint" for kind in staying)
    return str(count) if count or not staying else KINDS["endpoint"]


def ring(load: float, radius: float) -> Iterator[Element]:
    """A gauge that fills clockwise from the top."""
    breadth = radius * 0.34
    middle = radius - breadth / 2 - 0.6
    yield element("circle", class_="gauge track", r=middle, stroke_width=breadth)
    look = f"gauge {load_class(load)}"
    if load >= _WHOLE:
        yield element("circle", class_=look, r=middle, stroke_width=breadth)
    elif load > 0:
        yield element("path", class_=look, d=_arc(load, middle), stroke_width=breadth)


def _around(part: float, radius: float) -> Point:
    """Where a part of the circle ends, clockwise from the top."""
    return radius * sin(2 * pi * part), -radius * cos(2 * pi * part)


def _arc(part: float, radius: float) -> str:
    x, y = _around(part, radius)
    return f"M0 {-radius:.2f}A{radius:.2f} {radius:.2f} 0 {int(part > 0.5)} 1 {x:.2f} {y:.2f}"


def _layer(layer: Layer, nodes: Mapping[str, Node]) -> Element:
    tags = map(_tag, layer.tags)
    labels = (_label(label, nodes[label.pop], layer.zoom) for label in layer.labels)
    return element("g", *tags, *labels, class_="layer", data_zoom=f"{layer.zoom:g}")


def _label(label: Label, node: Node, zoom: float) -> Element:
    leader = _leader(label, node.radius * min(zoom, 1.0)) if label.leader else None
    return element(
        "g",
        element("g", leader, *_texts(label), class_="words"),
        class_="label",
        data_pop=label.pop,
        transform=_to(node.at),
    )


def _leader(label: Label, radius: float) -> Element:
    """From the PoP's edge to where the label is nearest to it."""
    box = label.box
    x = min(max(0.0, box.left), box.left + box.width)
    y = min(max(0.0, box.top), box.top + box.height)
    part = radius / max(hypot(x, y), radius)
    return element("path", class_="leader", d=path((x * part, y * part), (x, y)))


def _texts(label: Label) -> Iterator[Element]:
    box = label.box
    x = {"start": box.left + 2, "end": box.left + box.width - 2}.get(label.align, box.left + box.width / 2)
    y = box.top + 1
    for line in label.lines:
        yield element(
            "text",
            text=line.text,
            class_=line.style,
            x=x,
            y=y + line.size,
            font_size=line.size,
            text_anchor=None if label.align == "start" else label.align,
        )
        y += line.height


def _tag(tag: Tag) -> Element:
    width, height = tag.line.width, tag.line.height
    ground = element("rect", class_="paper", x=-width / 2, y=-height / 2, width=width, height=height)
    text = element(
        "text", text=tag.line.text, class_="tag", y=3.0, font_size=tag.line.size, text_anchor="middle"
    )
    return element(
        "g",
        element("g", ground, text, class_="words"),
        class_="tag-of-link",
        data_link=tag.link,
        transform=_to(tag.at),
    )
