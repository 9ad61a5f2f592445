"""NetworkPolicies: a service's namespace is closed, and its links are all that opens it. Pure."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from adaptors.vim.kubernetes import naming
from adaptors.vim.kubernetes.calls import Refusal
from adaptors.vim.kubernetes.connection import Object
from adaptors.vim.kubernetes.settings import KubernetesSettings
from domain.networking import Admission, Departure, PopNetwork

CLOSED = "closed"
FULL_NETWORK = f"{naming.DOMAIN}/full-network"
_DNS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
_NAME_SERVERS = [
    {"namespaceSelector": {}, "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}}},
    {"ipBlock": {"cidr": "169.254.20.10/32"}},
]
"""The cluster's, and the one on each node where there is one."""
_ANY_PORT: tuple[Object, ...] = ()


def closed(pop: str, tags: Mapping[str, str], namespace: str, settings: KubernetesSettings) -> Object:
    """Nothing flows in; out only questions for addresses, and what the PoP's settings let out."""
    egress: list[Object] = [{"to": _NAME_SERVERS, "ports": _DNS}]
    if settings.egress:
        egress.append({"to": [{"ipBlock": {"cidr": cidr}} for cidr in settings.egress]})
    meta = {"name": CLOSED, "namespace": namespace, "labels": naming.service_labels(pop, tags)}
    spec = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"], "ingress": [], "egress": egress}
    return {"kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def of_network(
    pop: str, name: str, part: PopNetwork, namespace: str, components: Mapping[str, str]
) -> dict[str, Object]:
    """The policies of a network, by name: for each component that is spoken to, and each that speaks.

    Instances of a Deployment are alike, so what a link lets one of them hear, all of its component hear.

    :param components: instance -> its component; of those that are not here nothing is said
    :raises Refusal: for what NetworkPolicies cannot say
    """
    hearing: defaultdict[str, list[Object]] = defaultdict(list)
    speaking: defaultdict[str, list[Object]] = defaultdict(list)
    for each in part.admissions:
        target, source = components.get(each.target), components.get(each.source or "")
        ports = _ports(each)
        if target is None or (each.source is not None and source is None):
            continue
        peers = [_peer(source)] if source else [{"ipBlock": {"cidr": cidr}} for cidr in each.sources]
        hearing[target].append(_rule("from", peers, ports))
        if source is not None:
            speaking[source].append(_rule("to", [_peer(target)], ports))
    for leaving in part.departures:
        if (speaker := components.get(leaving.source)) is not None:
            peers = [{"ipBlock": {"cidr": cidr}} for cidr in leaving.destinations]
            speaking[speaker].append(_rule("to", peers, _ports(leaving)))
    made = [
        *(_policy(pop, name, part, namespace, each, "in", _once(rules)) for each, rules in hearing.items()),
        *(_policy(pop, name, part, namespace, each, "out", _once(rules)) for each, rules in speaking.items()),
    ]
    return {each["metadata"]["name"]: each for each in made}


def network_of(policy: Object) -> str | None:
    """The network that a policy is a part of; None where it is of none."""
    found: str | None = policy["metadata"].get("annotations", {}).get(FULL_NETWORK)
    return found


def _policy(
    pop: str, network: str, part: PopNetwork, namespace: str, component: str, way: str, rules: list[Object]
) -> Object:
    labels = {
        **naming.MANAGED,
        naming.POP: pop,
        **{
            label: naming.label_name(part.tags[key])
            for key, label in (("service", naming.SERVICE), ("tenant", naming.TENANT))
            if key in part.tags
        },
        naming.NETWORK: naming.label_name(network),
        naming.COMPONENT: naming.label_name(component),
    }
    meta = {
        "name": naming.label_name(f"{network}-{component}-{way}"),
        "namespace": namespace,
        "labels": labels,
        "annotations": {FULL_NETWORK: network, f"{naming.DOMAIN}/operation": part.tags.get("operation", "")},
    }
    selects = {"podSelector": {"matchLabels": {naming.COMPONENT: naming.label_name(component)}}}
    kind = "Ingress" if way == "in" else "Egress"
    spec = {**selects, "policyTypes": [kind], kind.lower(): rules}
    return {"kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def _peer(component: str) -> Object:
    return {"podSelector": {"matchLabels": {naming.COMPONENT: naming.label_name(component)}}}


def _rule(direction: str, peers: list[Object], ports: Iterable[Object]) -> Object:
    rule: Object = {direction: peers}
    return rule | ({"ports": list(ports)} if ports else {})


def _ports(admission: Admission | Departure) -> tuple[Object, ...]:
    if admission.protocol == "icmp":
        raise Refusal(f"{admission.name}: NetworkPolicies cannot admit ICMP; give the chain tcp or udp")
    if admission.protocol == "any":
        return tuple(_port(each, admission.port) for each in ("TCP", "UDP")) if admission.port else _ANY_PORT
    return (_port(admission.protocol.upper(), admission.port),)


def _port(protocol: str, port: int | None) -> Object:
    return {"protocol": protocol} | ({} if port is None else {"port": port})


def _once(rules: Iterable[Object]) -> list[Object]:
    """Each rule once, in an order that does not depend on that of the admissions."""
    return [json.loads(text) for text in sorted({json.dumps(rule, sort_keys=True) for rule in rules})]


def differing(wanted: Mapping[str, Object], found: Mapping[str, Object]) -> Iterator[str]:
    """What of a network's policies is not as it should be."""
    for name, policy in wanted.items():
        if name not in found:
            yield f"NetworkPolicy {name} is missing"
        elif _said(policy) != _said(found[name]):
            yield f"NetworkPolicy {name} has been changed"
    yield from (f"NetworkPolicy {name} is not asked for" for name in found.keys() - wanted.keys())


def _said(policy: Object) -> Object:
    spec: Object = policy["spec"]
    return {key: value for key, value in spec.items() if value}
