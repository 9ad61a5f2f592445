"""What runs between two PoPs, side by side: physical links, and beside each the courses that it carries."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import hypot

from interfaces.picture.facts import CourseFacts, LinkFacts, StepFacts
from interfaces.picture.globe import Point

LANE = 4.5
"""From the middle of one lane to that of the next."""
_LINK = 8.0
"""From a link's last lane to the next link of the same two PoPs."""


@dataclass(frozen=True)
class Wire:
    """A physical link's line."""

    link: LinkFacts
    start: Point
    end: Point


@dataclass(frozen=True)
class Lane:
    """A step of a course, beside the wire of its link: on the right of those who go its way."""

    course: int
    """Which of the courses."""
    step: StepFacts
    start: Point
    """Where its packets come from."""
    end: Point


@dataclass(frozen=True)
class _Strip:
    """The room that a link takes between its PoPs: its lanes on both sides, outwards from the wire."""

    link: LinkFacts
    along: Sequence[tuple[int, StepFacts]]
    """From the first PoP of the pair to the second."""
    against: Sequence[tuple[int, StepFacts]]


def strands(
    links: Iterable[LinkFacts], courses: Sequence[CourseFacts], places: Mapping[str, Point]
) -> tuple[list[Wire], list[Lane]]:
    """The lines of all links and courses. Nothing lies on anything else between the same two PoPs."""
    carried: dict[str, list[tuple[int, StepFacts]]] = defaultdict(list)
    for number, course in enumerate(courses):
        for step in course.steps:
            carried[step.link].append((number, step))
    between: dict[tuple[str, str], list[LinkFacts]] = defaultdict(list)
    for link in links:
        between[min(link.between), max(link.between)].append(link)
    wires: list[Wire] = []
    lanes: list[Lane] = []
    for (one, other), parallel in between.items():
        strips = [_strip(link, one, carried[link.name]) for link in parallel]
        for strip, offset in _spread(strips):
            start, end = shifted(places[one], places[other], offset)
            wires.append(Wire(strip.link, start, end))
            lanes += _lanes(strip, places[one], places[other], offset)
    return wires, lanes


def _strip(link: LinkFacts, one: str, carried: Sequence[tuple[int, StepFacts]]) -> _Strip:
    along = [each for each in carried if each[1].source == one]
    return _Strip(link, along, [each for each in carried if each[1].source != one])


def _spread(strips: Sequence[_Strip]) -> Iterator[tuple[_Strip, float]]:
    """Each with the distance of its wire from the straight line; a single one is on it."""
    offsets, edge = [], 0.0
    for number, strip in enumerate(strips):
        wire = edge + (len(strip.against) * LANE + _LINK if number else 0.0)
        offsets.append(wire)
        edge = wire + len(strip.along) * LANE
    middle = sum(offsets) / len(offsets)
    yield from zip(strips, (offset - middle for offset in offsets), strict=True)


def _lanes(strip: _Strip, one: Point, other: Point, offset: float) -> Iterator[Lane]:
    for number, (course, step) in enumerate(strip.along, start=1):
        yield Lane(course, step, *shifted(one, other, offset + number * LANE))
    for number, (course, step) in enumerate(strip.against, start=1):
        start, end = shifted(one, other, offset - number * LANE)
        yield Lane(course, step, end, start)


def shifted(one: Point, other: Point, distance: float) -> tuple[Point, Point]:
    """The line between two points, moved to the right of who goes from the first to the second."""
    (ax, ay), (bx, by) = one, other
    length = hypot(bx - ax, by - ay) or 1.0
    dx, dy = -(by - ay) / length * distance, (bx - ax) / length * distance
    return (ax + dx, ay + dy), (bx + dx, by + dy)
