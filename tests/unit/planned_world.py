"""A service on modelled VIMs, driven by its activities as workflows would: for tests of these."""

import asyncio
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from temporalio.testing import ActivityEnvironment

from activities.amending import AmendingActivities
from activities.comparing import ComparingActivities
from activities.hosting import HostingActivities
from activities.lifecycle import LifecycleActivities
from activities.network_steps import NetworkStepActivities
from activities.others import OthersUse
from activities.planning import PlanningActivities
from activities.pops import Pops
from activities.scoping import ScopingActivities
from activities.steps import StepActivities
from activities.surveying import SurveyingActivities
from adaptors.vim.modelled import instances
from adaptors.vim.modelled.faults import Fault, Faults
from adaptors.vim.modelled.world import World as ModelledWorld
from adaptors.vim.port import Vim
from catalogue.store import Catalogue
from domain.descriptor import Descriptor
from domain.infrastructure import Infrastructure
from domain.instances import VimInstance
from domain.names import OperationKind
from domain.operation_plans import OperationPlan, PlanBrief, Step, StepAction, Wave
from domain.phases import OperationState
from domain.requests import Held
from domain.steering import (
    Amendment,
    CompareOrder,
    PlanOrder,
    PlanRef,
    StepNote,
    StepOrder,
    Survey,
    SurveyOrder,
    UndoBrief,
)
from tests.catalogues import new_catalogue

_POPS = ("north", "south", "west")

SHOP: dict[str, Any] = {
    "api_version": "interlace/v1",
    "kind": "Service",
    "name": "shop",
    "version": "1",
    "components": {
        "balancer": {
            "kind": "vnf",
            "image": "balancer:1",
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["front", "back"],
            "config": {"backends": "${web.addresses}", "port": 443},
        },
        "web": {
            "kind": "microservice",
            "image": "web:1",
            "instances": 2,
            "scaling": {"min": 1, "max": 4},
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["http", "data"],
            "environment": {"DATABASE_HOST": "${database.address}"},
        },
        "database": {
            "kind": "microservice",
            "image": "database:1",
            "resources": {"vcpus": 1, "memory": "1 GiB"},
            "connection_points": ["sql"],
        },
    },
    "links": {"pages": {"between": ["balancer.back", "web.http"], "bandwidth": "10 Mbit/s"}},
}


def infrastructure(vcpus: int = 8, kind: str = "modelled", **settings: str) -> Infrastructure:
    """North, the cheapest, south and west, in a line."""
    pops = {
        name: {
            "vim": {"kind": kind, "settings": settings},
            "capacity": {"vcpus": vcpus, "memory": "64 GiB", "disk": "100 GiB"},
            "prices": {"vcpu_hour": 0.01 * number},
        }
        for number, name in enumerate(_POPS, start=1)
    }
    links = {
        f"{a}-{b}": {"between": [a, b], "bandwidth": "1 Gbit/s", "latency": "2 ms"}
        for a, b in (("north", "south"), ("south", "west"))
    }
    document = {"api_version": "interlace/v1", "kind": "Infrastructure", "pops": pops, "links": links}
    return Infrastructure.model_validate(document)


