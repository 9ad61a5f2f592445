"""What an instance costs at a PoP."""

from collections.abc import Iterable

from domain.infrastructure import Infrastructure, Pop, Resources
from domain.models import Name

_MIB_IN_GIB = 1024
_WATTS_IN_KW = 1000


def instance_cost(
    resources: Resources, licences: Iterable[Name], pop: Pop, infrastructure: Infrastructure
) -> float:
    """Of one instance, per hour, in the infrastructure's currency: resources, energy and licences.

    :raises KeyError: if the PoP sells one of the licences not (`licence_price` tells)
    """
    fees = sum(_known(name, pop, infrastructure) for name in licences)
    return rent(resources, pop) + energy_cost(resources, pop) + fees


def rent(resources: Resources, pop: Pop) -> float:
    """Of resources at a PoP, per hour."""
    prices = pop.prices
    return (
        resources.vcpus * prices.vcpu_hour
        + resources.memory / _MIB_IN_GIB * prices.memory_gib_hour
        + resources.disk * prices.disk_gib_hour
    )


def energy_cost(resources: Resources, pop: Pop) -> float:
    """Of what one instance with these resources draws at a PoP, per hour."""
    watts = pop.energy.watts_per_instance + resources.vcpus * pop.energy.watts_per_vcpu
    return watts / _WATTS_IN_KW * pop.energy.price_kwh


def licence_price(name: Name, pop: Pop, infrastructure: Infrastructure) -> float | None:
    """Of one licence for one instance and hour at a PoP: its own price, else the general one.

    None: it is not sold there.
    """
    return pop.prices.licences.get(name, infrastructure.licences.get(name))


def _known(name: Name, pop: Pop, infrastructure: Infrastructure) -> float:
    price = licence_price(name, pop, infrastructure)
    if price is None:
        raise KeyError(name)
    return price
