"""Service chains by networking-sfc: made what a plan says, and taken away.

What stands of a service is found by how its names begin, and belongs to the network that was connected last:
the description of a port chain says which.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from adaptors.vim.openstack.chain_plans import ChainPlan, GroupPlan, PairPlan, SteeringPlan
from adaptors.vim.openstack.naming import network_mark, shortened
from adaptors.vim.openstack.place import Place

EXTENSION = "sfc"


class Steering:
    """What networking-sfc holds whose names begin so."""

    def __init__(self, place: Place, prefix: str) -> None:
        self._network = place.network
        self._project = place.project
        self._prefix = prefix
        self._chains = self._of(self._network.sfc_port_chains)
        self._groups = self._of(self._network.sfc_port_pair_groups)
        self._pairs = self._of(self._network.sfc_port_pairs)
        self._classifiers = self._of(self._network.sfc_flow_classifiers)

    def become(self, plan: SteeringPlan, mark: str) -> None:
        """Make it what the plan says.

        What is classified anew leaves its old way first, as two port chains must not share it.
        """
        wanted = {self._named(chain.name): chain for chain in plan.chains}
        self._shrink(wanted)
        groups = {group.name: self._group(group) for group in plan.groups}
        for name, chain in wanted.items():
            self._chain(name, chain, groups, mark)
        self._sweep(plan)

    def lacks(self, plan: SteeringPlan) -> Iterator[str]:
        """What does not stand as the plan says."""
        pairs = {each.id: name for name, each in self._pairs.items()}
        for group in plan.groups:
            found = self._groups.get(self._named(group.name))
            held = {pairs.get(each, each) for each in found.port_pairs} if found else set()
            wanted = {self._named(pair.name) for pair in group.pairs}
            if held != wanted:
                yield f"port pair group {group.name} has {len(held & wanted)} of {len(wanted)} port pairs"
        for chain in plan.chains:
            yield from self._chain_lacks(chain)
        for name in self._chains.keys() - {self._named(chain.name) for chain in plan.chains}:
            yield f"port chain {name} should not be there"

    def _chain_lacks(self, chain: ChainPlan) -> Iterator[str]:
        way = " > ".join(chain.groups)
        found = self._chains.get(self._named(chain.name))
        if found is None:
            yield f"there is no port chain through {way}"
            return
        groups = {each.id: name for name, each in self._groups.items()}
        if [groups.get(each) for each in found.port_pair_groups] != [*map(self._named, chain.groups)]:
            yield f"the port chain through {way} goes another way"
        named = {each.id: name for name, each in self._classifiers.items()}
        held = {named.get(each) for each in found.flow_classifiers}
        if held != {self._named(each.name) for each in chain.classifiers}:
            yield f"the port chain through {way} takes other packets"

    def _shrink(self, wanted: dict[str, ChainPlan]) -> None:
        kept = {self._named(c.name) for chain in wanted.values() for c in chain.classifiers}
        named = {each.id: name for name, each in self._classifiers.items()}
        for name, chain in list(self._chains.items()):
            if name not in wanted:
                self._network.delete_sfc_port_chain(chain.id)
                del self._chains[name]
                continue
            own = {self._named(each.name) for each in wanted[name].classifiers}
            staying = [each for each in chain.flow_classifiers if named.get(each) in own]
            if staying != chain.flow_classifiers:
                self._chains[name] = self._network.update_sfc_port_chain(chain.id, flow_classifiers=staying)
        for name in self._classifiers.keys() - kept:
            self._network.delete_sfc_flow_classifier(self._classifiers.pop(name).id)

    def _group(self, plan: GroupPlan) -> str:
        """Its id."""
        pairs = [self._pair(pair) for pair in plan.pairs]
        name = self._named(plan.name)
        found = self._groups.get(name)
        if found is None:
            found = self._network.create_sfc_port_pair_group(name=name, port_pairs=pairs)
        elif set(found.port_pairs) != set(pairs):
            found = self._network.update_sfc_port_pair_group(found.id, port_pairs=pairs)
        self._groups[name] = found
        return str(found.id)

    def _pair(self, plan: PairPlan) -> str:
        name = self._named(plan.name)
        found = self._pairs.get(name)
        if found is None:
            ends = {"ingress": plan.ingress, "egress": plan.egress}
            found = self._pairs[name] = self._network.create_sfc_port_pair(name=name, **ends)
        return str(found.id)

    def _chain(self, name: str, plan: ChainPlan, groups: dict[str, str], mark: str) -> None:
        classifiers = []
        for each in plan.classifiers:
            named = self._named(each.name)
            if named not in self._classifiers:
                self._classifiers[named] = self._network.create_sfc_flow_classifier(
                    name=named, **each.asked()
                )
            classifiers.append(self._classifiers[named].id)
        found = self._chains.get(name)
        wanted = {"description": mark, "flow_classifiers": classifiers}
        if found is None:
            way = [groups[each] for each in plan.groups]
            self._chains[name] = self._network.create_sfc_port_chain(
                name=name, port_pair_groups=way, **wanted
            )
        elif found.description != mark or set(found.flow_classifiers) != set(classifiers):
            self._chains[name] = self._network.update_sfc_port_chain(found.id, **wanted)

    def _sweep(self, plan: SteeringPlan) -> None:
        """What no chain needs any more."""
        groups = {self._named(group.name) for group in plan.groups}
        pairs = {self._named(pair.name) for group in plan.groups for pair in group.pairs}
        for name in self._groups.keys() - groups:
            self._network.delete_sfc_port_pair_group(self._groups[name].id)
        for name in self._pairs.keys() - pairs:
            self._network.delete_sfc_port_pair(self._pairs[name].id)

    def _of(self, listed: Any) -> dict[str, Any]:
        found = listed(project_id=self._project)
        return {each.name: each for each in found if each.name.startswith(self._prefix)}

    def _named(self, name: str) -> str:
        return shortened(f"{self._prefix}{name}")


def steered_networks(place: Place) -> dict[str, set[str]]:
    """Description of our port chains -> how the names of theirs begin."""
    found: dict[str, set[str]] = {}
    if place.offers(EXTENSION):
        for chain in place.network.sfc_port_chains(project_id=place.project):
            found.setdefault(chain.description or "", set()).add(f"{chain.name.rpartition(':')[0]}:")
    return found


def unsteer(place: Place, network: str) -> None:
    """Take away the chains of the network of this name, unless a later one has taken them over."""
    mark = network_mark(place.pop, network)
    for prefix in steered_networks(place).get(mark, ()):
        Steering(place, prefix).become(SteeringPlan(), mark)


def unsteer_service(place: Place, prefix: str) -> None:
    """Take away the chains of a service of which no instance is left: its router's port is in them.

    :param prefix: with which their names begin
    """
    for mark, prefixes in steered_networks(place).items():
        if prefix in prefixes:
            Steering(place, prefix).become(SteeringPlan(), mark)


def release_ports(place: Place, ports: Sequence[str]) -> None:
    """Take ports out of port pairs: Neutron deletes none that is in one."""
    if not place.offers(EXTENSION):
        return
    listed = place.network.sfc_port_pairs(project_id=place.project)
    pairs = {each.id for each in listed if each.ingress in ports or each.egress in ports}
    if not pairs:
        return
    for group in place.network.sfc_port_pair_groups(project_id=place.project):
        staying = [each for each in group.port_pairs if each not in pairs]
        if staying != group.port_pairs:
            place.network.update_sfc_port_pair_group(group.id, port_pairs=staying)
    for pair in pairs:
        place.network.delete_sfc_port_pair(pair)
