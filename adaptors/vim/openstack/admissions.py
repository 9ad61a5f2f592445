"""Security groups that admit to each connection point what the service's links allow, and nothing else.

One group holds the rules of all connection points to which just the same is admitted, so that there are
about as many groups as components. Its name holds a digest of its rules: what admits something else is
another group.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from openstack.exceptions import ConflictException, NotFoundException

from adaptors.vim.openstack.calls import Refusal, neutron_type
from adaptors.vim.openstack.ground import tagged
from adaptors.vim.openstack.naming import digest, network_mark, shortened
from adaptors.vim.openstack.place import Place
from adaptors.vim.openstack.points import Points
from domain.models import Model
from domain.networking import Admission, PopNetwork


class Rule(Model):
    """One rule of a security group: what may come in."""

    protocol: str | None
    port: int | None
    source: str
    """CIDR."""

    def __str__(self) -> str:
        return f"{self.protocol or 'any'} {self.port or 'any port'} from {self.source}"


Rules = frozenset[Rule]


def admit(place: Place, network: str, part: PopNetwork, points: Points) -> None:
    """See that the instances' ports admit just what the network of this name says.

    :raises Refusal: where an instance, or its port, is not there
    """
    wanted = _wanted(part, points)
    there = _groups(place, network)
    tags = {**part.tags, "network": network}
    made = {rules: _group(place, network, tags, there, rules) for rules in set(wanted.values())}
    ours = {each.id for each in there} | set(made.values())
    _put(place, ours, {port: made[rules] for port, rules in wanted.items()})


def dismiss(place: Place, network: str) -> None:
    """Take away all security groups of the network of this name."""
    _put(place, {each.id for each in _groups(place, network)}, {})


def unadmitted(place: Place, network: str, part: PopNetwork, points: Points) -> Iterator[str]:
    """What of it does not stand as it should."""
    wanted, groups = _wanted(part, points), {each.id: each for each in _groups(place, network)}
    ports = {each.id: each for each in _ports(place)}
    names = _names(part, points)
    for port, rules in sorted(wanted.items()):
        if port not in ports:
            yield f"{names[port]}: its port is not there"
            continue
        held = {rule for group in _held(ports[port], groups) for rule in _ingress(groups[group])}
        yield from (f"{names[port]}: {rule} is not admitted" for rule in sorted(map(str, rules - held)))
        yield from (f"{names[port]}: {rule} is admitted" for rule in sorted(map(str, held - rules)))


def admitting_networks(place: Place) -> set[str]:
    """Descriptions of our security groups."""
    return {each.description or "" for each in place.network.security_groups(project_id=place.project)}


def _wanted(part: PopNetwork, points: Points) -> dict[str, Rules]:
    """Port id -> what is admitted to it."""
    found: dict[str, set[Rule]] = {}
    for admission in part.admissions:
        port = points.at(admission.target, admission.connection_point).port_id
        found.setdefault(port, set()).update(_rules(admission, points))
    return {port: frozenset(rules) for port, rules in found.items()}


def _names(part: PopNetwork, points: Points) -> dict[str, str]:
    return {
        points.at(each.target, each.connection_point).port_id: f"{each.target}.{each.connection_point}"
        for each in part.admissions
    }


def _rules(admission: Admission, points: Points) -> Iterator[Rule]:
    sources = list(admission.sources)
    if admission.source is not None:
        sources += [f"{point.address}/32" for point in points.of(admission.source)]
    protocols: tuple[str | None, ...] = (None if admission.protocol == "any" else admission.protocol,)
    if admission.port is not None and admission.protocol == "any":
        protocols = ("tcp", "udp")  # others have no ports
    for source in sources:
        for protocol in protocols:
            yield Rule(protocol=protocol, port=admission.port, source=source)


def _group(place: Place, network: str, tags: Mapping[str, str], there: list[Any], rules: Rules) -> str:
    """The id of the group with these rules, found among those that are there, or made."""
    name = shortened(f"{network}-{digest(' '.join(sorted(map(str, rules))))}")
    found = next((each for each in there if each.name == name), None)
    if found is None:
        asked = {"name": name, "description": network_mark(place.pop, network)}
        found = tagged(place, place.network.create_security_group, tags, asked)
    _correct(place, found, rules)
    return str(found.id)


def _correct(place: Place, group: Any, rules: Rules) -> None:
    held = _ingress(group)
    for rule, rule_id in held.items():
        if rule not in rules:
            place.network.delete_security_group_rule(rule_id)
    missing = [_asked(group.id, rule) for rule in sorted(rules - held.keys(), key=str)]
    try:
        if missing:
            list(place.network.create_security_group_rules(missing))
    except ConflictException as error:
        if neutron_type(error) != "SecurityGroupRuleExists":  # somebody else is at it too
            raise


def _asked(group: str, rule: Rule) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "security_group_id": group,
        "direction": "ingress",
        "ethertype": "IPv4",
        "remote_ip_prefix": rule.source,
    }
    if rule.protocol is not None:
        asked["protocol"] = rule.protocol
    if rule.port is not None:
        asked.update(port_range_min=rule.port, port_range_max=rule.port)
    return asked


def _ingress(group: Any) -> dict[Rule, str]:
    """What a group admits -> the id of the rule."""
    found = (each for each in group.security_group_rules or () if each["direction"] == "ingress")
    return {
        Rule(
            protocol=each["protocol"],
            port=each["port_range_min"],
            source=each["remote_ip_prefix"] or each["remote_group_id"] or "anywhere",
        ): each["id"]
        for each in found
    }


def _put(place: Place, ours: set[str], wanted: Mapping[str, str]) -> None:
    """Give each port its group of a network, which has those of `ours`, and delete what none has any more."""
    if not ours and not wanted:
        return
    ports = {each.id: each for each in _ports(place)}
    for port in wanted.keys() - ports.keys():
        raise Refusal(f"port {port} is not there; somebody has deleted it")
    for port in ports.values():
        held = list(port.security_group_ids or ())
        others = [each for each in held if each not in ours]
        right = [*others, *([wanted[port.id]] if port.id in wanted else [])]
        if right != held:
            _give(place, port.id, right)
    for group in ours - set(wanted.values()):
        _delete(place, group)


def _give(place: Place, port: str, groups: list[str]) -> None:
    try:
        place.network.update_port(port, security_groups=groups)
    except NotFoundException:
        return  # it is being deleted with its instance


def _delete(place: Place, group: str) -> None:
    try:
        place.network.delete_security_group(group)
    except ConflictException as error:
        if neutron_type(error) != "SecurityGroupInUse":
            raise


def _groups(place: Place, network: str) -> list[Any]:
    asked = {"project_id": place.project, "description": network_mark(place.pop, network)}
    return sorted(place.network.security_groups(**asked), key=lambda each: (each.created_at, each.id))


def _ports(place: Place) -> list[Any]:
    """Those of instances, others' too: who reads must look only at his own."""
    return list(place.network.ports(project_id=place.project))


def _held(port: Any, groups: Mapping[str, Any]) -> list[str]:
    return [each for each in port.security_group_ids or () if each in groups]
