"""From what the catalogue knows to what a picture tells."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from domain.deployments import Deployment, PlacedInstance
from domain.infrastructure import Infrastructure, PhysicalLink, Pop, Resources
from domain.operation_plans import OperationPlan
from domain.pricing import licence_price
from domain.records import ServiceRecord, Usage
from interfaces.picture.courses import changed, courses_of
from interfaces.picture.facts import (
    NOTHING,
    Becoming,
    CourseFacts,
    InstanceFacts,
    LinkFacts,
    PlanFacts,
    PopFacts,
    ServiceFacts,
    Topology,
    Totals,
)

UNUSED = Usage(pops={}, links={})

Found = tuple[str, InstanceFacts]
"""PoP, and what is there."""


def topology_of(
    infrastructure: Infrastructure,
    source: str,
    usage: Usage = UNUSED,
    deployments: Sequence[Deployment] = (),
    others: Iterable[ServiceRecord] = (),
) -> Topology:
    """The infrastructure, with the courses and instances of the deployed services.

    :param others: services of which only the numbers of instances are told
    """
    found = [each for deployment in deployments for each in _instances(deployment)]
    topology = _bare(infrastructure, source, usage, found, _counted(others))
    return topology.model_copy(
        update={
            "services": tuple(_service(deployment) for deployment in deployments),
            "courses": tuple(course for each in deployments for course in courses_of(each)),
        }
    )


def topology_after(
    plan: OperationPlan,
    infrastructure: Infrastructure,
    source: str,
    usages: tuple[Usage, Usage],
    others: Iterable[ServiceRecord] = (),
    over: str = "",
) -> Topology:
    """As `topology_of`, of the service of a plan as it will be, with what is different from before.

    :param usages: what is reserved in all, before the plan and after it
    :param over: why the plan can be applied no more; empty where it can
    """
    before, after = usages
    topology = _bare(infrastructure, source, after, _changed_instances(plan), _counted(others))
    return topology.model_copy(
        update={
            "pops": tuple(_with_before(pop, before) for pop in topology.pops),
            "links": tuple(_link_with_before(link, before) for link in topology.links),
            "services": (_planned_service(plan),),
            "courses": tuple(changed(*(_courses(each) for each in (plan.before, plan.after)))),
            "plan": PlanFacts(plan_id=plan.plan_id, kind=plan.kind, service=plan.service, over=over),
        }
    )


def _bare(
    infrastructure: Infrastructure,
    source: str,
    usage: Usage,
    found: Iterable[Found],
    counted: Mapping[str, Mapping[str, int]],
) -> Topology:
    here: dict[str, list[InstanceFacts]] = defaultdict(list)
    for pop, instance in found:
        here[pop].append(instance)
    pops = tuple(
        _pop(name, pop, infrastructure, usage).model_copy(
            update={"instances": tuple(here[name]), "others": dict(counted.get(name, {}))}
        )
        for name, pop in sorted(infrastructure.pops.items())
    )
    links = tuple(_link(name, link, usage) for name, link in sorted(infrastructure.links.items()))
    return Topology(
        source=source,
        currency=infrastructure.currency,
        pops=pops,
        links=links,
        totals=_totals(pops, links),
    )


def _pop(name: str, pop: Pop, infrastructure: Infrastructure, usage: Usage) -> PopFacts:
    sold = sorted({*infrastructure.licences, *pop.prices.licences})
    priced = {licence: licence_price(licence, pop, infrastructure) for licence in sold}
    return PopFacts(
        name=name,
        region=pop.region,
        vim=pop.vim.kind,
        location=pop.location,
        capacity=pop.capacity,
        used=usage.pops.get(name, NOTHING),
        prices=pop.prices,
        energy=pop.energy,
        licences={licence: price for licence, price in priced.items() if price is not None},
        capabilities=tuple(sorted(pop.capabilities)),
    )


def _link(name: str, link: PhysicalLink, usage: Usage) -> LinkFacts:
    return LinkFacts(
        name=name,
        between=link.between,
        bandwidth_mbps=link.bandwidth,
        latency_ms=link.latency,
        price_mbps_hour=link.price_mbps_hour,
        reserved_mbps=usage.links.get(name, 0.0),
    )


def _totals(pops: Sequence[PopFacts], links: Sequence[LinkFacts]) -> Totals:
    here = [each for pop in pops for each in pop.instances if each.becoming is not Becoming.GOES]
    services = {each.service for each in here} | {service for pop in pops for service in pop.others}
    return Totals(
        pops=len(pops),
        links=len(links),
        capacity=sum((pop.capacity for pop in pops), NOTHING),
        used=sum((pop.used for pop in pops), NOTHING),
        bandwidth_mbps=sum(link.bandwidth_mbps for link in links),
        reserved_mbps=sum(link.reserved_mbps for link in links),
        instances=sum(each.kind != "endpoint" for each in here)
        + sum(sum(pop.others.values()) for pop in pops),
        services=len(services),
    )


def _counted(services: Iterable[ServiceRecord]) -> dict[str, dict[str, int]]:
    """PoP -> service -> instances."""
    counted: dict[str, dict[str, int]] = defaultdict(dict)
    for service in services:
        for instance in service.instances:
            here = counted[instance.pop]
            here[service.name] = here.get(service.name, 0) + 1
    return counted


def _instances(deployment: Deployment) -> list[Found]:
    """Endpoints first: also those that are only places, without anything that stands for them."""
    placed = deployment.plan.endpoints.items()
    ends = [(pop, _end(deployment, name)) for name, pop in placed]
    return ends + [
        (each.pop, _instance(deployment, each)) for each in deployment.instances if not each.endpoint
    ]


def _end(deployment: Deployment, name: str) -> InstanceFacts:
    return InstanceFacts(service=deployment.service, name=name, kind="endpoint")


def _instance(deployment: Deployment, placed: PlacedInstance) -> InstanceFacts:
    kinds = {each.name: each.kind for each in deployment.graph.instances}
    return InstanceFacts(
        service=deployment.service,
        name=placed.name,
        kind=str(kinds.get(placed.name, "instance")),
        resources=placed.resources,
    )


def _changed_instances(plan: OperationPlan) -> list[Found]:
    """Those after the plan, then those that it takes away from where they are."""
    old, new = (
        [(pop, each, _resource(deployment, each)) for pop, each in _instances(deployment)]
        if deployment
        else []
        for deployment in (plan.before, plan.after)
    )
    return [
        *(_marked(found, found not in old, Becoming.COMES) for found in new),
        *(_marked(found, True, Becoming.GOES) for found in old if found not in new),
    ]


def _resource(deployment: Deployment, instance: InstanceFacts) -> str | None:
    """What runs under the name: one that is built anew is another."""
    return deployment.resources.get(instance.name)


def _marked(found: tuple[str, InstanceFacts, str | None], is_so: bool, becoming: Becoming) -> Found:
    pop, instance, _ = found
    return pop, instance.model_copy(update={"becoming": becoming}) if is_so else instance


def _courses(deployment: Deployment | None) -> list[CourseFacts]:
    return courses_of(deployment) if deployment else []


def _service(deployment: Deployment) -> ServiceFacts:
    return ServiceFacts(
        name=deployment.service,
        descriptor=deployment.descriptor,
        version=deployment.version,
        cost_per_hour=deployment.plan.cost_per_hour,
    )


def _planned_service(plan: OperationPlan) -> ServiceFacts:
    """:raises ValueError: if the plan has no deployment at all"""
    deployment = plan.after or plan.before
    if deployment is None:
        raise ValueError(f"plan {plan.plan_id} neither begins nor ends with a deployment")
    costs = {"cost_per_hour": plan.cost_after, "cost_before": plan.cost_before}
    return _service(deployment).model_copy(update=costs)


def _with_before(pop: PopFacts, before: Usage) -> PopFacts:
    used: Resources = before.pops.get(pop.name, NOTHING)
    return pop.model_copy(update={"used_before": used}) if used != pop.used else pop


def _link_with_before(link: LinkFacts, before: Usage) -> LinkFacts:
    mbps = before.links.get(link.name, 0.0)
    is_same = abs(mbps - link.reserved_mbps) < 1e-6
    return link if is_same else link.model_copy(update={"reserved_before_mbps": mbps})
