"""A figure of several curves as an SVG: axes with round numbers, full and dashed lines, and what they are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from interfaces.picture import palette
from interfaces.picture.elements import Element, element, path, xml
from reliability.figures.curves import Curve, Figure, Line

_WIDTH, _HEIGHT = 640.0, 380.0
"""Of the part where curves are."""
_LEFT, _TOP, _BOTTOM = 84.0, 64.0, 62.0
_RIGHT_AXIS = 74.0
_LEGEND, _ROW, _SAMPLE = 320.0, 21.0, 44.0
_DASHES: Mapping[Line, str | None] = {"full": None, "dashed": "7 6", "dotted": "0.5 5.5"}
_STEPS = 6
_EXACT = 1e-9


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float
    ticks: tuple[float, ...]
    logarithmic: bool = False

    def share(self, value: float) -> float:
        """How far along it a value is, from 0 to 1."""
        if self.logarithmic:
            return log10(value / self.low) / log10(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


def drawing(figure: Figure) -> str:
    """The file's text. It needs nothing else, and follows the reader's choice of light or dark."""
    left = [each for each in figure.curves if not each.right]
    right = [each for each in figure.curves if each.right]
    along = _along(figure)
    inside = [*_bottom(along, figure.along), *_side(_linear(left), figure.left, 0.0)]
    inside += [_line(each, along, _linear(left)) for each in left]
    if right:
        inside += [*_side(_linear(right, from_zero=True), figure.right, _WIDTH)]
        inside += [_line(each, along, _linear(right, from_zero=True)) for each in right]
    beside = _LEFT + _WIDTH + (_RIGHT_AXIS if right else 24.0)
    width, height = beside + _LEGEND, _TOP + _HEIGHT + _BOTTOM
    return xml(
        element(
            "svg",
            element("title", text=figure.title),
            element("style", text=palette.map_style()),
            element("rect", class_="paper", width=width, height=height),
            element("text", text=figure.title, class_="name", x=_LEFT, y=32.0, font_size=17),
            element("text", text=figure.note, class_="muted", x=_LEFT, y=49.0, font_size=11),
            element("g", *inside, transform=f"translate({_LEFT:g} {_TOP:g})"),
            element("g", *_legend(figure.curves), transform=f"translate({beside:g} {_TOP:g})"),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:g} {height:g}",
            width=width,
            height=height,
            role="img",
        )
    )


def _linear(curves: Iterable[Curve], from_zero: bool = False) -> _Axis:
    """From a round number below the least value, or 0, to one above the greatest."""
    values = [y for each in curves for _, y in each.points] + [0.0] * from_zero
    low, high = min(values), max(values)
    rough = ((high - low) or abs(high) or 1.0) / _STEPS
    size = 10.0 ** floor(log10(rough))
    step = next(each * size for each in (1, 2, 2.5, 5, 10) if each * size >= rough * (1 - _EXACT))
    first, last = floor(low / step + _EXACT), ceil(high / step - _EXACT)
    last = max(last, first + 1)
    return _Axis(first * step, last * step, tuple(number * step for number in range(first, last + 1)))


def _along(figure: Figure) -> _Axis:
    places = [x for each in figure.curves for x, _ in each.points]
    low, high = min(places), max(places)
    if figure.logarithmic:
        powers = range(floor(log10(low)), ceil(log10(high)) + 1)
        ticks = (part * 10.0**power for power in powers for part in (1, 2, 5))
        return _Axis(low, high, tuple(each for each in ticks if low <= each <= high), logarithmic=True)
    if low == high:  # one place only: it stands in the middle
        return _Axis(low - 1, high + 1, (low,))
    return _Axis(low, high, tuple(float(each) for each in range(ceil(low), floor(high) + 1)))


def _line(curve: Curve, along: _Axis, up: _Axis) -> Element:
    def place(x: float, y: float) -> tuple[float, float]:
        return along.share(x) * _WIDTH, _HEIGHT * (1 - up.share(y))

    hue = palette.course_class(curve.colour)
    return element(
        "g",
        element("title", text=curve.name),
        element(
            "path",
            class_=f"lane {hue}",
            d=path(*(place(*each) for each in curve.points)),
            stroke_dasharray=_DASHES[curve.line],
        ),
        _dot(*place(*curve.marked), hue) if curve.marked else None,
        *(_dot(*place(*each), hue) for each in (curve.points if curve.dots else ())),
    )


def _dot(x: float, y: float, hue: str) -> Element:
    return element("circle", class_=f"head {hue}", cx=x, cy=y, r=4.5)


def _bottom(axis: _Axis, name: str) -> Iterator[Element]:
    for tick in axis.ticks:
        x = axis.share(tick) * _WIDTH
        yield element("path", class_="grid", d=path((x, 0.0), (x, _HEIGHT)))
        yield _text(f"{tick:g}", x, _HEIGHT + 17, "middle", "small", 11)
    yield _text(name, _WIDTH / 2, _HEIGHT + 42, "middle", "", 12.5)


def _side(axis: _Axis, name: str, x: float) -> Iterator[Element]:
    """On the left with lines across, on the right without."""
    outwards = -1 if x == 0 else 1
    for tick in axis.ticks:
        y = _HEIGHT * (1 - axis.share(tick))
        if outwards < 0:
            yield element("path", class_="grid", d=path((0.0, y), (_WIDTH, y)))
        yield _text(f"{tick:.6g}", x + 8 * outwards, y + 4, "end" if outwards < 0 else "start", "small", 11)
    across, middle = x + 54 * outwards, _HEIGHT / 2
    turned = f"rotate({90 * outwards} {across:g} {middle:g})"
    yield _text(name, across, middle, "middle", "", 12.5, transform=turned)


def _legend(curves: Sequence[Curve]) -> Iterator[Element]:
    for number, curve in enumerate(curves):
        y = 10 + number * _ROW
        yield element(
            "path",
            class_=f"lane {palette.course_class(curve.colour)}",
            d=path((8.0, y), (8.0 + _SAMPLE - 10, y)),
            stroke_dasharray=_DASHES[curve.line],
        )
        place = f" ({curve.marked[0]:g})" if curve.marked else ""
        yield _text(curve.name + place, 8.0 + _SAMPLE, y + 4, "start", "", 12)


def _text(
    text: str, x: float, y: float, anchor: str, look: str, size: float, transform: str | None = None
) -> Element:
    return element(
        "text",
        text=text,
        class_=look or None,
        x=x,
        y=y,
        font_size=size,
        text_anchor=anchor,
        transform=transform,
    )
