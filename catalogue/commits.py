"""Writing what a service has become: its record, instances and links. All within one transaction."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from catalogue.claims import Slot, slot_of
from catalogue.database import now
from catalogue.names import unknown
from catalogue.tables import leases, ledger, service_instances, service_links, services
from domain.deployments import Deployment
from domain.names import CLOUD_KINDS
from domain.networking import Connection as ServiceConnection
from domain.networking import ServiceNetwork
from domain.phases import ServiceState
from domain.plans import Plan, ServiceGraph
from domain.records import InstanceRecord, LinkRecord


@dataclass(frozen=True)
class Given:
    """What a VIM gave an instance."""

    external_id: str | None
    address: str | None
    addresses: Mapping[str, str]


_UNKNOWN = Given(None, None, {})


def write_deployment(
    connection: Connection,
    operation_id: str,
    deployment: Deployment,
    network: ServiceNetwork | None,
    connected: ServiceConnection,
) -> None:
    """The service is ACTIVE and this is how it runs, with the addresses that the ledger knows.

    Not those in clouds: they give no address that another has still, so nothing there can keep its own.
    """
    service = deployment.service
    given = _given(connection, service)
    placed = tuple(
        each.model_copy(update={"addresses": dict(known.addresses)})
        if (known := given.get(slot_of(each), _UNKNOWN)).addresses
        and deployment.vim_kinds[each.pop] not in CLOUD_KINDS
        else each
        for each in deployment.instances
    )
    adjustments = {name: each.model_dump(mode="json") for name, each in deployment.adjustments.items()}
    values = {
        "deployment": deployment.model_copy(update={"instances": placed}).model_dump_json(),
        "adjustments": json.dumps(adjustments),
        "network": network.model_dump_json() if network else None,
    }
    slots = {each.name: slot_of(each) for each in deployment.instances}
    write_plan(connection, operation_id, service, deployment.graph, deployment.plan, connected, slots, values)


def write_plan(
    connection: Connection,
    operation_id: str,
    service: str,
    graph: ServiceGraph,
    plan: Plan,
    connected: ServiceConnection,
    slots: Mapping[str, Slot],
    more: Mapping[str, Any],
) -> None:
    """The service is ACTIVE, placed like this; its instances are in these slots."""
    set_state(connection, service, ServiceState.ACTIVE)
    values = {
        "plan": plan.model_dump_json(),
        "descriptor": graph.descriptor,
        "version": graph.version,
        "connection": connected.model_dump_json(),
        "changed_by": None,
        **more,
    }
    connection.execute(update(services).where(services.c.name == service).values(values))
    _count_revision(connection, operation_id, service)
    _replace_instances(connection, service, graph, slots)
    _replace_links(connection, service, plan)


def set_state(connection: Connection, service: str, state: ServiceState) -> None:
    """Keeps `since` where the state does not change."""
    known = connection.scalar(select(services.c.state).where(services.c.name == service))
    if known is None:
        raise unknown("service", service, connection.scalars(select(services.c.name)))
    if known != state:
        values = {"state": state, "since": now()}
        connection.execute(update(services).where(services.c.name == service).values(values))


def is_committed_by(connection: Connection, operation_id: str, service: str) -> bool:
    """Whether the operation was the last to commit."""
    by = connection.scalar(select(services.c.committed_by).where(services.c.name == service))
    return by == operation_id


def _count_revision(connection: Connection, operation_id: str, service: str) -> None:
    """Once for each operation, and on from what a former service of the name had."""
    if is_committed_by(connection, operation_id, service):
        return
    lease = leases.c.service == service
    revision = connection.execute(select(leases.c.revision).where(lease)).scalar_one() + 1
    connection.execute(update(leases).where(lease).values(revision=revision))
    mine = {"revision": revision, "committed_by": operation_id}
    connection.execute(update(services).where(services.c.name == service).values(mine))


def _replace_instances(
    connection: Connection, service: str, graph: ServiceGraph, slots: Mapping[str, Slot]
) -> None:
    connection.execute(delete(service_instances).where(service_instances.c.service == service))
    given = _given(connection, service)
    rows = []
    for position, instance in enumerate(graph.instances):
        slot = slots[instance.name]
        known = given.get(slot, _UNKNOWN)
        record = InstanceRecord(
            name=instance.name,
            component=instance.component,
            kind=instance.kind,
            pop=slot[1],
            resources=instance.resources,
            address=known.address,
            external_id=known.external_id,
        )
        row = {"service": service, "name": instance.name, "position": position, "pop": slot[1]}
        rows.append({**row, "document": record.model_dump_json()})
    if rows:
        connection.execute(insert(service_instances), rows)


def _given(connection: Connection, service: str) -> dict[Slot, Given]:
    rows = connection.execute(select(ledger).where(ledger.c.service == service))
    return {
        (row.resource_name, row.pop): Given(row.external_id, row.address, json.loads(row.addresses))
        for row in rows
    }


def _replace_links(connection: Connection, service: str, plan: Plan) -> None:
    connection.execute(delete(service_links).where(service_links.c.service == service))
    rows = []
    for position, route in enumerate(plan.routes):
        record = LinkRecord(
            name=route.link,
            virtual_link=route.virtual_link,
            pops=route.pops,
            physical_links=route.physical_links,
            bandwidth_mbps=route.bandwidth_mbps,
            latency_ms=route.latency_ms,
        )
        row = {"service": service, "name": route.link, "position": position}
        rows.append({**row, "document": record.model_dump_json()})
    if rows:
        connection.execute(insert(service_links), rows)
