"""What can be asked for differently, and by how little it must be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from domain.explanations import Change
from domain.plans import Plan
from placement.explain.asking import Asker
from placement.explain.worlds import World

Turn = Callable[[World], World]
"""Asks for something differently."""


@dataclass(frozen=True)
class Setting:
    """Changes, how they are made, and how much they give up."""

    turn: Turn
    changes: tuple[Change, ...]
    size: float


class Knob(Protocol):
    """One thing that can be asked for differently."""

    @property
    def loosest(self) -> Turn:
        """As if it were hardly asked for at all."""
        ...

    def least(self, world: World, small: Turn, asker: Asker) -> Setting | None:
        """The smallest setting with which `world` fits; None where none does.

        :param small: leaves only what is in conflict, which is quick to ask about
        """
        ...


@dataclass(frozen=True)
class Steps:
    """A knob of a few settings, each of which is looser than the one before."""

    settings: tuple[Setting, ...]

    @property
    def loosest(self) -> Turn:
        return self.settings[-1].turn

    def least(self, world: World, small: Turn, asker: Asker) -> Setting | None:
        """By halves: in the small world first, whose answer the whole one may need to exceed."""

        def fits(number: int, view: Turn) -> bool:
            return asker.plan(view(self.settings[number].turn(world))) is not None

        last = len(self.settings) - 1
        first = _first(0, last, lambda number: fits(number, small))
        if fits(first, _as_it_is):
            return self.settings[first]
        if first == last or not fits(last, _as_it_is):
            return None
        return self.settings[_first(first + 1, last, lambda number: fits(number, _as_it_is))]


def _as_it_is(world: World) -> World:
    return world


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least number from which on it holds; `high` where it is only known to hold there."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return high


@dataclass(frozen=True)
class Told:
    """A knob whose setting is read off a plan of the loosest world."""

    loosest: Turn
    read: Callable[[World, Plan], Setting | None]
    """None where the plan shows nothing to be changed."""

    def least(self, world: World, small: Turn, asker: Asker) -> Setting | None:
        """What that plan needs; solved again with no more than that."""
        plan = asker.plan(self.loosest(world))
        setting = self.read(world, plan) if plan else None
        return setting if setting and asker.plan(setting.turn(world)) else None


@dataclass(frozen=True)
class Bound:
    """A knob with an upper bound that is raised to what the best plan under a looser one needs."""

    now: float
    turned: Callable[[World, float | None], World]
    """None: no bound at all."""
    needed: Callable[[World, Plan], float]
    setting: Callable[[float], Setting]
    tries: int = 12

    @property
    def loosest(self) -> Turn:
        return lambda world: self.turned(world, None)

    def least(self, world: World, small: Turn, asker: Asker) -> Setting | None:
        """In the small world first: nothing below that can do in the whole one."""
        low = self._least_in(lambda bound: small(self.turned(world, bound)), self.now, asker)
        if low is None:
            return None
        if asker.plan(self.turned(world, low)) is not None:
            return self.setting(low)
        high = self._least_in(lambda bound: self.turned(world, bound), low, asker)
        return self.setting(high) if high is not None else None

    def _least_in(self, world: Callable[[float | None], World], low: float, asker: Asker) -> float | None:
        plan = asker.plan(world(None))
        if plan is None:
            return None
        high = rounded_up(self.needed(world(None), plan))
        for _ in range(self.tries):
            middle = rounded_up((low + high) / 2)
            if not low < middle < high:
                break
            if better := asker.plan(world(middle)):
                high = min(middle, rounded_up(self.needed(world(middle), better)))
            else:
                low = middle
        return high


def rounded_up(number: float) -> float:
    """To three digits after the first, but never below."""
    if number <= 0:
        return 0.0
    digits = 3
    text = f"{number:.{digits}e}"
    value = float(text)
    if value < number - 1e-9:
        value += 10.0 ** (int(text.partition("e")[2]) - digits)
    return float(f"{value:.{digits}e}")
