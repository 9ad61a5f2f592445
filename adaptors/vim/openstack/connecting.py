"""The network of a service at a PoP: what is admitted to its instances, and what is steered through them."""

from collections.abc import Iterator

from adaptors.vim.openstack.admissions import admit, admitting_networks, dismiss, unadmitted
from adaptors.vim.openstack.attending import Errand
from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.chain_plans import SteeringPlan, steering_plan
from adaptors.vim.openstack.chaining import EXTENSION, Steering, steered_networks, unsteer
from adaptors.vim.openstack.ground import service_subnet
from adaptors.vim.openstack.naming import group_prefix, network_mark, network_of
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.points import Points
from adaptors.vim.openstack.routing import router_port
from domain.networking import PopNetwork


def connect(place: Place, network: str, part: PopNetwork, errand: Errand) -> None:
    """Make what is asked; what stands of the same name and is not asked for goes.

    :raises Refusal: where an instance is not there, or the cloud cannot steer
    """
    with place.cloud.locks.of(_lock(place), errand):
        if part.chains and not place.offers(EXTENSION):
            raise Refusal(
                f"{len(part.chains)} chains are to be steered, but this cloud's Neutron has no networking-sfc"
            )
        points = Points(place)
        errand.step(f"admitting the traffic of network {network}")
        admit(place, network, part, points)
        if place.offers(EXTENSION):
            errand.step(f"steering the chains of network {network}")
            prefix, mark = group_prefix(place.pop, part.tags), network_mark(place.pop, network)
            Steering(place, prefix).become(_plan(place, part, points), mark)


def disconnect(place: Place, network: str, errand: Errand) -> None:
    """Take away all that was made for it."""
    with place.cloud.locks.of(_lock(place), errand):
        unsteer(place, network)
        errand.step(f"taking away the security groups of network {network}")
        dismiss(place, network)


def networks(place: Place) -> frozenset[str]:
    """Names of the networks that the PoP has something of."""
    marks = admitting_networks(place) | steered_networks(place).keys()
    found = (network_of(place.pop, mark) for mark in marks)
    return frozenset(each for each in found if each is not None)


def unconnected(place: Place, network: str, part: PopNetwork) -> Iterator[str]:
    """What of it does not stand as it should."""
    points = Points(place)
    try:
        yield from unadmitted(place, network, part, points)
        if part.chains and not place.offers(EXTENSION):
            yield "this cloud's Neutron has no networking-sfc"
        elif part.chains:
            yield from Steering(place, group_prefix(place.pop, part.tags)).lacks(_plan(place, part, points))
    except Refusal as missing:
        yield str(missing)


def _plan(place: Place, part: PopNetwork, points: Points) -> SteeringPlan:
    if not part.chains:
        return SteeringPlan()
    from_beyond = any(chain.source is None for chain in part.chains)
    return steering_plan(part, points, _way_in(place, part) if from_beyond else None)


def _way_in(place: Place, part: PopNetwork) -> str | None:
    """The router's port, by which packets come from beyond the PoP."""
    subnet = service_subnet(place, part.tags)
    return router_port(place, subnet) if subnet else None


def _lock(place: Place) -> str:
    """One for the PoP: two networks of one service must not be connected at the same time."""
    return f"{place.pop} connecting"
