"""A simulation as an SVG: the load and the instances over time, and when a target was not kept."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from interfaces.picture import palette
from interfaces.picture.elements import Element, element, path, xml
from monitoring.simulation.courses import Course, Moment, Simulation

_WIDTH, _HEIGHT = 1000.0, 150.0
_LEFT, _TOP, _GAP = 80.0, 80.0, 46.0
_RIGHT = 45.0
_POINTS = 1000
"""At most, of a line: more than anybody sees."""
_TICKS = 8


def drawing(found: Simulation) -> str:
    """The file's text. It needs nothing else, and follows the reader's choice of light or dark."""
    charts = [*_load(found), *(_instances(course, found) for course in found.courses)]
    width = _LEFT + _WIDTH + _RIGHT
    height = _TOP + len(charts) * (_HEIGHT + _GAP) + 20
    placed = (
        element("g", chart, transform=f"translate({_LEFT:g} {_TOP + number * (_HEIGHT + _GAP):g})")
        for number, chart in enumerate(charts)
    )
    title = f"{found.component} of {found.service}: {', '.join(found.policies)}"
    return xml(
        element(
            "svg",
            element("title", text=title),
            element("style", text=palette.map_style() + _STYLE),
            element("rect", class_="paper", width=width, height=height),
            element("text", text=title, class_="name", x=_LEFT, y=28.0, font_size=17),
            element("text", text=found.world, class_="muted", x=_LEFT, y=44.0, font_size=10.5),
            *placed,
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:g} {height:g}",
            width=width,
            height=height,
            role="img",
        )
    )


_STYLE = ".wrong { fill: #d0342c; opacity: 0.28; }\n"


def _load(found: Simulation) -> Iterator[Element]:
    moments = found.courses[0].moments
    if any(each.load is not None for each in moments):
        yield _chart("load", moments, lambda each: each.load or 0.0, "course0", [])


def _instances(course: Course, found: Simulation) -> Element:
    account = course.account
    told = f"{course.name}: {account.instance_hours:.1f} instance-hours, {account.actions} scalings"
    if found.targets:
        told += f", targets not kept for {account.violated_minutes:.1f} min"
    first = course.moments[0].at
    span = course.moments[-1].at - first or 1.0
    wrong = [
        element(
            "rect",
            element("title", text=f"{each.target}: at worst {each.worst:.4g}, {each.minutes:.1f} min"),
            class_="wrong",
            x=(each.start.timestamp() - first) / span * _WIDTH,
            y=0.0,
            width=max(1.0, each.minutes * 60 / span * _WIDTH),
            height=_HEIGHT,
        )
        for each in course.violations
    ]
    return _chart(told, course.moments, lambda each: float(each.instances), "course1", wrong, steps=True)


def _chart(
    name: str,
    moments: Sequence[Moment],
    of: Callable[[Moment], float],
    look: str,
    under: Sequence[Element],
    steps: bool = False,
) -> Element:
    top = max(max(map(of, moments)), 1e-9)
    first, span = moments[0].at, moments[-1].at - moments[0].at or 1.0
    points: list[tuple[float, float]] = []
    for each in _thinned(moments, of):
        x, y = (each.at - first) / span * _WIDTH, _HEIGHT - of(each) / top * _HEIGHT
        if steps and points:
            points.append((x, points[-1][1]))
        points.append((x, y))
    return element(
        "g",
        element("text", text=name, class_="name", x=0.0, y=-7.0, font_size=12),
        *under,
        *_axes(top, first, span),
        element("path", class_=f"lane {look}", d=path(*points)),
    )


def _thinned(moments: Sequence[Moment], of: Callable[[Moment], float]) -> Iterator[Moment]:
    """The first, the last, and of each part the greatest, and where it changes."""
    size = max(1, len(moments) // _POINTS)
    yield moments[0]
    for start in range(0, len(moments), size):
        part = moments[start : start + size]
        greatest = max(part, key=of)
        yield greatest
        if part[-1] is not greatest:
            yield part[-1]


def _axes(top: float, first: float, span: float) -> Iterator[Element]:
    yield element("path", class_="grid", d=path((0.0, _HEIGHT), (_WIDTH, _HEIGHT)))
    for share in (0.0, 1.0):
        y = _HEIGHT * (1 - share)
        yield element(
            "text",
            text=f"{top * share:.4g}",
            class_="small",
            x=-8.0,
            y=y + 4,
            font_size=11,
            text_anchor="end",
        )
    for tick in range(_TICKS + 1):
        at = datetime.fromtimestamp(first + span * tick / _TICKS, UTC)
        x = _WIDTH * tick / _TICKS
        yield element("path", class_="grid", d=path((x, 0.0), (x, _HEIGHT)))
        yield element(
            "text",
            text=f"{at:%m-%d %H:%M}",
            class_="small",
            x=x,
            y=_HEIGHT + 15,
            font_size=10,
            text_anchor="middle",
        )
