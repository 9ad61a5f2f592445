"""From places on the globe to a plane, and the lines of latitude and longitude on it.

The projection is the equirectangular one with its standard parallel at the middle latitude of what is shown
(Snyder, "Map Projections: A Working Manual", USGS 1987, section 12): there, shapes are true.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from math import ceil, cos, floor, radians

from domain.infrastructure import Location

Point = tuple[float, float]
"""x to the right, y downwards."""

_SPACINGS = (1, 2, 5, 10, 15, 30)
"""Degrees between two lines."""
_LINES = 7
"""At most, in each direction."""
_NARROWEST = 0.15
"""Of the scale of longitudes: near a pole the shapes give way."""


@dataclass(frozen=True)
class Projection:
    """Degrees on a plane whose unit is a degree of latitude."""

    cut: float
    """The longitude at which the map begins: no PoP lies just east of it, as far as that can be."""
    scale: float
    """Of longitudes."""

    def place(self, location: Location) -> Point:
        """Where it is on the plane."""
        return ((location.longitude - self.cut) % 360 * self.scale, -location.latitude)


def projection_of(locations: Collection[Location]) -> Projection:
    """One in which they lie together, across the date line too."""
    latitudes = [each.latitude for each in locations]
    middle = (min(latitudes) + max(latitudes)) / 2
    return Projection(
        cut=_cut([each.longitude for each in locations]),
        scale=max(cos(radians(middle)), _NARROWEST),
    )


def _cut(longitudes: Collection[float]) -> float:
    """In the middle of the widest part of the parallel that has no place."""
    around = sorted({longitude % 360 for longitude in longitudes})
    following = [*around[1:], around[0] + 360]
    _, start, end = max((b - a, a, b) for a, b in zip(around, following, strict=True))
    return (start + end) / 2


@dataclass(frozen=True)
class GridLine:
    """A meridian or a parallel."""

    text: str
    level: float
    """x of a meridian, y of a parallel."""
    is_meridian: bool


def graticule(
    projection: Projection, west: float, east: float, north: float, south: float
) -> Iterator[GridLine]:
    """The lines in a part of the plane that is given by its sides there."""
    first, last = projection.cut + west / projection.scale, projection.cut + east / projection.scale
    for degree in _degrees(first, last):
        level = (degree - projection.cut) * projection.scale
        yield GridLine(_named((degree + 180) % 360 - 180, "E", "W"), level, True)
    for degree in _degrees(max(-south, -90), min(-north, 90)):
        yield GridLine(_named(degree, "N", "S"), -degree, False)


def _degrees(first: float, last: float) -> range:
    spacing = next((each for each in _SPACINGS if (last - first) / each <= _LINES), _SPACINGS[-1])
    return range(ceil(first / spacing) * spacing, floor(last) + 1, spacing)


def _named(degree: float, positive: str, negative: str) -> str:
    side = positive if degree > 0 else negative if degree < 0 else ""
    return f"{abs(degree):g}°{side}"
