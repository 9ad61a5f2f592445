"""How a service's chains become what networking-sfc takes: groups, classifiers, and ways."""

from adaptors.vim.openstack.calls import Refusal
from adaptors.vim.openstack.chain_plans import steering_plan
from adaptors.vim.openstack.points import Points
from adaptors.vim.openstack.servers import Point
from domain.networking import ChainHop, PopNetwork, ServiceChain


class KnownPoints(Points):
    """Each instance has its three ports; its component is what comes before the number."""

    def __init__(self, *instances: str) -> None:
        self._instances = instances

    def of(self, instance: str) -> tuple[Point, ...]:
        if instance not in self._instances:
            raise Refusal(f"instance {instance} is not there")
        number = 10 + self._instances.index(instance)
        return tuple(
            Point(
                connection_point=name, port_id=f"{instance}:{name}", mac="-", address=f"10.0.{number}.{last}"
            )
            for last, name in enumerate(("in", "out", "http"))
        )

    def component(self, instance: str) -> str:
        return instance.rpartition("-")[0]


POINTS = KnownPoints("web-1", "fw-1", "fw-2", "ids-1")
FIREWALLS = ChainHop(ports=(("fw-1", "in", "out"), ("fw-2", "in", "out")))
DETECTOR = ChainHop(ports=(("ids-1", "in", "out"),))


def chain(name: str, *hops: ChainHop, **fields: object) -> ServiceChain:
    return ServiceChain.model_validate({"name": name, "hops": hops, **fields})


def part(*chains: ServiceChain) -> PopNetwork:
    return PopNetwork(pop="berlin", chains=chains)


def test_parallel_instances_are_one_group() -> None:
    plan = steering_plan(part(chain("a", FIREWALLS, DETECTOR)), POINTS, None)
    assert [(group.name, len(group.pairs)) for group in plan.groups] == [("fw.in.out", 2), ("ids.in.out", 1)]
    assert plan.chains[0].groups == ("fw.in.out", "ids.in.out")
    assert {(pair.ingress, pair.egress) for pair in plan.groups[0].pairs} == {
        ("fw-1:in", "fw-1:out"),
        ("fw-2:in", "fw-2:out"),
    }


def test_chains_that_go_the_same_way_are_one_port_chain() -> None:
    one = chain("a", FIREWALLS, destinations=("10.1.0.0/24",), protocol="tcp", port=80)
    other = chain("b", FIREWALLS, destinations=("10.2.0.0/24",), protocol="tcp", port=80)
    plan = steering_plan(part(one, other), POINTS, None)
    assert len(plan.chains) == 1
    assert [each.destination for each in plan.chains[0].classifiers] == ["10.1.0.0/24", "10.2.0.0/24"]


def test_another_order_is_another_port_chain() -> None:
    one = steering_plan(part(chain("a", FIREWALLS, DETECTOR)), POINTS, None)
    other = steering_plan(part(chain("a", DETECTOR, FIREWALLS)), POINTS, None)
    assert one.chains[0].name != other.chains[0].name
    assert one.groups == other.groups


def test_packets_are_known_by_where_they_come_from() -> None:
    within = chain("a", FIREWALLS, source=("web-1", "http"), destinations=("10.1.0.9/32",))
    beyond = chain("b", FIREWALLS)
    plan = steering_plan(part(within, beyond), POINTS, "router-port")
    first, second = plan.chains[0].classifiers
    assert first.asked() == {
        "ethertype": "IPv4",
        "logical_source_port": "web-1:http",
        "source_ip_prefix": "10.0.10.2/32",
        "destination_ip_prefix": "10.1.0.9/32",
    }
    assert second.asked() == {"ethertype": "IPv4", "logical_source_port": "router-port"}


def test_a_port_of_any_protocol_is_one_of_tcp_and_one_of_udp() -> None:
    plan = steering_plan(part(chain("a", DETECTOR, port=53)), POINTS, None)
    found = [(each.protocol, each.port) for each in plan.chains[0].classifiers]
    assert found == [("tcp", 53), ("udp", 53)]
