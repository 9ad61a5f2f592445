"""One orchestrator for a test: real catalogue, modelled VIM and in-process workers, in one directory."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import FailureError
from temporalio.testing import WorkflowEnvironment

from adaptors.vim.modelled import instances
from adaptors.vim.modelled.faults import Fault, Faults
from adaptors.vim.modelled.instances import Row
from adaptors.vim.modelled.world import World
from catalogue.documents import read_descriptor, read_infrastructure
from catalogue.store import Catalogue
from domain import names
from domain.deployments import Deployment
from domain.errors import UnknownError
from domain.infrastructure import Resources
from domain.lifecycle import REQUESTS
from domain.operation_plans import PlanBrief
from domain.phases import ResourceKind
from domain.records import ServiceRecord
from domain.requests import InstantiateRequest, OperationProgress, OperationResult, Patience, TerminateRequest
from domain.steering import Told
from tests.catalogues import new_catalogue
from workers.assembly import build
from workers.settings import Settings

SHOP = """
api_version: interlace/v1
kind: Service
name: shop
version: 1.0.0
endpoints:
  customers: {pop: north}
components:
  firewall:
    kind: vnf
    image: firewall:1
    resources: {vcpus: 1, memory: 1 GiB}
    requires: [dpdk]
    connection_points: [outside, inside]
    config: {policy: drop}
  balancer:
    kind: vnf
    image: balancer:1
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [front, back]
    config: {backends: "${web.addresses}", port: 443}
  web:
    kind: microservice
    image: web:1
    instances: 2
    scaling: {min: 1, max: 4}
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [http, data]
    environment: {DATABASE_HOST: "${database.address}"}
  database:
    kind: microservice
    image: database:1
    resources: {vcpus: 2, memory: 2 GiB, disk: 10 GiB}
    connection_points: [sql]
links:
  access: {between: [customers, firewall.outside], bandwidth: 10 Mbit/s}
  filtered: {between: [firewall.inside, balancer.front], bandwidth: 10 Mbit/s}
  pages: {between: [balancer.back, web.http], bandwidth: 10 Mbit/s}
  queries: {between: [web.data, database.sql], bandwidth: 10 Mbit/s}
placement:
  anti_affinity: [[web]]
"""

HUNGRY = """
api_version: interlace/v1
kind: Service
name: hungry
version: "1"
components:
  modest: {kind: microservice, image: m, resources: {vcpus: 1, memory: 1 GiB}, connection_points: [a]}
  glutton: {kind: microservice, image: g, resources: {vcpus: 99, memory: 1 GiB}, connection_points: [a]}
"""

PAIR = """
api_version: interlace/v1
kind: Service
name: pair
version: "1"
components:
  left: {kind: vnf, image: l, resources: {vcpus: 1, memory: 1 GiB}, connection_points: [a]}
  right: {kind: microservice, image: r, resources: {vcpus: 1, memory: 1 GiB}, connection_points: [a]}
links:
  between: {between: [left.a, right.a], bandwidth: 1 Mbit/s}
