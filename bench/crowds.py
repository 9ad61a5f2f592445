"""What an operation costs beside few services, and beside many: Scale by one and back, taken in turns."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from activities.pops import Pops
from activities.specs import component_spec, edited, mark
from bench.processes import Machinery, running
from catalogue.documents import read_descriptor, read_infrastructure
from catalogue.store import Catalogue, open_catalogue
from domain.deployments import Deployment, PlacedInstance
from domain.names import OperationKind
from domain.phases import OperationState
from domain.plans import Plan
from domain.records import Lease
from domain.requests import InstantiateRequest
from domain.steering import PlanOrder
from lab.topologies import generate
from placement.solve import place
from placement.topology import Usage
from planning.deployed import deployed
from planning.operation_plan import operation_plan
from planning.target import Target
from planning.targets import target

FEW, MANY = 10, 2000
DESCRIPTOR = "pair"
_MEASURED = "measured"
_WARM_UPS = 3
_ROOMY = {"vcpus": 40000, "memory": "80 TiB", "disk": "4000 TiB"}
PAIR = """
api_version: interlace/v1
kind: Service
name: pair
version: 1.0.0
components:
  web:
    kind: microservice
    image: w:1
    scaling: {min: 1, max: 3}
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [data]
  database:
    {kind: microservice, image: d:1, resources: {vcpus: 1, memory: 1 GiB}, connection_points: [sql]}
links:
  queries: {between: [web.data, database.sql], bandwidth: 1 Mbit/s}
"""


@dataclass(frozen=True)
class Costs:
    """Seconds of each operation; the same position in both lists is the same turn."""

    few: list[float]
    many: list[float]

    def ratios(self) -> list[float]:
        """Of each turn by itself, as the machine may be another one in the next."""
        return [many / few for few, many in zip(self.few, self.many, strict=True)]

    def ratio(self) -> float:
        """Of the medians."""
        return statistics.median(self.many) / statistics.median(self.few)


def measure(turns: int) -> Costs:
    """Two orchestrators side by side, one with few services and one with many."""
    with tempfile.TemporaryDirectory(prefix="interlace-bench-") as directory:
        homes = [Path(directory) / name for name in ("few", "many")]
        for home, count in zip(homes, (FEW, MANY), strict=True):
            home.mkdir()
            fill(home, count)
        return asyncio.run(_measured(homes, turns))


async def _measured(homes: Sequence[Path], turns: int) -> Costs:
    costs = Costs([], [])
    async with AsyncExitStack() as stack:
        labs = [await stack.enter_async_context(running(home)) for home in homes]
        for lab in labs:
            await lab.instantiate(_MEASURED, DESCRIPTOR)
        for turn in range(_WARM_UPS + turns):
            both = list(zip(labs, (costs.few, costs.many), strict=True))
            for lab, found in reversed(both) if turn % 2 else both:
                took = [await _scaled(lab, by) for by in (1, -1)]
                if turn >= _WARM_UPS:
                    found.append(sum(took))
    return costs


async def _scaled(lab: Machinery, by: int) -> float:
    started = time.perf_counter()
    await lab.operate(OperationKind.SCALE, _MEASURED, component="web", by=by)
    return time.perf_counter() - started


def fill(home: Path, count: int, policies: str = "{}") -> None:
    """So many running services: the catalogue by its own writes, the modelled world by its own calls.

    :param policies: of each, as a descriptor has them
    """
    catalogue = open_catalogue(f"sqlite:///{home / 'catalogue.db'}")
    try:
        document: dict[str, Any] = generate("topozoo/Abilene", vim="modelled")
        for pop in document["pops"].values():
            pop["capacity"] = dict(_ROOMY)
        catalogue.infrastructure.apply(read_infrastructure(json.dumps(document).encode(), "bench"))
        catalogue.descriptors.onboard(read_descriptor(f"{PAIR}policies: {policies}\n".encode(), "bench"))
        crowd = _Crowd(catalogue, home)
        for number in range(count):
            crowd.add(beside(number))
    finally:
        catalogue.close()


def beside(number: int) -> str:
    """The name of one of them."""
    return f"beside-{number}"


class _Crowd:
    """Adds services one by one, all placed alike; the writes are those of an Instantiate."""

    def __init__(self, catalogue: Catalogue, home: Path) -> None:
        self._catalogue = catalogue
        self._pops = Pops(catalogue, home).at_once()
        self._infrastructure = catalogue.infrastructure.get()
        self._descriptor = catalogue.descriptors.get(DESCRIPTOR, None)
        self._plan: Plan | None = None

    def add(self, service: str) -> None:
        """One more that is ACTIVE."""
        request = InstantiateRequest(service=service, descriptor=DESCRIPTOR)
        order = PlanOrder(
            plan_id=f"plan-{service}", kind=OperationKind.INSTANTIATE, request=request.model_dump(mode="json")
        )
        aim = target(order, request, None, self._descriptor, self._infrastructure, present=None)
        deployment = self._deployment(order, aim)
        lease = self._begun(service)
        self._keep_plan(order, aim, deployment, lease)
        for placed in deployment.instances:
            self._create(deployment, placed, lease)
        self._catalogue.services.commit_deployment(lease.operation_id, lease.fence, deployment, None)
        self._catalogue.operations.finish(lease.operation_id, lease.fence, OperationState.COMPLETED)

    def _deployment(self, order: PlanOrder, aim: Target) -> Deployment:
        if self._plan is None:
            self._plan = place(aim.asked, self._infrastructure, Usage(), time_limit_s=30.0)
        kinds = {name: pop.vim.kind for name, pop in self._infrastructure.pops.items()}
        return deployed(aim, self._plan, None, order.plan_id, kinds)

    def _begun(self, service: str) -> Lease:
        return self._catalogue.operations.begin(
            operation_id=f"instantiate-{service}",
            kind=OperationKind.INSTANTIATE,
            service=service,
            tenant="default",
            workflow_id="none",
            run_id="none",
            descriptor=DESCRIPTOR,
        )

    def _keep_plan(self, order: PlanOrder, aim: Target, deployment: Deployment, lease: Lease) -> None:
        held = (lease.operation_id, lease.fence)
        self._catalogue.reservations.transition(*held, lease.service, None, deployment)
        plan = operation_plan(order, aim, None, deployment, self._infrastructure, 0, {}, datetime.now(UTC))
        self._catalogue.plans.keep(plan)
        self._catalogue.plans.take(*held, plan.plan_id)

    def _create(self, deployment: Deployment, placed: PlacedInstance, lease: Lease) -> None:
        tags = {
            "service": lease.service,
            "component": placed.component,
            "instance": placed.name,
            "operation": lease.operation_id,
            "tenant": deployment.tenant,
            "spec": mark(placed),
        }
        self._catalogue.ledger.intend(
            lease.operation_id,
            lease.fence,
            lease.service,
            placed.component,
            placed.name,
            placed.pop,
            self._pops.kind(placed.pop),
            placed.resource,
            tags,
        )
        component = edited(self._descriptor.components[placed.component], placed)
        spec = component_spec(component, placed.resource, placed.pop, {}, tags)
        made = self._pops.vim(placed.pop).create(spec, lambda _: None)
        self._catalogue.ledger.created(spec.name, spec.pop, made.external_id, made.address)
