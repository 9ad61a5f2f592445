"""What a value is: a number, perhaps in doubt; or none, and why. Never an exception, never a zero instead."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Reading:
    """A value at one moment."""

    value: float | None
    doubts: tuple[str, ...] = ()
    """Why there is none; or what is missing of it: then it may be too low, and takes nothing away."""
    early: bool = False
    """There is none yet, but nothing is amiss: it is not known for long enough."""

    @property
    def why(self) -> str:
        """The doubts, in words."""
        return "; ".join(self.doubts)


def missing(*doubts: str, early: bool = False) -> Reading:
    """No value."""
    return Reading(None, tuple(dict.fromkeys(doubts)), early)