class World:
    """Catalogue, VIMs and activities in one directory."""

    def __init__(
        self,
        home: Path,
        document: dict[str, Any] = SHOP,
        known: Infrastructure | None = None,
        opening: type[Pops] = Pops,
    ) -> None:
        self.home = home
        self.catalogue: Catalogue = new_catalogue(home / "catalogue.db")
        self.catalogue.infrastructure.apply(known or infrastructure())
        self.catalogue.descriptors.onboard(Descriptor.model_validate(document))
        self.pops = opening(self.catalogue, home)
        self.planning = PlanningActivities(self.catalogue, 30.0, OthersUse(self.catalogue, self.pops))
        self.scoping = ScopingActivities(self.catalogue)
        self.amending = AmendingActivities(self.catalogue)
        self.steps = StepActivities(self.catalogue, self.pops, home)
        self.hosting = HostingActivities(self.catalogue, self.pops)
        self.networks = NetworkStepActivities(self.catalogue, self.pops)
        self.lifecycle = LifecycleActivities(self.catalogue)
        self.surveying = SurveyingActivities(self.pops, "modelled")
        self.comparing = ComparingActivities(self.catalogue, self.pops)
        self.faults = Faults(home)
        self._count = 0

    def begin(self, kind: OperationKind, service: str = "s1") -> Held:
        """Take the service's lease."""
        self._count += 1
        lease = self.catalogue.operations.begin(
            operation_id=f"{kind.lower()}-{self._count}",
            kind=kind,
            service=service,
            tenant="default",
            workflow_id=f"service/{service}",
            run_id=f"r{self._count}",
            descriptor="shop",
            version="1",
        )
        return Held(operation_id=lease.operation_id, fence=lease.fence, service=service)

    def finish(self, held: Held, state: OperationState = OperationState.COMPLETED) -> None:
        """Give it back."""
        self.catalogue.operations.finish(held.operation_id, held.fence, state)

    def order(self, kind: OperationKind, held: Held | None = None, **request: Any) -> PlanOrder:
        """For a plan of an id of its own."""
        self._count += 1
        fields = {"service": "s1", **request}
        if kind is OperationKind.INSTANTIATE:
            fields.setdefault("descriptor", "shop")
        return PlanOrder(plan_id=f"plan-{self._count:012d}", kind=kind, request=fields, held=held)

    def survey(self, order: PlanOrder) -> PlanOrder:
        """The order with what the VIMs answer."""
        scope = self.run(self.scoping.scope, order)
        images, instances = scope.images.get("modelled", ()), scope.instances.get("modelled", {})
        survey: Survey = self.run(self.surveying.survey, SurveyOrder(images=images, instances=instances))
        return order.model_copy(update={"survey": survey})

    def make(self, order: PlanOrder) -> PlanBrief:
        """Plan."""
        brief: PlanBrief = asyncio.run(ActivityEnvironment().run(self.planning.make, order))
        return brief

    def plan(self, brief: PlanBrief) -> OperationPlan:
        """The whole of it."""
        return self.catalogue.plans.get(brief.plan_id).plan

    def plan_of(self, amendment: Amendment) -> OperationPlan:
        """The plan that is edited, as it is by now."""
        return self.catalogue.plans.get(amendment.plan_id).plan

    def config(self, instance: str) -> dict[str, Any]:
        """What an instance that runs has been told, by the world's own record."""
        with ModelledWorld(self.home).reading() as connection:
            rows = [row for pop in _POPS for row in instances.of_pop(connection, pop)]
        (spec,) = [row.made_from() for row in rows if row.tags["instance"] == instance]
        return {**spec.config, **spec.environment}

    def do(self, held: Held, plan_id: str | None, step: Step) -> StepNote:
        """One step."""
        order = StepOrder(held=held, tenant="default", plan_id=plan_id, step=step)
        note: StepNote = self.run(self._activity(step.action), order)
        return note

    def walk(self, held: Held, plan_id: str | None, waves: Iterable[Wave]) -> None:
        """All steps, one after the other."""
        for wave in waves:
            for step in wave.steps:
                self.do(held, plan_id, step)

    def operate(self, kind: OperationKind, **request: Any) -> OperationPlan:
        """A whole operation that succeeds."""
        held = self.begin(kind)
        brief = self.make(self.survey(self.order(kind, held, **request)))
        self.walk(held, brief.plan_id, brief.waves)
        plan = self.plan(brief)
        self.run(self.lifecycle.commit, PlanRef(held=held, plan_id=brief.plan_id))
        self.finish(held)
        return plan

    def undo(self, held: Held, plan_id: str | None) -> UndoBrief:
        """Back to what is committed."""
        ref = PlanRef(held=held, plan_id=plan_id)
        back: UndoBrief = self.run(self.lifecycle.plan_undo, ref)
        self.walk(held, plan_id, back.brief.waves)
        return back

    def differences(self, *pops: str, service: str = "s1") -> tuple[str, ...]:
        """Of world and catalogue."""
        order = CompareOrder(service=service, pops=pops or _POPS)
        found: tuple[str, ...] = self.run(self.comparing.compare, order).found
        return found

    def vim(self, pop: str) -> Vim:
        """A PoP's VIM."""
        return self.pops.vim(pop)

    def running(self) -> dict[str, VimInstance]:
        """All that runs anywhere, by its name in its VIM."""
        listed = (self.vim(pop).list({}) for pop in _POPS)
        return {each.name: each for found in listed for each in found}

    def fault(self, **fields: Any) -> int:
        """Let something go wrong."""
        return self.faults.add(Fault(**fields))

    def _activity(self, action: StepAction) -> Callable[[Any], Any]:
        steps, networks = self.steps, self.networks
        return {
            StepAction.CREATE: steps.create,
            StepAction.CONFIGURE: steps.configure,
            StepAction.RESIZE: self.hosting.resize,
            StepAction.REHOST: self.hosting.rehost,
            StepAction.TRANSFER: steps.transfer,
            StepAction.DRAIN: steps.drain,
            StepAction.DELETE: steps.delete,
            StepAction.COMPILE: networks.compile,
            StepAction.JOIN: networks.join,
            StepAction.PROGRAM: networks.program,
            StepAction.PROBE: networks.probe,
        }[action]

    @staticmethod
    def run(call: Callable[[Any], Any], argument: Any) -> Any:
        """One activity."""
        return ActivityEnvironment().run(call, argument)


def steps(waves: Iterable[Wave], action: StepAction) -> list[Step]:
    """The steps of one kind, in their order."""
    return [step for wave in waves for step in wave.steps if step.action is action]
