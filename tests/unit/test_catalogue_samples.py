"""Small documents for the catalogue's tests, and the proof that they fit each other."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise

from catalogue.store import Catalogue
from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import ComponentKind, Descriptor
from domain.infrastructure import Infrastructure, Resources
from domain.names import OperationKind, resource_name
from domain.operation_plans import OperationPlan
from domain.plans import GraphInstance, GraphLink, Plan, Route, ServiceGraph
from domain.records import Lease


def infrastructure(vcpus: int = 100, mbps: int = 1000, pops: tuple[str, ...] = ("a", "b")) -> Infrastructure:
    """PoPs in a row, each joined to the next by a link such as a-b."""
    offer = {"vcpus": vcpus, "memory": "1 TiB", "disk": "1 TiB"}
    link = {"bandwidth": f"{mbps} Mbit/s", "latency": "5 ms"}
    pairs = pairwise(pops)
    document = {
        "api_version": "interlace/v1",
        "kind": "Infrastructure",
        "pops": {name: {"vim": {"kind": "modelled"}, "capacity": offer} for name in pops},
        "links": {f"{one}-{other}": {"between": (one, other), **link} for one, other in pairs},
    }
    return Infrastructure.model_validate(document)


def descriptor(name: str = "shop", version: str = "1", image: str = "web:1") -> Descriptor:
    size = {"vcpus": 1, "memory": "1 GiB"}
    web = {"kind": "microservice", "image": image, "resources": size, "connection_points": ("http",)}
    document = {
        "api_version": "interlace/v1",
        "kind": "Service",
        "name": name,
        "version": version,
        "components": {"web": {**web, "requires": ["gpu", "dpdk", "sriov"]}},
    }
    return Descriptor.model_validate(document)


def shop() -> Descriptor:
    """What the graph below is expanded from."""
    size = {"resources": {"vcpus": 4, "memory": "1 GiB", "disk": "1 GiB"}}
    parts = {"firewall": ("vnf", "inside"), "web": ("microservice", "http")}
    document = {
        "api_version": "interlace/v1",
        "kind": "Service",
        "name": "shop",
        "version": "1",
        "components": {
            name: {"kind": kind, "image": f"{name}:1", "connection_points": (point,), **size}
            for name, (kind, point) in parts.items()
        },
        "links": {
            "inner": {"between": ("firewall.inside", "web.http"), "bandwidth": "10 Mbit/s", "latency": "9 ms"}
        },
    }
    return Descriptor.model_validate(document)


def graph(service: str, vcpus: int = 4, mbps: float = 10.0) -> ServiceGraph:
    """A firewall and a web server, and a link between them."""
    size = Resources.of(vcpus, 1024, 1)
    kinds = {"firewall": ComponentKind.VNF, "web": ComponentKind.MICROSERVICE}
    instances = (GraphInstance(name=f"{c}-1", component=c, kind=k, resources=size) for c, k in kinds.items())
    link = GraphLink(name="inner", virtual_link="inner", ends=("firewall-1", "web-1"), bandwidth_mbps=mbps)
    return ServiceGraph(
        service=service, descriptor="shop", version="1", instances=tuple(instances), links=(link,)
    )


def plan(mbps: float = 10.0, web: str = "b") -> Plan:
    """The firewall in PoP a, the web server in PoP b."""
    way = ("a",) if web == "a" else ("a", web)
    physical = () if web == "a" else (f"a-{web}",)
    route = Route(
        link="inner",
        virtual_link="inner",
        pops=way,
        physical_links=physical,
        bandwidth_mbps=mbps,
        latency_ms=5.0,
    )
    places = {"firewall-1": "a", "web-1": web}
    known = {"cost_per_hour": 1.5, "currency": "EUR", "solver": "test", "gap": 0.0, "solve_ms": 1.0}
    return Plan.model_validate({"placements": places, "routes": (route,), **known})


def begin(
    catalogue: Catalogue,
    operation: str,
    service: str = "shop",
    kind: OperationKind = OperationKind.INSTANTIATE,
    tenant: str = "acme",
) -> Lease:
    run = {"workflow_id": f"service/{service}", "run_id": f"run-{operation}"}
    return catalogue.operations.begin(operation, kind.value, service, tenant, **run)


def intend(catalogue: Catalogue, lease: Lease, instance: str = "web-1", pop: str = "b") -> str:
    """Writes the instance's resource into the ledger and gives its name."""
    name = resource_name(lease.service, instance, lease.operation_id)
    owner = (lease.operation_id, lease.fence, lease.service, instance.rsplit("-", 1)[0], instance)
    catalogue.ledger.intend(*owner, pop, "modelled", name, {"service": lease.service})
    return name


