"""What networking-sfc is to hold of a service's chains: port pairs, their groups, classifiers, port chains.

A port pair may be in one group only, and no two port chains may pass the same groups. So there is one group
for each function and way through it, whatever chains pass it, and one port chain for each sequence of groups,
with the classifiers of all chains that go that way. The order of a port chain's groups cannot be changed once
it stands (a PUT answers 200 and keeps the old one): its name tells the sequence, another is another one.
"""

from collections.abc import Iterator
from typing import Any

from adaptors.vim.openstack.naming import digest
from adaptors.vim.openstack.points import Points
from domain.models import Model
from domain.networking import ChainHop, PopNetwork, ServiceChain


class PairPlan(Model):
    """The two ports by which packets go in and out of an instance."""

    name: str
    ingress: str
    egress: str


class GroupPlan(Model):
    """The parallel instances of one function, of which each flow passes one."""

    name: str
    pairs: tuple[PairPlan, ...]


class Classifier(Model):
    """Which packets go a way."""

    protocol: str | None
    port: int | None
    source_port_id: str | None
    source: str | None
    """CIDR."""
    destination: str | None
    """CIDR."""

    @property
    def name(self) -> str:
        return digest(self.model_dump_json())

    def asked(self) -> dict[str, Any]:
        """As networking-sfc wants it."""
        fields = {
            "protocol": self.protocol,
            "destination_port_range_min": self.port,
            "destination_port_range_max": self.port,
            "logical_source_port": self.source_port_id,
            "source_ip_prefix": self.source,
            "destination_ip_prefix": self.destination,
        }
        return {"ethertype": "IPv4", **{key: value for key, value in fields.items() if value is not None}}


class ChainPlan(Model):
    """One sequence of groups, and what goes that way."""

    groups: tuple[str, ...]
    """Their names."""
    classifiers: tuple[Classifier, ...]

    @property
    def name(self) -> str:
        return digest(" ".join(self.groups))


class SteeringPlan(Model):
    """All of a service at a PoP."""

    groups: tuple[GroupPlan, ...] = ()
    chains: tuple[ChainPlan, ...] = ()


def steering_plan(part: PopNetwork, points: Points, way_in: str | None) -> SteeringPlan:
    """What is to stand.

    :param way_in: id of the router's port, by which packets come from beyond the PoP; None: no router
    :raises Refusal: where an instance is not there
    """
    pairs: dict[str, set[PairPlan]] = {}
    ways: dict[tuple[str, ...], list[Classifier]] = {}
    for chain in part.chains:
        names = []
        for hop in chain.hops:
            for group, pair in _pairs(hop, points):
                pairs.setdefault(group, set()).add(pair)
                names.append(group)
        way = tuple(dict.fromkeys(names))
        ways.setdefault(way, []).extend(_classifiers(chain, points, way_in))
    groups = [
        GroupPlan(name=name, pairs=tuple(sorted(found, key=lambda each: each.name)))
        for name, found in sorted(pairs.items())
    ]
    chains = [
        ChainPlan(groups=way, classifiers=tuple({each.name: each for each in found}.values()))
        for way, found in sorted(ways.items())
    ]
    return SteeringPlan(groups=tuple(groups), chains=tuple(chains))


def _pairs(hop: ChainHop, points: Points) -> Iterator[tuple[str, PairPlan]]:
    for instance, enters, leaves in hop.ports:
        ports = points.at(instance, enters).port_id, points.at(instance, leaves).port_id
        group = f"{points.component(instance)}.{enters}.{leaves}"
        yield group, PairPlan(name=f"{instance}.{enters}.{leaves}", ingress=ports[0], egress=ports[1])


def _classifiers(chain: ServiceChain, points: Points, way_in: str | None) -> Iterator[Classifier]:
    source = points.at(*chain.source) if chain.source else None
    protocols: tuple[str | None, ...] = (None if chain.protocol == "any" else chain.protocol,)
    if chain.port is not None and chain.protocol == "any":
        protocols = ("tcp", "udp")  # others have no ports
    for destination in chain.destinations or (None,):
        for protocol in protocols:
            yield Classifier(
                protocol=protocol,
                port=chain.port,
                source_port_id=source.port_id if source else way_in,
                source=f"{source.address}/32" if source else None,
                destination=destination,
            )
