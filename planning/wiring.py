"""What instances are told of each other by their configs, and how that changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.references import outputs_of, references, split

Scalar = str | int | float | bool

Serving = Mapping[str, PlacedInstance]
"""Instance or endpoint -> what serves under that name."""

Outputs = Mapping[str, Mapping[str, str]]
"""Component -> output -> value."""


class News(Enum):
    """What a changed config means for the ways that its instance needs."""

    FORGETS = "forgets"
    """It only lets others go."""
    LEARNS = "learns"
    """It may send to others than before."""


@dataclass(frozen=True)
class Told:
    """A config at one moment."""

    texts: Mapping[str, Scalar]
    values: Mapping[str, str]
    """Reference -> what it stands for."""


class Wiring:
    """The outputs of components, from one deployment to the next.

    Addresses are not known while planning, so the resource that has an address stands for it, or had it where
    a successor keeps it.
    """

    def __init__(self, before: Deployment | None, after: Deployment) -> None:
        old = {each.name: each for each in before.instances} if before else {}
        self._holders = {
            each.resource: old[each.name].resource
            for each in after.instances
            if each.name in old and _keeps_addresses(old[each.name], each)
        }

    def outputs(self, serving: Serving) -> Outputs:
        """Of all components while these serve."""
        members: dict[str, list[PlacedInstance]] = {}
        for each in sorted(serving.values(), key=lambda each: number_of(each.name)):
            if not each.endpoint:
                members.setdefault(each.component, []).append(each)
        return {
            component: outputs_of(
                [(self._holders.get(each.resource, each.resource), each.pop) for each in some]
            )
            for component, some in members.items()
        }


def config_of(placed: PlacedInstance, descriptor: Descriptor, outputs: Outputs) -> Told:
    """What an instance is told by its config."""
    component = descriptor.components.get(placed.component)
    return _told({**(component.config if component else {}), **placed.config}, outputs)


def news(old: Told, new: Told) -> News | None:
    """How a config changed; None where it did not."""
    if old == new:
        return None
    if old.texts != new.texts:
        return News.LEARNS
    fewer = (_fewer(reference, old.values[reference], value) for reference, value in new.values.items())
    return News.FORGETS if all(fewer) else News.LEARNS


def number_of(instance: str) -> int:
    """The number of an instance within its component."""
    number = instance.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def referred(texts: Iterable[Scalar]) -> set[str]:
    """The components that config or environment texts refer to."""
    return {component for _, component, _ in _references(texts)}


def _told(texts: Mapping[str, Scalar], outputs: Outputs) -> Told:
    values = {
        reference: outputs.get(component, {}).get(output, "")
        for reference, component, output in _references(texts.values())
    }
    return Told(texts, values)


def _references(texts: Iterable[Scalar]) -> Iterator[tuple[str, str, str]]:
    for text in texts:
        if isinstance(text, str):
            for reference in references(text):
                if target := split(reference):
                    yield reference, *target


def _fewer(reference: str, old: str, new: str) -> bool:
    """Whether a value is the same, or a list that lost some."""
    return old == new or (reference.endswith(".addresses") and set(new.split(",")) < set(old.split(",")))


def _keeps_addresses(old: PlacedInstance, new: PlacedInstance) -> bool:
    return old.resource == new.resource or bool(new.addresses and new.addresses == old.addresses)