def deployment(
    by: Mapping[str, str] | str = "op-1",
    vcpus: Mapping[str, int] | int = 4,
    web: str = "b",
    mbps: float = 10.0,
    service: str = "shop",
) -> Deployment:
    """The graph, placed; `by` names the operation that built an instance, or all of them."""
    whole, places = graph(service, mbps=mbps), plan(mbps, web)
    sizes = {each.name: vcpus if isinstance(vcpus, int) else vcpus[each.name] for each in whole.instances}
    made = {each.name: by if isinstance(by, str) else by[each.name] for each in whole.instances}
    instances = [
        PlacedInstance(
            name=each.name,
            component=each.component,
            pop=places.placements[each.name],
            resource=resource_name(service, each.name, made[each.name]),
            image=f"{each.component}:1",
            resources=Resources.of(sizes[each.name], 1024, 1),
        )
        for each in whole.instances
    ]
    return Deployment(
        service=service,
        tenant="acme",
        descriptor="shop",
        version="1",
        graph=whole,
        plan=places,
        instances=tuple(instances),
        vim_kinds=dict.fromkeys(("a", web), "modelled"),
    )


def build(catalogue: Catalogue, lease: Lease, wanted: Deployment) -> None:
    """Everything of the deployment that is not in the ledger is made, and noted there."""
    known = {row.resource_name for row in catalogue.ledger.of_service(lease.service)}
    for each in wanted.instances:
        if each.resource not in known:
            owner = (lease.operation_id, lease.fence, lease.service, each.component, each.name)
            catalogue.ledger.intend(*owner, each.pop, "modelled", each.resource, {"service": lease.service})
            given = (f"id-{each.resource}", f"10.0.0.{len(each.resource)}")
            catalogue.ledger.created(each.resource, each.pop, *given, {"http": given[1]})


def committed(catalogue: Catalogue, lease: Lease, wanted: Deployment) -> None:
    """An Instantiate that has come to its end but for giving the lease back."""
    catalogue.reservations.transition(lease.operation_id, lease.fence, lease.service, None, wanted)
    build(catalogue, lease, wanted)
    catalogue.services.commit_deployment(lease.operation_id, lease.fence, wanted, None)


def operation_plan(plan_id: str = "plan-1", service: str = "shop", minute: int = 0) -> OperationPlan:
    """Of a Scale that changes nothing."""
    there = deployment(service=service)
    return OperationPlan(
        plan_id=plan_id,
        kind=OperationKind.SCALE,
        service=service,
        tenant="acme",
        request={"service": service},
        created_at=datetime(2026, 1, 1, minute // 60, minute % 60, tzinfo=UTC),
        revision=1,
        before=there,
        after=there,
        infrastructure=infrastructure(),
        waves=(),
        pops=(),
        links=(),
        cost_before=1.5,
        cost_after=1.5,
        currency="EUR",
        expected_duration_s=0.0,
    )


def test_the_plan_places_the_graph_on_the_infrastructure() -> None:
    places, offered = plan(), infrastructure()
    assert set(places.placements) == {instance.name for instance in graph("shop").instances}
    assert set(places.placements.values()) <= set(offered.pops)
    assert set(places.routes[0].physical_links) <= set(offered.links)
