"""Services that run, as a re-optimisation takes them: what may move, and what that costs once."""

from collections.abc import Collection, Iterator

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.infrastructure import Infrastructure
from domain.lifecycle import MigrateRequest
from domain.names import OperationKind
from domain.plans import GraphInstance
from domain.reoptimisation import MoveCost, MovePrices, RunningService
from domain.steering import PlanOrder, Survey
from planning.changes import changes
from planning.deployed import deployed
from planning.estimates import Expected
from planning.interruptions import interruptions
from planning.rounds import rounds
from planning.suitability import objections
from planning.target import Target
from planning.targets import target
from planning.transition import Transition
from planning.turns import turns
from planning.waves import all_waves

_MIB_IN_GIB = 1024
_PLAN = "plan-estimate"


def running_service(
    before: Deployment,
    descriptor: Descriptor,
    infrastructure: Infrastructure,
    among: Collection[str],
    prices: MovePrices,
    survey: Survey,
    expected: Expected,
) -> RunningService:
    """A service that runs.

    :param descriptor: its version, as onboarded
    :param among: PoPs whose instances may move
    :raises InputError: its descriptor does not fit to it any more
    """
    aim = _aim(before, descriptor, infrastructure, survey)
    return RunningService(
        tenant=before.tenant,
        graph=aim.asked,
        placements=before.plan.placements,
        routes=before.plan.routes,
        moves=dict(_moves(aim, before, infrastructure, among, prices, survey, expected)),
    )


def _aim(
    before: Deployment, descriptor: Descriptor, infrastructure: Infrastructure, survey: Survey
) -> Target:
    """As a Migrate that may move everything understands it."""
    request = MigrateRequest(service=before.service, tenant=before.tenant, optimise=True)
    wanted = request.model_dump(mode="json")
    order = PlanOrder(plan_id=_PLAN, kind=OperationKind.MIGRATE, request=wanted, survey=survey)
    return target(order, request, before, descriptor, infrastructure, present=descriptor)


def _moves(
    aim: Target,
    before: Deployment,
    infrastructure: Infrastructure,
    among: Collection[str],
    prices: MovePrices,
    survey: Survey,
    expected: Expected,
) -> Iterator[tuple[str, MoveCost]]:
    parts = {part.name: part for part in aim.asked.instances}
    for placed in before.instances:
        if placed.endpoint or placed.pop not in among:
            continue
        elsewhere = _another(parts[placed.name], placed.pop, infrastructure)
        if elsewhere is not None:
            seconds = _interruption_s(aim, before, placed.name, elsewhere, infrastructure, survey, expected)
            yield placed.name, _cost(placed, seconds, prices)


def _another(part: GraphInstance, stand: str, infrastructure: Infrastructure) -> str | None:
    """A PoP where it might be but is not; where it stands comes first of the same kind of VIM."""
    pops = infrastructure.pops
    found = [name for name in pops if name != stand and not objections(part, name, infrastructure)]
    alike = [name for name in found if stand in pops and pops[name].vim.kind == pops[stand].vim.kind]
    return next(iter([*alike, *found]), None)


def _interruption_s(
    aim: Target,
    before: Deployment,
    name: str,
    pop: str,
    infrastructure: Infrastructure,
    survey: Survey,
    expected: Expected,
) -> float:
    """Of all components, where this one instance moves: as the plan of its Migrate would say."""
    plan = before.plan.model_copy(update={"placements": {**before.plan.placements, name: pop}})
    kinds = {each: at.vim.kind for each, at in infrastructure.pops.items()}
    after = deployed(aim, plan, before, _PLAN, before.vim_kinds | kinds)
    transition = Transition(aim, before, after, survey, expected)
    passes = turns(transition, rounds(transition, changes(before, after, aim)))
    found = interruptions(transition, passes, all_waves(transition, passes))
    return sum(each.seconds for each in found)


def _cost(placed: PlacedInstance, seconds: float, prices: MovePrices) -> MoveCost:
    gib = placed.resources.memory / _MIB_IN_GIB + placed.resources.disk
    return MoveCost(
        interrupted_s=round(seconds, 3),
        transferred_gib=round(gib, 3),
        once=seconds * prices.per_interrupted_s + gib * prices.per_gib,
    )
