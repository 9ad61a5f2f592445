"""A picture as one SVG file: the map, and beside it the legend."""

import textwrap
from collections.abc import Iterator

from interfaces.picture import palette
from interfaces.picture.elements import Element, element, path, xml
from interfaces.picture.facts import Topology
from interfaces.picture.legend import Row, Section, heading, sections
from interfaces.picture.scene import scene_of
from interfaces.picture.shapes import ring, shapes, thickness

_LEGEND = 340.0
"""Width."""
_PAD = 20.0
_SAMPLE = 44.0
"""Room for what stands before a row."""
_LETTERS = 44
"""In a line of the legend."""


def svg(topology: Topology) -> str:
    """The file's text. It needs nothing else, and follows the reader's choice of light or dark."""
    scene = scene_of(topology)
    legend, needed = _legend(topology)
    height = max(scene.height, needed)
    width = scene.width + _LEGEND
    return xml(
        element(
            "svg",
            element("title", text=" ".join(heading(topology))),
            element("style", text=palette.map_style()),
            element("rect", class_="paper", width=width, height=height),
            element("g", shapes(scene), transform=f"translate(0 {(height - scene.height) / 2:.1f})"),
            element("g", _panel(height), *legend, transform=f"translate({scene.width:g} 0)"),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width:g} {height:g}",
            width=width,
            height=height,
            role="img",
        )
    )


def _panel(height: float) -> Element:
    return element("rect", class_="panel", width=_LEGEND, height=height)


def _legend(topology: Topology) -> tuple[list[Element], float]:
    """Its parts, and the height that they take."""
    title, subtitle = heading(topology)
    y = _PAD + 20
    parts = [_text(line, y + 24 * n, "name", 20) for n, line in enumerate(textwrap.wrap(title, 26))]
    y += 24 * len(parts)
    parts += [
        _text(line, y + 15 * n - 4, "muted", 11.5) for n, line in enumerate(textwrap.wrap(subtitle, 48))
    ]
    y += 15 * len(textwrap.wrap(subtitle, 48)) + 8
    for section in sections(topology):
        added, y = _section(section, y)
        parts += added
    return parts, y + _PAD


def _section(section: Section, y: float) -> tuple[list[Element], float]:
    parts = [
        element("path", class_="rule", d=path((_PAD, y), (_LEGEND - _PAD, y))),
        _text(section.title, y + 22, "name", 13),
    ]
    y += 40
    for row in section.rows:
        added, y = _row(row, y)
        parts += added
    return parts, y + 4


def _row(row: Row, y: float) -> tuple[list[Element], float]:
    parts = [*sample(row, _PAD, y - 4)]
    left = _PAD + (_SAMPLE if parts else 0)
    letters = _LETTERS - (7 if parts else 0)
    for line in textwrap.wrap(row.text, letters):
        parts.append(_text(line, y, "", 12, left))
        y += 17
    for line in textwrap.wrap(row.detail, letters + 4):
        parts.append(_text(line, y - 2, "muted", 10.5, left))
        y += 14
    return parts, y + (3 if row.detail else 0)


def sample(row: Row, x: float, y: float) -> Iterator[Element]:
    """What stands before a row: the line of its course, or a ring and a link of its load."""
    if row.course is not None:
        line = _line_of(row.course, row.directed)
        yield element("g", *line, transform=f"translate({x:g} {y:g})")
    elif row.load is not None:
        look = f"wire {palette.load_class(row.load)}"
        line_of_link = path((x + 21, y), (x + 37, y))
        yield element("g", *ring(row.load, 8.0), transform=f"translate({x + 8:g} {y:g})")
        yield element("path", class_=look, d=line_of_link, stroke_width=thickness(row.load))


def _line_of(course: int, directed: bool) -> Iterator[Element]:
    hue, line = palette.course_class(course), path((0, 0), (34, 0))
    if not directed:
        yield element("path", class_=f"lane {hue} both", d=line)
        return
    yield element("path", class_=f"lane {hue}", d=line, stroke_dasharray=palette.dash(course))
    yield element("path", class_=f"head {hue}", d="M24 0L14 4.6L16 0L14 -4.6Z")


def _text(text: str, y: float, style: str, size: float, x: float = _PAD) -> Element:
    return element("text", text=text, class_=style or None, x=x, y=y, font_size=size)
