"""What can be asked for differently, and by how little it must be."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

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


class Resolved(NamedTuple):
    """A setting, and the best plan with it."""

    setting: Setting
    plan: Plan


class Knob(Protocol):
    """One thing that can be asked for differently."""

    @property
    def loosest(self) -> Turn:
        """Asks as if it were hardly asked for at all."""
        ...

    def least(self, world: World, small: Turn, asker: Asker) -> Resolved | None:
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

    def least(self, world: World, small: Turn, asker: Asker) -> Resolved | None:
        """By halves: in the small world first, whose answer the whole one may need to exceed."""

        last = len(self.settings) - 1
        first = _first(0, last, lambda number: self._fits(number, world, small, asker))
        if (found := self._resolved(first, world, asker)) or first == last:
            return found
        if self._resolved(last, world, asker) is None:
            return None
        enough = _first(first + 1, last, lambda number: self._fits(number, world, _as_it_is, asker))
        return self._resolved(enough, world, asker)

    def _fits(self, number: int, world: World, view: Turn, asker: Asker) -> bool:
        return asker.plan(view(self.settings[number].turn(world))) is not None

    def _resolved(self, number: int, world: World, asker: Asker) -> Resolved | None:
        return resolved(self.settings[number], world, asker)


def resolved(setting: Setting, world: World, asker: Asker) -> Resolved | None:
    """With the best plan; None where there is none."""
    plan = asker.plan(setting.turn(world))
    return Resolved(setting, plan) if plan else None


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

    def least(self, world: World, small: Turn, asker: Asker) -> Resolved | None:
        """What that plan needs; solved again with no more than that."""
        plan = asker.plan(self.loosest(world))
        setting = self.read(world, plan) if plan else None
        return resolved(setting, world, asker) if setting else None


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

    def least(self, world: World, small: Turn, asker: Asker) -> Resolved | None:
        """In the small world first: nothing below that can do in the whole one."""
        low = self._least_in(lambda bound: small(self.turned(world, bound)), self.now, asker)
        if low is None:
            return None
        if found := resolved(self.setting(low), world, asker):
            return found
        high = self._least_in(lambda bound: self.turned(world, bound), low, asker)
        return resolved(self.setting(high), world, asker) if high is not None else None

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
