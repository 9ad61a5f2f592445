"""Labels that cover neither each other nor a PoP: what does not fit is left out until somebody zooms in."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, hypot

from interfaces.picture.globe import Point

_CELL = 24.0
"""Side of the squares by which neighbours are found."""
_SLIM, _BROAD = "fijlrt.,:;'|!()[]I- /", "mwMW@%"


@dataclass(frozen=True)
class Line:
    """One line of a label."""

    text: str
    style: str
    """Name of its class in the picture."""
    size: float
    """Of the font."""

    @property
    def width(self) -> float:
        """Not less than any of the usual sans-serif fonts takes."""
        widths = (0.4 if c in _SLIM else 1.0 if c in _BROAD else 0.64 for c in self.text)
        return sum(widths) * self.size

    @property
    def height(self) -> float:
        return self.size * 1.25


@dataclass(frozen=True)
class Box:
    """A rectangle."""

    left: float
    top: float
    width: float
    height: float

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.left + other.width
            and other.left < self.left + self.width
            and self.top < other.top + other.height
            and other.top < self.top + self.height
        )

    def within(self, width: float, height: float) -> bool:
        return (
            self.left >= 0
            and self.top >= 0
            and self.left + self.width <= width
            and self.top + self.height <= height
        )

    def moved(self, by: Point) -> "Box":
        return Box(self.left + by[0], self.top + by[1], self.width, self.height)


@dataclass(frozen=True)
class Wanted:
    """A label to be placed beside a PoP; those that come first are placed first."""

    pop: str
    at: Point
    radius: float
    forms: tuple[tuple[Line, ...], ...]
    """The whole label, then shorter ones."""
    distances: int = 1
    """At how many distances from the PoP it may stand; at all but the first a line joins them."""


@dataclass(frozen=True)
class Label:
    """A label that has its place."""

    pop: str
    box: Box
    """As seen from the PoP's own place."""
    lines: tuple[Line, ...]
    align: str
    """start, middle or end."""
    leader: bool
    """Whether a line joins it with its PoP."""


@dataclass
class Sheet:
    """What is taken of the picture."""

    width: float
    height: float
    _boxes: dict[tuple[int, int], list[Box]] = field(default_factory=lambda: defaultdict(list))
    _ink: dict[tuple[int, int], float] = field(default_factory=lambda: defaultdict(float))

    def take(self, box: Box) -> None:
        """Nothing else may stand there."""
        for cell in _cells(box):
            self._boxes[cell].append(box)

    def rule(self, start: Point, end: Point, weight: float) -> None:
        """A line goes there: a label may cover it, though rather not."""
        (ax, ay), (bx, by) = start, end
        steps = max(1, ceil(hypot(bx - ax, by - ay) / (_CELL / 2)))
        for number in range(steps + 1):
            part = number / steps
            self._ink[int((ax + (bx - ax) * part) // _CELL), int((ay + (by - ay) * part) // _CELL)] += weight

    def is_free(self, box: Box) -> bool:
        """Whether it is within the picture, and nothing stands there."""
        if not box.within(self.width, self.height):
            return False
        return not any(box.meets(other) for cell in _cells(box) for other in self._boxes.get(cell, ()))

    def ink(self, box: Box) -> float:
        """How much a label would cover there."""
        return sum(self._ink.get(cell, 0.0) for cell in _cells(box))


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    for x in range(int(box.left // _CELL), int((box.left + box.width) // _CELL) + 1):
        for y in range(int(box.top // _CELL), int((box.top + box.height) // _CELL) + 1):
            yield x, y


def placed(wanted: Iterable[Wanted], sheet: Sheet) -> list[Label]:
    """Those that fit, each in its longest form that does, where it covers the least."""
    found = []
    for each in wanted:
        label = _best(each, sheet)
        if label:
            sheet.take(label.box.moved(each.at))
            found.append(label)
    return found


def _best(wanted: Wanted, sheet: Sheet) -> Label | None:
    for lines in wanted.forms:
        options = []
        for number, (cost, label) in enumerate(_options(wanted, lines)):
            box = label.box.moved(wanted.at)
            if sheet.is_free(box):
                options.append((sheet.ink(box) + cost, number, label))
        if options:
            return min(options, key=lambda option: option[:2])[2]
    return None


def _options(wanted: Wanted, lines: tuple[Line, ...]) -> Iterator[tuple[float, Label]]:
    """Places around the PoP, the usual ones first; and what they cost beside what they cover."""
    width = max(line.width for line in lines) + 4
    height = sum(line.height for line in lines) + 2
    for penalty, away in _DISTANCES[: wanted.distances]:
        for number, (sideways, down, reach) in enumerate(_SIDES):
            gap = (wanted.radius + away) * reach
            left, top = sideways * gap - (1 - sideways) / 2 * width, down * gap - (1 - down) / 2 * height
            align = "start" if len(lines) > 2 else ("end", "middle", "start")[sideways + 1]
            box = Box(left, top, width, height)
            yield penalty + number * 0.4, Label(wanted.pop, box, lines, align, leader=penalty > 0)


_DISTANCES = ((0.0, 3.0), (15.0, 26.0), (25.0, 60.0), (40.0, 110.0), (60.0, 170.0))
"""(What it costs, how far from the PoP's edge)."""
_SIDES = (
    (1, 0, 1.0),
    (-1, 0, 1.0),
    (0, -1, 1.0),
    (0, 1, 1.0),
    (1, -1, 0.7),
    (1, 1, 0.7),
    (-1, -1, 0.7),
    (-1, 1, 0.7),
)
"""Right, left, above, below, then the corners: sideways, downwards, part of the distance."""
