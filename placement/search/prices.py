"""The multipliers of what the relaxation leaves out."""

from dataclasses import dataclass

import numpy as np

from placement.search.terrain import Floats


@dataclass(frozen=True, eq=False)
class Prices:
    """The multipliers."""

    room: Floats
    """PoP x (vcpus, memory, disk), for all of what is free there."""
    apart: Floats
    """Class of groups x PoP."""
    delay: Floats
    """Class of chains, for one millisecond of each chain."""

    def moved(self, step: float, excess: "Prices") -> "Prices":
        """A step along the excess, never below 0."""
        return Prices(
            np.maximum(0.0, self.room + step * excess.room),
            np.maximum(0.0, self.apart + step * excess.apart),
            np.maximum(0.0, self.delay + step * excess.delay),
        )

    @property
    def square(self) -> float:
        """The squared length."""
        return sum(float((each * each).sum()) for each in (self.room, self.apart, self.delay))


def priced(excess: Floats, price: Floats) -> Floats:
    """The excess of what has a price or needs one; 0 of the rest."""
    return np.where((excess > 0) | (price > 0), excess, 0.0)
