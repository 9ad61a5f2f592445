"""What an operation aims at, before anything is placed."""

from domain.deployments import Adjustment
from domain.descriptor import Component, Descriptor
from domain.infrastructure import Infrastructure, Resources
from domain.models import Model, Name, Version
from domain.names import OperationKind
from domain.plans import ServiceGraph, Standing

ALL_AT_ONCE = 1000
"""The surge of what is not rolling: no component has more instances."""


class Wanted(Model):
    """What one instance is to be; its component says the rest."""

    image: str
    resources: Resources
    config: dict[str, str | int | float | bool] = {}
    """Put over the component's, by an operator who edited a step; so is `environment`."""
    environment: dict[str, str] = {}

    def environment_of(self, component: Component) -> dict[str, str]:
        """The whole environment; references are not resolved."""
        return {**component.environment, **self.environment}

    def config_of(self, component: Component) -> dict[str, str | int | float | bool]:
        """The whole config; references are not resolved."""
        return {**component.config, **self.config}


class Target(Model):
    """A request, understood: what is to run, what stays where it is, what is built anew."""

    kind: OperationKind
    service: Name
    tenant: Name
    descriptor: Descriptor
    """Adjusted: its numbers, flavours and images are those to be."""
    present: Descriptor | None
    """What runs now, adjusted likewise; None where nothing does."""
    version: Version
    adjustments: dict[Name, Adjustment] = {}
    graph: ServiceGraph
    """Of the adjusted descriptor: to be kept with the deployment."""
    asked: ServiceGraph
    """The same for the placement: with each instance's own resources, pinned or kept from PoPs."""
    standing: Standing = Standing()
    wanted: dict[str, Wanted] = {}
    """By instance of the graph."""
    anew: frozenset[str] = frozenset()
    """Instances and endpoints that are built anew although nothing of them changes."""
    ends_first: frozenset[str] = frozenset()
    """Instances and endpoints that, where they are built anew, begin only when their predecessor is deleted:
    those that are ill, on a PoP that answers, and those that must never run twice."""
    in_place: frozenset[str] = frozenset()
    """Instances that are not built anew for other resources, but given them where they run."""
    rehosted: tuple[str, ...] = ()
    """Instances that go to another host of their PoP; then the deployment stays as it is."""
    live: bool = True
    """Whether users are not to notice that."""
    unreachable: frozenset[Name] = frozenset()
    """PoPs that are lost."""
    surge: int = ALL_AT_ONCE
    """How many instances of a component are replaced at a time."""
    notes: tuple[str, ...] = ()

    def world(self, infrastructure: Infrastructure) -> Infrastructure:
        """What is left to place on: without the lost PoPs and the links that end there."""
        links = infrastructure.links.items()
        return infrastructure.model_copy(
            update={
                "pops": {n: pop for n, pop in infrastructure.pops.items() if n not in self.unreachable},
                "links": {n: link for n, link in links if not self.unreachable & set(link.between)},
            }
        )
