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
    prices, energy = pop.prices, pop.energy
    rent = (
        resources.vcpus * prices.vcpu_hour
        + resources.memory / _MIB_IN_GIB * prices.memory_gib_hour
        + resources.disk * prices.disk_gib_hour
    )
    watts = energy.watts_per_instance + resources.vcpus * energy.watts_per_vcpu
    fees = sum(_known(name, pop, infrastructure) for name in licences)
    return rent + watts / _WATTS_IN_KW * energy.price_kwh + fees


def licence_price(name: Name, pop: Pop, infrastructure: Infrastructure) -> float | None:
    """Of one licence for one instance and hour at a PoP: its own price, else the general one; None: not sold."""
    return pop.prices.licences.get(name, infrastructure.licences.get(name))


def _known(name: Name, pop: Pop, infrastructure: Infrastructure) -> float:
    price = licence_price(name, pop, infrastructure)
    if price is None:
        raise KeyError(name)
    return price
