"""What `interlace topology` draws, read from the catalogue or from a file."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from catalogue.claims import claims_of, less
from catalogue.documents import read_infrastructure
from catalogue.store import Catalogue
from domain.deployments import Deployment
from domain.errors import InputError
from domain.infrastructure import Infrastructure
from domain.operation_plans import OperationPlan
from domain.records import Usage
from interfaces.cli.files import read_file
from interfaces.cli.output import clock
from interfaces.cli.overtaken import why_not_applicable
from interfaces.cli.session import catalogue
from interfaces.picture.facts import NOTHING, Topology
from interfaces.picture.gathering import topology_after, topology_of


def of_document(file: Path) -> Topology:
    """An infrastructure document, of which nothing is taken.

    :raises DocumentError: if it is none
    :raises InputError: if it has no PoP
    """
    return topology_of(_drawable(read_infrastructure(read_file(file), str(file))), file.name)


def of_services(names: Sequence[str]) -> Topology:
    """What is applied, with the courses of the named services.

    :raises UnknownError: if there is no such service, or no infrastructure
    :raises InputError: if a service is not placed yet
    """
    with catalogue() as store:
        infrastructure = _drawable(store.infrastructure.get())
        deployments = [_deployment(store, name) for name in dict.fromkeys(names)]
        others = [each for each in store.services.list() if each.name not in names]
        return topology_of(infrastructure, _now(), store.infrastructure.usage(), deployments, others)


def of_plan(plan_id: str) -> Topology:
    """What is applied, as it will be once the plan has been; or as it was to be, where that is over.

    :raises UnknownError: if there is no such plan, or no infrastructure
    """
    with catalogue() as store:
        record = store.plans.get(plan_id)
        plan, over = record.plan, why_not_applicable(store, record)
        infrastructure = _drawable(store.infrastructure.get())
        others = [each for each in store.services.list() if each.name != plan.service]
        return topology_after(plan, infrastructure, _now(), _usages(store, plan), others, over)


def _drawable(infrastructure: Infrastructure) -> Infrastructure:
    if not infrastructure.pops:
        raise InputError("the infrastructure has no PoPs: there is nothing to draw")
    return infrastructure


def _deployment(store: Catalogue, name: str) -> Deployment:
    record = store.services.get(name)
    deployment = store.services.deployment(name)
    if deployment is None:
        raise InputError(f"service {name} is {record.state} and has no placement yet: `--plan` draws a plan")
    return deployment


def _usages(store: Catalogue, plan: OperationPlan) -> tuple[Usage, Usage]:
    """What is reserved in all with the deployment before the plan, and with that after it."""
    usage = store.infrastructure.usage(settled=plan.service)
    committed = store.services.view(plan.service).deployment
    return _exchanged(usage, committed, plan.before), _exchanged(usage, committed, plan.after)


def _exchanged(usage: Usage, one: Deployment | None, other: Deployment | None) -> Usage:
    """With what the other deployment takes, instead of the first."""
    pops, links = dict(usage.pops), defaultdict(float, usage.links)
    old, new = claims_of(one), claims_of(other)
    for (_, pop), claim in old.instances.items():
        pops[pop] = less(pops.get(pop, NOTHING), claim.resources)
    for (_, pop), claim in new.instances.items():
        pops[pop] = pops.get(pop, NOTHING) + claim.resources
    for (_, link), mbps in old.links.items():
        links[link] -= mbps
    for (_, link), mbps in new.links.items():
        links[link] += mbps
    return Usage(pops=pops, links={name: max(mbps, 0.0) for name, mbps in links.items()})


def _now() -> str:
    return f"the catalogue at {clock(datetime.now(UTC))}"
