"""The turns of a rolling change: who serves before and after each of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.deployments import PlacedInstance
from planning.transition import Transition
from planning.wiring import News, Serving, config_of, news


@dataclass(frozen=True)
class Turn:
    """One turn: from those that serve before it to those that serve after it."""

    number: int
    before: Serving
    after: Serving

    @property
    def built(self) -> tuple[PlacedInstance, ...]:
        """What begins."""
        return tuple(each for each in self.after.values() if not self._serves(each, self.before))

    @property
    def going(self) -> tuple[PlacedInstance, ...]:
        """What ends."""
        return tuple(each for each in self.before.values() if not self._serves(each, self.after))

    @staticmethod
    def _serves(placed: PlacedInstance, serving: Serving) -> bool:
        other = serving.get(placed.name)
        return other is not None and other.resource == placed.resource

    def told(self, transition: Transition) -> Iterator[tuple[PlacedInstance, News]]:
        """Those that go on to serve and must be told another config."""
        old, new = (transition.wiring.outputs(each) for each in (self.before, self.after))
        for name, placed in self.after.items():
            if placed.endpoint or not self._serves(placed, self.before):
                continue
            descriptor = transition.descriptor_of(placed)
            earlier = transition.present if self.number == 1 else descriptor
            change = news(config_of(self.before[name], earlier, old), config_of(placed, descriptor, new))
            if change:
                yield placed, change


def turns(transition: Transition, rounds: tuple[frozenset[str], ...]) -> tuple[Turn, ...]:
    """The turns in which, one after the other, these names come to be as they will be in the end."""
    before, after = transition.before, transition.after
    old: Mapping[str, PlacedInstance] = {each.name: each for each in before.instances} if before else {}
    found: list[Turn] = []
    serving = old
    for number in range(1, len(rounds) + 1):
        waiting = frozenset[str]().union(*rounds[number:])
        then = {each.name: old[each.name] if each.name in waiting else each for each in after.instances}
        found.append(Turn(number, serving, then))
        serving = then
    return tuple(found)
