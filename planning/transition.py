"""One deployment on its way to another, with all that the planning of steps asks of it."""

from dataclasses import dataclass
from functools import cached_property

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Component, Descriptor, Lifecycle
from domain.operation_plans import Step
from domain.steering import ImageTraits, Survey
from planning.estimates import Expected, estimated
from planning.target import Target
from planning.wiring import Wiring

_UNKNOWN = ImageTraits()
_LIFECYCLE = Lifecycle()


@dataclass(frozen=True)
class Transition:
    """What is, what is to be, and what the VIMs said."""

    target: Target
    before: Deployment | None
    after: Deployment
    survey: Survey
    expected: Expected

    @property
    def present(self) -> Descriptor:
        """By which the old instances were described."""
        return self.target.present or self.target.descriptor

    @cached_property
    def wiring(self) -> Wiring:
        """The outputs of the components."""
        return Wiring(self.before, self.after)

    @cached_property
    def new_resources(self) -> frozenset[str]:
        """Names in the VIM of all that serves in the end."""
        return frozenset(self.after.resources.values())

    @cached_property
    def given_up(self) -> frozenset[str]:
        """Names in the VIM of instances that are deleted before their successors are built."""
        names = self.after.resources
        return frozenset(
            each.resource
            for each in (self.before.instances if self.before else ())
            if each.name in self.target.ends_first
            and names.get(each.name, each.resource) != each.resource
            and not self.is_lost(each.pop)
        )

    def traits(self, placed: PlacedInstance) -> ImageTraits:
        """What the function of an instance says of itself."""
        return self.survey.traits.get(placed.image, _UNKNOWN)

    def is_routed(self, placed: PlacedInstance) -> bool:
        """Whether packets pass through an instance."""
        return not placed.endpoint and self.traits(placed).routed

    def must_end(self, placed: PlacedInstance) -> bool:
        """Whether an instance that is given up must be gone: it may run, beside its successor."""
        single = self.lifecycle(placed).single or self.traits(placed).single
        return single or not self.is_ill(placed)

    def is_ill(self, placed: PlacedInstance) -> bool:
        """Whether an instance fails, as its VIM says."""
        return placed.resource in self.survey.ailments

    def is_lost(self, pop: str) -> bool:
        """Whether a PoP does not answer, for good."""
        return pop in self.target.unreachable

    def is_sound(self, placed: PlacedInstance) -> bool:
        """Whether an instance can be asked for something."""
        return not self.is_ill(placed) and not self.is_lost(placed.pop)

    def lifecycle(self, placed: PlacedInstance) -> Lifecycle:
        """How instances of its component are exchanged: as it was described when it was built."""
        component = self.component(placed)
        return component.lifecycle if component else _LIFECYCLE

    def component(self, placed: PlacedInstance) -> Component | None:
        """Its description; None for an endpoint."""
        return None if placed.endpoint else self.descriptor_of(placed).components.get(placed.component)

    def descriptor_of(self, placed: PlacedInstance) -> Descriptor:
        """By which an instance is described."""
        return self.target.descriptor if placed.resource in self.new_resources else self.present

    def kind(self, pop: str) -> str:
        """The kind of the VIM of a PoP."""
        former = self.before.vim_kinds if self.before else {}
        return self.after.vim_kinds[pop] if pop in self.after.vim_kinds else former[pop]

    def timed(self, step: Step) -> Step:
        """A step with its expected duration."""
        return estimated(step, self.expected)
