"""Colours that can be told apart, by day and by night, whatever one's colour vision."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from interfaces.picture.palette import COURSES, DARK, LIGHT, LOADS, load_class

Colour = NDArray[np.float64]

THEMES = pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])

VISIONS = {
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.01182, 0.04294, 0.968881],
    ],
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.3039],
    ],
    "all": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
}
"""On linear RGB, at full severity (Machado, Oliveira, Fernandes 2009, table 1)."""

TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
"""From linear sRGB (IEC 61966-2-1)."""


def linear(colour: str) -> Colour:
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 has it."""
    low, high = sorted(float(TO_XYZ[1] @ linear(each)) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def seen(colour: str, vision: str) -> Colour:
    """In CIELAB."""
    xyz = TO_XYZ @ np.clip(np.array(VISIONS[vision]) @ linear(colour), 0, 1) / [0.9505, 1.0, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: str, other: str, vision: str) -> float:
    return float(np.linalg.norm(seen(one, vision) - seen(other, vision)))


def of(theme: Mapping[str, str], kind: str) -> list[str]:
    return [colour for name, colour in theme.items() if name.startswith(kind)]


@THEMES
def test_what_is_to_be_read_can_be_read(theme: Mapping[str, str]) -> None:
    for ground in (theme["paper"], theme["panel"]):
        assert min(contrast(theme[word], ground) for word in ("ink", "muted")) >= 4.5
        assert min(contrast(line, ground) for line in of(theme, "load") + of(theme, "course")) >= 3


@THEMES
@pytest.mark.parametrize("vision", VISIONS)
def test_no_two_courses_look_the_same(theme: Mapping[str, str], vision: str) -> None:
    courses = of(theme, "course")
    assert len(courses) == COURSES
    assert min(difference(one, other, vision) for one, other in combinations(courses, 2)) > 17


@THEMES
@pytest.mark.parametrize("vision", VISIONS)
def test_no_course_looks_like_a_load(theme: Mapping[str, str], vision: str) -> None:
    for load in of(theme, "load"):
        assert min(difference(load, course, vision) for course in of(theme, "course")) > 12


@THEMES
def test_a_higher_load_stands_out_more(theme: Mapping[str, str]) -> None:
    steps = [contrast(load, theme["paper"]) for load in of(theme, "load")]
    assert len(steps) == len(LOADS) + 1
    assert steps == sorted(steps)


@pytest.mark.parametrize(
    ("load", "name"),
    [(0, "load0"), (0.001, "load1"), (1 / 3, "load2"), (0.7, "load3"), (0.9, "load4"), (1, "load4")],
)
def test_the_classes_of_load(load: float, name: str) -> None:
    assert load_class(load) == name
