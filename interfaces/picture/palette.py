"""The colours of a picture, by day and by night, for all kinds of colour vision.

Courses have cool colours that are told apart with each kind of colour blindness, simulated as by Machado,
Oliveira and Fernandes, "A physiologically-based model for simulation of color vision deficiency", IEEE TVCG
2009. Loads have warm ones, whose lightness goes one way from empty to full: so neither is taken
for the other.
"""

from collections.abc import Mapping
from string import Template

LOADS = (1 / 3, 2 / 3, 9 / 10)
"""Where a higher class of load begins: the steps of domain.objectives.LOAD_SLOPES."""

DASHES = ("none", "9 4", "3 3")
"""Of courses: another one each time that the colours have been used up."""

LIGHT = {
    "paper": "#fbfcfd",
    "panel": "#ffffff",
    "ink": "#17212b",
    "muted": "#566370",
    "faint": "#e3e8ed",
    "track": "#d9dfe5",
    "idle": "#aab5c0",
    "load1": "#bd8020",
    "load2": "#b84a12",
    "load3": "#8a2412",
    "load4": "#4d0a10",
    "course0": "#2b4ee6",
    "course1": "#0b8a5a",
    "course2": "#d6379f",
    "course3": "#4e0f3f",
    "course4": "#a970f5",
    "course5": "#2f1470",
}
DARK = {
    "paper": "#10161d",
    "panel": "#18212b",
    "ink": "#e8edf2",
    "muted": "#9fabb8",
    "faint": "#212b36",
    "track": "#36424f",
    "idle": "#566472",
    "load1": "#9a6428",
    "load2": "#d0742e",
    "load3": "#f4a14c",
    "load4": "#ffe28c",
    "course0": "#78aaf6",
    "course1": "#2ee6ac",
    "course2": "#e2389f",
    "course3": "#d4e4fa",
    "course4": "#188a5b",
    "course5": "#a05cf0",
}
COURSES = sum(name.startswith("course") for name in LIGHT)
"""Colours of courses."""

_SHAPES = """
text { font-family: "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; }
.name { font-weight: 600; }
.wire { fill: none; stroke-linecap: round; }
.lane { fill: none; stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; }
.lane.comes { stroke-width: 3.6; }
.lane.both { stroke-dasharray: 7 5; }
.lane.goes { stroke-width: 2.4; stroke-dasharray: 0.5 5; }
.lane.goes, .head.goes { opacity: 0.75; }
.gauge { fill: none; }
.reach { fill: none; stroke: transparent; stroke-width: 9; }
.label text { paint-order: stroke; stroke-width: 3.5px; stroke-linejoin: round; }
"""

_COLOURS = Template(
    """
.paper { fill: $paper; }
.panel { fill: $panel; stroke: $faint; }
text { fill: $ink; }
.small, .tag, .degree, .muted { fill: $muted; }
.instance.goes { fill: $muted; }
.grid, .rule { stroke: $faint; }
.leader { stroke: $muted; }
.label text { stroke: $paper; }
.disc { fill: $panel; stroke: $track; }
.disc.busy { stroke: $ink; }
.count { fill: $ink; }
.before { stroke: $ink; }
.track { stroke: $track; }
.wire.load0 { stroke: $idle; }
.wire.load1, .gauge.load1 { stroke: $load1; }
.wire.load2, .gauge.load2 { stroke: $load2; }
.wire.load3, .gauge.load3 { stroke: $load3; }
.wire.load4, .gauge.load4 { stroke: $load4; }
.dot.load0 { fill: $idle; }
.dot.load1 { fill: $load1; }
.dot.load2 { fill: $load2; }
.dot.load3 { fill: $load3; }
.dot.load4 { fill: $load4; }
"""
)


def load_class(load: float) -> str:
    """Empty, then by the steps."""
    return f"load{0 if load <= 0 else 1 + sum(load >= step for step in LOADS)}"


def course_class(number: int) -> str:
    """Of a course by its place in the list."""
    return f"course{number % COURSES}"


def dash(number: int) -> str:
    """The pattern of a course's line."""
    return DASHES[number // COURSES % len(DASHES)]


def map_style() -> str:
    """The style sheet of a map, with plain colours: not all that shows SVG knows variables."""
    night = f"@media (prefers-color-scheme: dark) {{{_colours(DARK)}}}"
    return f"{_SHAPES}{_colours(LIGHT)}{night}\n"


def variables() -> str:
    """The colours as custom properties, for what stands around a map."""
    night = f"@media (prefers-color-scheme: dark) {{:root {{{_properties(DARK)}}}}}"
    return f":root {{{_properties(LIGHT)}}}\n{night}\n"


def by_day(medium: str) -> str:
    """The light colours for one medium, such as print, whatever the reader's choice."""
    return f"@media {medium} {{:root {{{_properties(LIGHT)}}}}}\n"


def _colours(theme: Mapping[str, str]) -> str:
    courses = "".join(
        f".lane.course{n} {{ stroke: {theme[f'course{n}']}; }}\n"
        f".head.course{n} {{ fill: {theme[f'course{n}']}; }}\n"
        for n in range(COURSES)
    )
    return _COLOURS.substitute(theme) + courses


def _properties(theme: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in theme.items())
