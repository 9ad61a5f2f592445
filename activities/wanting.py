"""From a decision to the operation that does it: the same requests that people make."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import TypeAdapter

from domain.lifecycle import HealRequest, MigrateRequest, ScaleRequest
from domain.names import OperationKind
from domain.watching import Wanted
from monitoring.deciding import started
from monitoring.decisions import Decided, Scale
from monitoring.healing import Heal
from monitoring.moving import Move
from monitoring.states import State

_Act = Scale | Heal | Move
_ACTS: TypeAdapter[_Act] = TypeAdapter(_Act)


def wanted(
    service: str, tenant: str, decided: Decided, at: datetime, pops: Mapping[str, Sequence[str]]
) -> Wanted | None:
    """The one operation that comes first: the dead, what is at a bad place, numbers (more before fewer).

    :param pops: component -> where it is
    """
    if decided.heals:
        return _healing(service, tenant, decided.heals, at)
    if decided.moves:
        return _moving(service, tenant, decided.moves[0], at, pops)
    ordered = sorted(decided.scalings, key=lambda each: each.before / each.after)
    return _scaling(service, tenant, ordered[0], at) if ordered else None


def remembered(state: State, acts: Sequence[str], at: datetime) -> State:
    """A state that knows what has begun.

    :param acts: `Wanted.acts`
    """
    for act in acts:
        state = started(state, _ACTS.validate_json(act), at)
    return state


def _healing(service: str, tenant: str, heals: Sequence[Heal], at: datetime) -> Wanted:
    """All instances that are healed the same way, in one operation."""
    first = heals[0]
    alike = [e for e in heals if (e.action, e.elsewhere) == (first.action, first.elsewhere)]
    names = tuple(each.instance for each in alike)
    how = " at another PoP" if first.elsewhere else ""
    return Wanted(
        policy=f"{first.component}-healing",
        component=first.component,
        what=f"{', '.join(names)} built anew{how}",
        reason="; ".join(f"{each.instance} {each.reason}" for each in alike),
        decided_at=at,
        request=HealRequest(
            service=service,
            tenant=tenant,
            instances=names,
            elsewhere=first.elsewhere,
            replace=first.action == "replace",
        ),
        kind=OperationKind.HEAL,
        acts=_told(alike),
    )


def _moving(service: str, tenant: str, move: Move, at: datetime, pops: Mapping[str, Sequence[str]]) -> Wanted:
    return Wanted(
        policy=move.policy,
        component=move.component,
        what=f"{move.component} leaves {', '.join(pops.get(move.component, ()))}",
        reason=move.reason,
        decided_at=at,
        request=MigrateRequest(service=service, tenant=tenant, leave=(move.component,)),
        kind=OperationKind.MIGRATE,
        acts=_told([move]),
    )


def _scaling(service: str, tenant: str, scale: Scale, at: datetime) -> Wanted:
    return Wanted(
        policy=scale.policy,
        component=scale.component,
        what=f"{scale.component}: {scale.before} to {scale.after} instances",
        reason=scale.reason,
        decided_at=at,
        request=ScaleRequest(
            service=service, tenant=tenant, component=scale.component, instances=scale.after
        ),
        kind=OperationKind.SCALE,
        acts=_told([scale]),
    )


def _told(acts: Sequence[_Act]) -> tuple[str, ...]:
    return tuple(each.model_dump_json() for each in acts)
