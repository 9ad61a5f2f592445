"""Migrate: instances to other PoPs, or to other hosts of theirs."""

from collections.abc import Collection

from domain.deployments import Deployment
from domain.errors import InfeasibleError, InputError, UnknownError
from domain.infrastructure import Infrastructure
from domain.lifecycle import MigrateRequest
from domain.plans import GraphInstance
from domain.spelling import hint
from planning.aims import Aim, listed, of_component
from planning.hosted import refuse_unhosted
from planning.suitability import objections


def migrate(request: MigrateRequest, before: Deployment, infrastructure: Infrastructure) -> Aim:
    """What a Migrate changes.

    :raises InputError: what is named is unknown, is there already, has nothing to move, or must not be there
    :raises InfeasibleError: there is no other PoP where what is to leave may be
    """
    if request.evacuate is not None:
        return _evacuated(request.evacuate, before, infrastructure)
    if request.leave:
        return _left(request.leave, before, infrastructure)
    if request.rehost:
        return _rehosted(request, before)
    if request.optimise:
        return Aim(adjustments=before.adjustments, move_cost=request.move_cost_per_hour)
    return _moved(request.moves, before, infrastructure)


def _evacuated(pop: str, before: Deployment, infrastructure: Infrastructure) -> Aim:
    _check_pop(pop, infrastructure)
    leaving = frozenset(name for name, at in before.plan.placements.items() if at == pop)
    staying = sorted(name for name, at in before.plan.endpoints.items() if at == pop)
    if not leaving:
        more = f" but the endpoint {listed(staying)}, and endpoints are not moved" if staying else ""
        raise InputError(f"{before.service} has nothing on {pop}{more}")
    return Aim(
        adjustments=before.adjustments,
        freed=leaving,
        closed=frozenset({pop}),
        notes=tuple(f"endpoint {name} stays on {pop}: there the service meets its users" for name in staying),
    )


def _left(components: Collection[str], before: Deployment, infrastructure: Infrastructure) -> Aim:
    """Each instance goes where none of its component is now, so that no two of them change places."""
    where, excluded = before.plan.placements, {}
    for component in components:
        names = _instances(component, before)
        here = frozenset(where[name] for name in names)
        excluded.update(dict.fromkeys(names, here))
    _check_company(excluded.keys(), before)
    for part in before.graph.instances:
        if part.name in excluded:
            _check_other(part, excluded[part.name], infrastructure)
    return Aim(adjustments=before.adjustments, freed=frozenset(excluded), excluded=excluded)


def _instances(component: str, before: Deployment) -> tuple[str, ...]:
    parts = {each.name: each.component for each in before.graph.instances}
    if component in parts and component not in parts.values():
        own = parts[component]
        raise InputError(f"{component} is an instance: name its component, {own}, or say where it is to go")
    return _parts(component, before)


def _check_company(leaving: Collection[str], before: Deployment) -> None:
    """What must share a PoP leaves it together."""
    for group in before.graph.affinity:
        names = sorted(set(group) & set(leaving))
        staying = sorted(set(group) - set(leaving))
        if names and staying:
            raise InputError(f"{names[0]} must share a PoP with {listed(staying)}: let them leave as well")


def _check_other(part: GraphInstance, here: frozenset[str], infrastructure: Infrastructure) -> None:
    others = sorted(infrastructure.pops.keys() - here)
    against = {pop: objections(part, pop, infrastructure) for pop in others}
    if all(against.values()):
        why = "; ".join(f"not on {pop}: {', '.join(reasons)}" for pop, reasons in against.items())
        raise InfeasibleError(
            f"{part.name} cannot leave {listed(sorted(here))}: {why or 'there is no other PoP'}"
        )


def _moved(moves: dict[str, str], before: Deployment, infrastructure: Infrastructure) -> Aim:
    for pop in moves.values():
        _check_pop(pop, infrastructure)
    moved = _by_instance(moves, before)
    where = before.plan.placements
    if all(where[name] == pop for name, pop in moved.items()):
        raise InputError("; ".join(f"{name} is on {pop} already" for name, pop in moves.items()))
    parts = {each.name: each for each in before.graph.instances}
    for name, pop in moved.items():
        if against := objections(parts[name], pop, infrastructure):
            raise InputError(f"{name} cannot be on {pop}: {'; '.join(against)}")
    _check_groups({**where, **moved}, moved, before)
    return Aim(adjustments=before.adjustments, moved=moved)


def _check_pop(pop: str, infrastructure: Infrastructure) -> None:
    if pop not in infrastructure.pops:
        raise UnknownError(f"there is no PoP {pop!r}; {hint(pop, infrastructure.pops)}")


def _by_instance(moves: dict[str, str], before: Deployment) -> dict[str, str]:
    """Instance -> PoP; what is said of an instance goes before what is said of its component."""
    components: dict[str, str] = {}
    instances: dict[str, str] = {}
    for name, pop in moves.items():
        if name in before.plan.placements:
            instances[name] = pop
        else:
            components.update(dict.fromkeys(_parts(name, before), pop))
    return {**components, **instances}


def _parts(name: str, before: Deployment) -> tuple[str, ...]:
    """An instance, or all of a component."""
    parts = tuple(each.name for each in of_component(before.instances, name))
    if not parts and name not in before.plan.placements:
        raise _unknown(name, before)
    return parts or (name,)


def _rehosted(request: MigrateRequest, before: Deployment) -> Aim:
    names = tuple(dict.fromkeys(part for name in request.rehost for part in _parts(name, before)))
    refuse_unhosted(
        [each for each in before.instances if each.name in names],
        before,
        "moved to another host",
        f"`interlace migrate {before.service} {names[0]}=POP` moves to another PoP",
    )
    return Aim(
        adjustments=before.adjustments,
        moved=before.plan.placements,
        rehosted=names,
        live=not request.cold,
    )


def _unknown(name: str, before: Deployment) -> InputError:
    if name in before.plan.endpoints:
        return InputError(f"{name} is an endpoint: its descriptor says where it is, in a new version say")
    known = {each.component for each in before.graph.instances} | before.plan.placements.keys()
    return UnknownError(f"{before.service} has no component or instance {name!r}; {hint(name, known)}")


def _check_groups(where: dict[str, str], moved: dict[str, str], before: Deployment) -> None:
    """What stays must be able to stay beside what moves."""
    for group in before.graph.affinity:
        for name in moved.keys() & set(group):
            apart = [other for other in group if where[other] != where[name]]
            if apart:
                raise InputError(
                    f"{name} must share a PoP with {listed(apart)}: move them to {where[name]} as well"
                )
    for group in before.graph.anti_affinity:
        for name in sorted(moved.keys() & set(group)):
            beside = [other for other in group if other != name and where[other] == where[name]]
            if beside:
                raise InputError(
                    f"{name} must not share a PoP with {listed(beside)}: both would be on {where[name]}"
                )
