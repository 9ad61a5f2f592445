"""A deployment: how a service runs, or is to run. An operation makes one deployment into another."""

from pydantic import Field

from domain.infrastructure import Resources
from domain.models import Model, Name, Version
from domain.plans import Plan, ServiceGraph


class Adjustment(Model):
    """What an operation changed of a component, against its descriptor; None leaves it as described."""

    instances: int | None = Field(default=None, ge=1, le=1000)
    resources: Resources | None = None
    """The flavour of one instance."""
    image: str | None = Field(default=None, min_length=1, max_length=255)


class PlacedInstance(Model):
    """One instance, or what stands at an endpoint, with everything that its VIM is asked for."""

    name: str
    component: Name
    """Or the endpoint."""
    endpoint: bool = False
    pop: Name
    resource: str
    """Its name in the VIM: another one for every time that it is built."""
    image: str
    resources: Resources
    config: dict[str, str | int | float | bool] = {}
    """Put over the descriptor's, by an operator who edited a step."""
    environment: dict[str, str] = {}
    """Put over the descriptor's, by an operator who edited a step."""
    addresses: dict[str, str] = {}
    """Connection point -> IPv4 address. In a committed deployment: as given. In a plan: to be kept."""


class Deployment(Model):
    """A descriptor's version, adjusted, placed and named."""

    service: Name
    tenant: Name
    descriptor: Name
    version: Version
    adjustments: dict[Name, Adjustment] = {}
    """By component."""
    graph: ServiceGraph
    """Of the adjusted descriptor."""
    plan: Plan
    instances: tuple[PlacedInstance, ...]
    """Of all components; and of the endpoints, where they are real."""
    vim_kinds: dict[Name, Name]
    """Of each PoP that it uses, those that its routes pass too."""
    network: str | None = None
    """The name of its network on switches and links; None where packets are only modelled."""

    def instance(self, name: str) -> PlacedInstance | None:
        """The instance or endpoint of that name."""
        return next((each for each in self.instances if each.name == name), None)

    @property
    def resources(self) -> dict[str, str]:
        """Instance or endpoint -> its name in its VIM."""
        return {each.name: each.resource for each in self.instances}
