"""The deployment of a service that was committed when plans alone were kept."""

import json
from typing import Any

from sqlalchemy import Connection, Row, select

from catalogue.claims import Slot
from catalogue.tables import descriptors, ledger, pops
from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.errors import UnknownError
from domain.expansion import expand
from domain.infrastructure import Pop, Resources
from domain.names import ENDPOINT_IMAGE, NETWORKED_KINDS, resource_name
from domain.networking import ServiceNetwork
from domain.plans import GraphInstance, Plan


def old_deployment(connection: Connection, service: Row[Any]) -> Deployment:
    """From the plan, the descriptor and the ledger: its Instantiate named all, and nothing is adjusted."""
    plan = Plan.model_validate_json(service.plan)
    descriptor = _descriptor(connection, service.descriptor, service.version)
    graph = expand(service.name, descriptor)
    kinds = _vim_kinds(connection, plan)
    network = ServiceNetwork.model_validate_json(service.network).name if service.network else None
    given = _addresses(connection, service.name)
    components = [_instance(service, each, descriptor, plan, given) for each in graph.instances]
    real = set(kinds.values()) & set(NETWORKED_KINDS)
    endpoints = [_endpoint(service, each, plan, given) for each in plan.endpoints] if real else []
    return Deployment(
        service=service.name,
        tenant=service.tenant,
        descriptor=descriptor.name,
        version=descriptor.version,
        graph=graph,
        plan=plan,
        instances=(*components, *endpoints),
        vim_kinds=kinds,
        network=network,
    )


def _descriptor(connection: Connection, name: str, version: str) -> Descriptor:
    this = (descriptors.c.name == name) & (descriptors.c.version == version)
    document = connection.scalar(select(descriptors.c.document).where(this))
    if document is None:
        raise UnknownError(f"no descriptor {name} {version}, which a service was made from")
    return Descriptor.model_validate_json(document)


def _vim_kinds(connection: Connection, plan: Plan) -> dict[str, str]:
    passed = {pop for route in plan.routes for pop in route.pops}
    used = {*plan.placements.values(), *plan.endpoints.values(), *passed}
    query = select(pops.c.name, pops.c.document).where(pops.c.name.in_(used)).order_by(pops.c.name)
    return {name: Pop.model_validate_json(text).vim.kind for name, text in connection.execute(query)}


def _addresses(connection: Connection, service: str) -> dict[Slot, tuple[str | None, dict[str, str]]]:
    columns = (ledger.c.resource_name, ledger.c.pop, ledger.c.address, ledger.c.addresses)
    rows = connection.execute(select(*columns).where(ledger.c.service == service))
    return {(name, pop): (address, json.loads(all_)) for name, pop, address, all_ in rows}


def _instance(
    service: Row[Any],
    instance: GraphInstance,
    descriptor: Descriptor,
    plan: Plan,
    given: dict[Slot, tuple[str | None, dict[str, str]]],
) -> PlacedInstance:
    component = descriptor.components[instance.component]
    name, pop = _named(service, instance.name), plan.placements[instance.name]
    return PlacedInstance(
        name=instance.name,
        component=instance.component,
        pop=pop,
        resource=name,
        image=component.image,
        resources=instance.resources,
        addresses=_by_point(given.get((name, pop)), component.connection_points[0]),
    )


def _endpoint(
    service: Row[Any], endpoint: str, plan: Plan, given: dict[Slot, tuple[str | None, dict[str, str]]]
) -> PlacedInstance:
    name, pop = _named(service, endpoint), plan.endpoints[endpoint]
    return PlacedInstance(
        name=endpoint,
        component=endpoint,
        endpoint=True,
        pop=pop,
        resource=name,
        image=ENDPOINT_IMAGE,
        resources=Resources.of(0, 0, 0),
        addresses=_by_point(given.get((name, pop)), "users"),
    )


def _named(service: Row[Any], instance: str) -> str:
    return resource_name(service.name, instance, service.committed_by or "")


def _by_point(given: tuple[str | None, dict[str, str]] | None, first_point: str) -> dict[str, str]:
    """The ledger had one address of each instance then: that of its first connection point."""
    address, addresses = given or (None, {})
    return addresses or ({first_point: address} if address else {})
