"""Which instances must be built anew, and which of them keep their addresses."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Component, Descriptor
from domain.expansion import instance_names
from domain.references import references, split
from domain.semantics import waves
from planning.target import Wanted

ADDRESS_OUTPUTS = ("address", "addresses")

Output = tuple[str, str]
"""(component, output)."""


@dataclass(frozen=True)
class Change:
    """A deployment and what it is to become, as far as that is known."""

    before: Deployment
    present: Descriptor
    descriptor: Descriptor
    wanted: Mapping[str, Wanted]
    pops: Mapping[str, str | None]
    """Instance -> PoP; None where it is not known yet, and may be another."""
    anew: Collection[str]
    in_place: Collection[str] = ()
    """Instances that are given other resources where they run."""

    @cached_property
    def old(self) -> dict[str, PlacedInstance]:
        """What runs, by name."""
        return {each.name: each for each in self.before.instances}

    @cached_property
    def _told(self) -> frozenset[str]:
        return told_only(self.descriptor, self.wanted)

    def rebuilt(self) -> frozenset[str]:
        """The instances that run and are built anew, in the order of dependency: an address that is new to
        an environment passes the change on."""
        found: set[str] = set()
        new: set[Output] = set()
        for name in (name for wave in waves(self.descriptor) for name in wave):
            parts = instance_names(name, self.descriptor)
            found |= {part for part in parts if self._differs(part, name, new)}
            new |= set(self._new_outputs(name, parts, found))
        return frozenset(found)

    def addresses(self, old: PlacedInstance) -> dict[str, str]:
        """What a successor of `old` keeps of its addresses."""
        if old.component in self._told:
            return {}
        points = self.descriptor.components[old.component].connection_points
        return {point: old.addresses[point] for point in points if point in old.addresses}

    def _differs(self, part: str, name: str, new: Collection[Output]) -> bool:
        old = self.old.get(part)
        if old is None:
            return False
        then, now, wanted = (
            self.present.components.get(name),
            self.descriptor.components[name],
            self.wanted[part],
        )
        return (
            part in self.anew
            or then is None
            or self.pops[part] != old.pop
            or not (part in self.in_place or old.resources == wanted.resources)
            or not _alike(old, then, now, wanted)
            or not set(_outputs(wanted.environment_of(now).values())).isdisjoint(new)
        )

    def _new_outputs(self, name: str, parts: tuple[str, ...], rebuilt: Collection[str]) -> Iterator[Output]:
        """The outputs of a component whose values change."""
        old = {each.name: each for each in self.before.instances if each.component == name}
        fresh = [part for part in parts if part not in old or (part in rebuilt and self._moves_on(old[part]))]
        if parts[0] in fresh:
            yield name, "address"
        if fresh or old.keys() != set(parts):
            yield name, "addresses"
        if parts[0] not in old or self.pops[parts[0]] != old[parts[0]].pop:
            yield name, "pop"

    def _moves_on(self, old: PlacedInstance) -> bool:
        """Whether the successor of `old` has another address: that of its first connection point."""
        then = self.present.components.get(old.component)
        now = self.descriptor.components[old.component]
        before = old.addresses.get(then.connection_points[0]) if then else None
        return before is None or self.addresses(old).get(now.connection_points[0]) != before


def _alike(old: PlacedInstance, then: Component, now: Component, wanted: Wanted) -> bool:
    """Whether an instance may stay, as far as it goes itself, for all but its size; a config can change."""
    return (
        old.image == wanted.image
        and (then.kind, then.connection_points) == (now.kind, now.connection_points)
        and (then.secrets, then.health_check) == (now.secrets, now.health_check)
        and {**then.environment, **old.environment} == wanted.environment_of(now)
    )


def _outputs(texts: Iterable[object]) -> Iterator[Output]:
    for text in texts:
        for reference in references(text) if isinstance(text, str) else ():
            if target := split(reference):
                yield target


def told_only(descriptor: Descriptor, wanted: Mapping[str, Wanted]) -> frozenset[str]:
    """Components whose addresses others have in their config only: those can be told of new ones."""
    told: set[str] = set()
    fixed: set[str] = set()
    for name, component in descriptor.components.items():
        for part in instance_names(name, descriptor):
            told |= _addressed(wanted[part].config_of(component).values())
            fixed |= _addressed(wanted[part].environment_of(component).values())
    return frozenset(told - fixed)


def _addressed(texts: Iterable[object]) -> set[str]:
    return {component for component, output in _outputs(texts) if output in ADDRESS_OUTPUTS}
