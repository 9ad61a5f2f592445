"""Heal: instances that are ill, or whose PoP is lost, are built anew."""

from domain.deployments import Deployment, PlacedInstance
from domain.errors import InfeasibleError, InputError, UnknownError
from domain.infrastructure import Infrastructure
from domain.lifecycle import HealRequest
from domain.spelling import hint
from domain.steering import Survey
from planning.aims import Aim, listed


def heal(request: HealRequest, before: Deployment, survey: Survey, infrastructure: Infrastructure) -> Aim:
    """What a Heal changes.

    :raises InputError: nothing is ill, what is named is healthy or unknown, or its PoP does not answer
    :raises InfeasibleError: an endpoint is at a lost PoP
    """
    _check_lost(request.lost_pops, before, infrastructure)
    asked = _asked(request, before)
    _check_silent(asked, request, survey)
    ill = {each.name: survey.ailments[each.resource] for each in asked if each.resource in survey.ailments}
    gone = {each.name for each in before.instances if each.pop in request.lost_pops}
    healthy = [each.name for each in asked if each.name not in ill and each.name not in gone]
    _check_worth(request, before, healthy, bool(ill or gone))
    anew = {*ill, *gone, *(healthy if request.instances else ())}
    return Aim(
        adjustments=before.adjustments,
        lost=request.lost_pops,
        closed=frozenset(survey.silent),
        anew=frozenset(anew),
        ailing=frozenset(ill.keys() - gone),
        freed=_freed(anew, before) if request.elsewhere or request.replace else frozenset(),
        excluded=_elsewhere(anew, before) if request.elsewhere else {},
        notes=tuple(_notes(ill, request, before)),
    )


def _check_lost(lost: frozenset[str], before: Deployment, infrastructure: Infrastructure) -> None:
    used = {*before.plan.placements.values(), *before.plan.endpoints.values()}
    used.update(pop for route in before.plan.routes for pop in route.pops)
    for pop in sorted(lost):
        if pop not in infrastructure.pops:
            raise UnknownError(f"there is no PoP {pop!r}; {hint(pop, infrastructure.pops)}")
        if pop not in used:
            raise InputError(f"{before.service} has nothing on {pop}; it uses {listed(sorted(used))}")
    for name, pop in before.plan.endpoints.items():
        if pop in lost:
            raise InfeasibleError(
                f"endpoint {name} is on {pop}, which is lost: the service meets its users there,"
                " and only an update to a version with the endpoint elsewhere can change that"
            )


def _asked(request: HealRequest, before: Deployment) -> tuple[PlacedInstance, ...]:
    """The instances that are to be healed, if they need it."""
    for name in request.instances:
        if before.instance(name) is None:
            raise _unknown(name, before)
    return tuple(each for each in before.instances if not request.instances or each.name in request.instances)


def _unknown(name: str, before: Deployment) -> InputError:
    parts = [each.name for each in before.instances if each.component == name]
    if parts:
        return InputError(f"{name} is a component: name its instances, {listed(parts)}")
    known = [each.name for each in before.instances]
    return UnknownError(f"{before.service} has no instance {name!r}; {hint(name, known)}")


def _check_silent(asked: tuple[PlacedInstance, ...], request: HealRequest, survey: Survey) -> None:
    for pop, words in sorted(survey.silent.items()):
        here = [each.name for each in asked if each.pop == pop]
        if here and pop not in request.lost_pops:
            raise InputError(
                f"{pop} does not answer, so nobody can tell how {listed(here)} {_are(here)}: {words};"
                f" wait until it does, or say that it is lost (--lost {pop})"
            )


def _check_worth(request: HealRequest, before: Deployment, healthy: list[str], some_ill: bool) -> None:
    if request.instances and healthy and not request.force:
        raise InputError(f"{listed(healthy)} {_are(healthy)} healthy; --force builds anew what is")
    if not some_ill and not request.instances and not request.lost_pops:
        raise InputError(f"nothing to heal: all {len(before.instances)} instances are healthy")


def _freed(anew: set[str], before: Deployment) -> frozenset[str]:
    return frozenset(anew & before.plan.placements.keys())


def _elsewhere(anew: set[str], before: Deployment) -> dict[str, frozenset[str]]:
    where = before.plan.placements
    return {name: frozenset({where[name]}) for name in anew & where.keys()}


def _notes(ill: dict[str, str], request: HealRequest, before: Deployment) -> list[str]:
    staying = [name for name in ill if name in before.plan.endpoints] if request.elsewhere else []
    return [
        *(f"{name}: {' '.join(words.split())}" for name, words in ill.items()),
        *(
            f"endpoint {name} stays on {before.plan.endpoints[name]}: endpoints are not moved"
            for name in staying
        ),
    ]


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