"""

CHAIN_LENGTH = 6
QUICK = Patience(step_timeout_s=20, give_up_after_s=2, undo_give_up_after_s=2)
INSTANCES = ("balancer-1", "database-1", "firewall-1", "web-1", "web-2")


def chain(reliability: str | None = None) -> str:
    """Each component needs the address of the one before, so they are built one after the other."""
    rows = [
        f"  c{number}: {{kind: vnf, image: i, resources: {{vcpus: 1, memory: 1 GiB}}, connection_points: [a]"
        + (f", environment: {{BEFORE: '${{c{number - 1}.address}}'}}" if number else "")
        + "}"
        for number in range(CHAIN_LENGTH)
    ]
    head = ["api_version: interlace/v1", "kind: Service", "name: chain", 'version: "1"']
    wish = [f"reliability: {reliability}"] if reliability else []
    return "\n".join([*head, *wish, "components:", *rows])


def infrastructure(vcpus: Sequence[int] = (8, 8, 8, 8), settings: str = "{}") -> str:
    """North, south, west and east in a ring, all modelled; only the first two have dpdk."""
    pops = dict(zip(("north", "south", "west", "east"), vcpus, strict=True))
    rows = [
        f"  {name}: {{vim: {{kind: modelled, settings: {settings}}},"
        f" capacity: {{vcpus: {count}, memory: 64 GiB, disk: 100 GiB}},"
        f" capabilities: [{'dpdk' if name in ('north', 'south') else 'plain'}],"
        f" prices: {{vcpu_hour: 0.0{number}}}}}"
        for number, (name, count) in enumerate(pops.items(), start=1)
    ]
    ring = [("north", "south"), ("south", "west"), ("west", "east"), ("east", "north")]
    links = [
        f"  {a}-{b}: {{between: [{a}, {b}], bandwidth: 1 Gbit/s, latency: 2 ms, price_mbps_hour: 0.001}}"
        for a, b in ring
    ]
    head = ["api_version: interlace/v1", "kind: Infrastructure", "pops:"]
    return "\n".join([*head, *rows, "links:", *links])


async def eventually(condition: Callable[[], Any | Awaitable[Any]], what: str) -> Any:
    """Wait until the condition gives something true, and give it; the patience is generous on purpose."""
    for _ in range(1200):
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError(f"never came true: {what}")


class Lab:
    """The orchestrator under test and the eyes of the tests."""

    def __init__(self, client: Client, home: Path, document: str) -> None:
        self.client = client
        self.home = home
        self.settings = Settings(home=home, catalogue_url=f"sqlite:///{home / 'catalogue.db'}")
        self.catalogue: Catalogue = new_catalogue(home / "catalogue.db")
        self.apply(document)
        for text in (SHOP, HUNGRY, PAIR):
            self.catalogue.descriptors.onboard(read_descriptor(text.encode(), "test"))
        self._world = World(home)
        self._faults = Faults(home)
        self.before = self.state()

    def apply(self, document: str) -> None:
        self.catalogue.infrastructure.apply(read_infrastructure(document.encode(), "test"))

    @asynccontextmanager
    async def workers(self, queues: Sequence[str] = names.TASK_QUEUES) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for worker in build(self.client, self.catalogue, self.settings, queues):
                await stack.enter_async_context(worker)
            yield

    def fault(self, **fields: Any) -> int:
        return self._faults.add(Fault(**fields))

    def clear(self, number: int | None = None) -> None:
        self._faults.clear(number)

    def world(self) -> dict[str, Row]:
        """Every instance that exists on any PoP, seen past the VIM's faults."""
        with self._world.reading() as connection:
            rows = [
                (pop, row)
                for pop in self.catalogue.infrastructure.get().pops
                for row in instances.of_pop(connection, pop)
            ]
        return {f"{pop}/{row.name}": row for pop, row in rows}

    def world_usage(self) -> dict[str, Resources]:
        with self._world.reading() as connection:
            pops = self.catalogue.infrastructure.get().pops
            return {pop: instances.usage(connection, pop)[1] for pop in pops}

    def state(self) -> tuple[object, ...]:
        """World, ledger, usage, services: what a failed operation leaves as it was."""
        return (
            sorted(self.world()),
            self.catalogue.ledger.all(),
            self.catalogue.infrastructure.usage(),
            self.catalogue.services.list(),
        )

    def service(self, name: str) -> ServiceRecord | None:
        try:
            return self.catalogue.services.get(name)
        except UnknownError:
            return None

    async def start(
        self, service: str, descriptor: str = "shop", workflow_id: str | None = None, **fields: Any
    ) -> WorkflowHandle[Any, OperationResult]:
        request = InstantiateRequest(service=service, descriptor=descriptor, **fields)
        return await self.client.start_workflow(
            names.OperationKind.INSTANTIATE,
            request,
            id=workflow_id or names.service_workflow_id(service),
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OperationResult,
        )

    async def start_terminate(
        self, service: str, workflow_id: str | None = None, **fields: Any
    ) -> WorkflowHandle[Any, OperationResult]:
        return await self.client.start_workflow(
            names.OperationKind.TERMINATE,
            TerminateRequest(service=service, **fields),
            id=workflow_id or names.service_workflow_id(service),
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OperationResult,
        )

    async def operate(
        self, kind: str, service: str, workflow_id: str | None = None, **fields: Any
    ) -> WorkflowHandle[Any, OperationResult]:
        """Start any operation."""
        operation = names.OperationKind(kind)
        return await self.client.start_workflow(
            operation,
            REQUESTS[operation](service=service, **fields),
            id=workflow_id or names.service_workflow_id(service),
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=OperationResult,
            task_timeout=timedelta(seconds=2),
        )

    async def plan(self, kind: str, service: str, **fields: Any) -> PlanBrief:
        """Plan an operation, changing nothing."""
        brief: PlanBrief = await self.client.execute_workflow(
            names.PLAN,
            {"kind": kind, "request": {"service": service, **fields}},
            id=f"plan/{service}/{kind}",
            task_queue=names.ORCHESTRATION_QUEUE,
            result_type=PlanBrief,
        )
        return brief

    def existing(self, service: str) -> list[tuple[str, str, str]]:
        """(PoP, name in the VIM, instance) of all that exists of a service."""
        return [
            (key.partition("/")[0], row.name, row.tags["instance"])
            for key, row in self.world().items()
            if row.tags["service"] == service
        ]

    def running(self, service: str) -> dict[str, str]:
        """Instance -> PoP, of the service's instances in the world; one that is there twice fails."""
        found: dict[str, str] = {}
        for pop, _, instance in self.existing(service):
            assert instance not in found, f"{instance} is there twice"
            found[instance] = pop
        return found

    def whole(self, service: str) -> None:
        """World, ledger, deployment, records and reservations of an ACTIVE service agree."""
        deployment = self.catalogue.services.deployment(service)
        assert deployment is not None
        there = {name for _, name, _ in self.existing(service)}
        assert there == {each.resource for each in deployment.instances}
        known = self.catalogue.ledger.of_service(service)
        assert {each.resource_name for each in known if each.kind is ResourceKind.INSTANCE} == there
        placements = {each.name: each.pop for each in deployment.instances}
        assert self.running(service) == placements
        assert placements == {**deployment.plan.placements, **self.endpoints(deployment)}
        record = self.catalogue.services.get(service)
        assert {each.name: each.pop for each in record.instances} == deployment.plan.placements
        assert self.world_usage() == self.catalogue.infrastructure.usage().pops
        assert not self.catalogue.services.unsettled(service)
        assert self.catalogue.operations.holder(service) is None

    def endpoints(self, deployment: Deployment) -> dict[str, str]:
        """Endpoints that are instances; those of modelled PoPs are not."""
        return {}

    async def end_all(self) -> None:
        """Leave no workflow to the next test's workers."""
        self.clear()
        async for found in self.client.list_workflows("ExecutionStatus = 'Running'"):
            handle = self.client.get_workflow_handle(found.id, run_id=found.run_id)
            try:
                await handle.terminate("the test is over")
            except Exception:  # it has just ended by itself
                continue


