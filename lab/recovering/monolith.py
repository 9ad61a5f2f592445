"""An operation as a plain script would do it: `python -m lab.recovering.monolith`.

The same functions at the catalogue, the placement and the VIMs, called one after the other in one process: no
Temporal, no other process, and nothing to go on from when it dies. Each line on standard input is an order;
the answer, a line of JSON, says how long each call took.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from temporalio import activity
from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from catalogue.store import open_catalogue
from domain import names
from domain.lifecycle import REQUESTS, AnyRequest
from domain.models import Model
from domain.names import OperationKind
from domain.operation_plans import PlanBrief
from domain.phases import OperationState
from domain.requests import BeginOperation, FinishOperation, Held, Nothing, StepTime
from domain.steering import (
    Began,
    Committed,
    PlanOrder,
    PlanRef,
    StepNote,
    StepOrder,
    Survey,
    SurveyOrder,
)
from workers.assembly import activities_of
from workers.settings import Settings

T = TypeVar("T", bound=Model)

_QUEUES = (names.ORCHESTRATION_QUEUE, names.PLACEMENT_QUEUE, names.vim_queue("modelled"))


class Order(Model):
    """An operation to be carried out."""

    kind: OperationKind
    number: int
    """Of this operation, among all of the catalogue."""
    request: dict[str, Any]


class Call(Model):
    """One function that was called."""

    name: str
    """Of the activity that it is in the workflow."""
    seconds: float


class Done(Model):
    """An operation that was carried out."""

    seconds: float
    """All of it: t_m."""
    waves: tuple[tuple[Call, ...], ...]
    """One after the other; in the workflow those of one wave are side by side."""


def main() -> None:
    """Serve orders until there are no more."""
    settings = Settings.from_environment()
    catalogue = open_catalogue(settings.catalogue_url)
    client = asyncio.run(_unconnected())
    functions = {
        _name(each): each for queue in _QUEUES for each in activities_of(queue, client, catalogue, settings)
    }
    print("ready", flush=True)
    for line in sys.stdin:
        print(_Script(functions).carry_out(Order.model_validate_json(line)).model_dump_json(), flush=True)


async def _unconnected() -> Client:
    """Activities want one to look after the operations of others; there are none."""
    return await Client.connect("127.0.0.1:1", lazy=True)


def _name(function: Callable[..., Any]) -> str:
    found: str = activity._Definition.must_from_callable(function).name or ""
    return found


class _Script:
    """One operation."""

    def __init__(self, functions: dict[str, Callable[..., Any]]) -> None:
        self._functions = functions
        self._waves: list[tuple[Call, ...]] = []

    def carry_out(self, order: Order) -> Done:
        started = time.monotonic()
        request = REQUESTS[order.kind].model_validate(order.request)
        began = self._begin(order, request)
        held = began.held
        plan = self._plan(order, began)
        times = list(self._steps(plan, held, request))
        ref = PlanRef(held=held, plan_id=plan.plan_id)
        self._call(names.COMMIT_PLAN, ref, Committed)
        ending = FinishOperation(held=held, state=OperationState.COMPLETED, times=tuple(times))
        self._call(names.FINISH, ending, Nothing)
        return Done(seconds=time.monotonic() - started, waves=tuple(self._waves))

    def _begin(self, order: Order, request: AnyRequest) -> Began:
        start = BeginOperation(
            operation_id=f"{order.kind.lower()}-script-{order.number:08}",
            kind=order.kind,
            service=request.service,
            tenant=request.tenant,
            workflow_id=names.service_workflow_id(request.service),
            run_id=f"script-{order.number}",
            descriptor=getattr(request, "descriptor", None),
            request=None if order.kind is OperationKind.INSTANTIATE else order.request,
        )
        return self._call(names.START, start, Began)

    def _plan(self, order: Order, began: Began) -> PlanBrief:
        asked = PlanOrder(
            plan_id=f"plan-script-{order.number}", kind=order.kind, request=order.request, held=began.held
        )
        scope, kind = began.scope, "modelled"
        if scope is not None:
            look = SurveyOrder(images=scope.images.get(kind, ()), instances=scope.instances.get(kind, {}))
            asked = asked.model_copy(update={"survey": self._call(names.SURVEY, look, Survey)})
        return self._call(names.MAKE_PLAN, asked, PlanBrief)

    def _steps(self, plan: PlanBrief, held: Held, request: AnyRequest) -> Iterator[StepTime]:
        for wave in plan.waves:
            calls = []
            for step in wave.steps:
                order = StepOrder(held=held, tenant=request.tenant, plan_id=plan.plan_id, step=step)
                _, call = self._timed(step.action.value, order, StepNote)
                calls.append(call)
                yield StepTime(action=call.name, vim_kind=step.vim_kind, seconds=call.seconds)
            self._waves.append(tuple(calls))

    def _call(self, name: str, argument: Model, result: type[T]) -> T:
        answer, call = self._timed(name, argument, result)
        self._waves.append((call,))
        return answer

    def _timed(self, name: str, argument: Model, result: type[T]) -> tuple[T, Call]:
        began = time.monotonic()
        answer = ActivityEnvironment().run(self._functions[name], argument)
        if asyncio.iscoroutine(answer):
            answer = asyncio.run(answer)
        assert isinstance(answer, result)
        return answer, Call(name=name, seconds=time.monotonic() - began)


if __name__ == "__main__":
    main()
