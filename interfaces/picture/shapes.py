"""A scene as SVG elements."""

from collections.abc import Iterator
from math import cos, hypot, pi, sin

from interfaces.picture import tooltips
from interfaces.picture.elements import Element, element, path
from interfaces.picture.facts import Becoming
from interfaces.picture.globe import GridLine, Point
from interfaces.picture.labels import Label
from interfaces.picture.lanes import Lane, Wire
from interfaces.picture.palette import course_class, dash, load_class
from interfaces.picture.scene import Node, Scene, Tag

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
    return element(
        "g",
        _group("graticule", (each for line in scene.grid for each in _grid_line(line, scene))),
        _group("links", (_link(wire, scene) for wire in scene.wires)),
        _group("courses", (_course(number, scene) for number in range(len(scene.topology.courses)))),
        _group("tags", map(_tag, scene.tags)),
        _group("leaders", (_leader(each, scene.places[each.pop]) for each in scene.labels if each.leader)),
        _group("pops", (_pop(node, scene.topology.currency) for node in scene.nodes)),
        _group("labels", (_label(label, scene.places[label.pop]) for label in scene.labels)),
        class_="map",
    )


def _group(name: str, children: Iterator[Element]) -> Element:
    return element("g", *children, class_=name)


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
        element("title", text=tooltips.of_link(link, scene.topology.currency)),
        element("path", class_=f"wire {load_class(link.load)}", d=line, stroke_width=thickness(link.load)),
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
    title = element("title", text=tooltips.of_course(course))
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
    x, y = ax + (bx - ax) * part, ay + (by - ay) * part
    points = ((6.0, 0.0), (-4.0, 4.6), (-2.0, 0.0), (-4.0, -4.6))
    corners = [(x + dx * along - dy * across, y + dy * along + dx * across) for along, across in points]
    return element("path", class_=look, d=path(*corners) + "Z")


def _pop(node: Node, currency: str) -> Element:
    x, y = node.at
    return element(
        "g",
        element("title", text=tooltips.of_pop(node.pop, currency)),
        element("g", *disc(node), class_="still"),
        class_="pop",
        data_pop=node.pop.name,
        transform=f"translate({x:.1f} {y:.1f})",
    )


def disc(node: Node) -> Iterator[Element]:
    """A PoP: its load, around the number of instances of the drawn services."""
    pop, radius = node.pop, node.radius
    here = sum(each.becoming is not Becoming.GOES for each in pop.instances)
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
    if here and radius >= _WRITTEN:
        yield element("text", text=str(here), class_="count", y=3.4, text_anchor="middle", font_size=9.5)


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


def _leader(label: Label, at: Point) -> Element:
    """From the PoP to the side of the label that is nearest to it."""
    box = label.box.moved(at)
    x = min(max(at[0], box.left), box.left + box.width)
    y = min(max(at[1], box.top), box.top + box.height)
    return element("path", class_="leader", d=path(at, (x, y)), data_pop=label.pop)


def _label(label: Label, at: Point) -> Element:
    return element(
        "g",
        element("g", *_texts(label), class_="still"),
        class_="label",
        data_pop=label.pop,
        data_zoom=None if label.zoom == 1 else f"{label.zoom:g}",
        transform=f"translate({at[0]:.1f} {at[1]:.1f})",
    )


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
        element("g", ground, text, class_="still"),
        class_="tag-of-link",
        data_link=tag.link,
        transform=f"translate({tag.at[0]:.1f} {tag.at[1]:.1f})",
    )