Handle = WorkflowHandle[Any, Any]


async def progress(handle: WorkflowHandle[Any, Any]) -> OperationProgress:
    answer: OperationProgress = await handle.query(names.PROGRESS_QUERY, result_type=OperationProgress)
    return answer


async def say(handle: WorkflowHandle[Any, Any], update: str, **fields: Any) -> str:
    """Send an update, and give its answer."""
    told: Told = await handle.execute_update(update, fields, result_type=Told)
    return told.message


async def attribute(handle: WorkflowHandle[Any, Any], name: str) -> str | None:
    described = await handle.describe()
    return described.typed_search_attributes.get(SearchAttributeKey.for_keyword(name))


async def failure(handle: WorkflowHandle[Any, Any]) -> str:
    """The message with which a workflow failed."""
    try:
        result = await handle.result()
    except WorkflowFailureError as error:
        assert isinstance(error.cause, FailureError), error.cause
        return error.cause.message
    raise AssertionError(f"succeeded with {result!r}")


@asynccontextmanager
async def dev_server(**fields: Any) -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal server in memory."""
    keys = [SearchAttributeKey.for_keyword(name) for name in names.SEARCH_ATTRIBUTES]
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=str(Path(sys.executable).parent / "temporal"),
        dev_server_log_level="error",
        search_attributes=keys,
        dev_server_extra_args=[
            *("--dynamic-config-value", "history.transferProcessorMaxPollRPS=1000"),
            *("--dynamic-config-value", "matching.enableFairness=true"),
            *("--dynamic-config-value", "matching.numTaskqueueWritePartitions=1"),
        ],
        **fields,
    )
    async with environment:
        yield environment
