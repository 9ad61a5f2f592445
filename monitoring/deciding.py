"""From what was seen of a service to what is to be done with it: one pure step, with a small memory.

decided = decide(service, state, snapshot)
... carry out one of decided.heals, decided.moves and decided.scalings, and tell `started` that it began ...
state = decided.state
"""

from datetime import UTC, datetime

from monitoring.decisions import Decided, Scale, Watched
from monitoring.freshness import fresh, heard
from monitoring.healing import Heal
from monitoring.looking import Looking
from monitoring.metrics import Snapshot
from monitoring.moving import Move
from monitoring.states import ComponentState, HealingState, MigrationState, State
from monitoring.windows import GAP_LOOKS


def decide(service: Watched, state: State, snapshot: Snapshot) -> Decided:
    """One look at a service: nothing is done by what is not known, and that is told."""
    now = snapshot.at.timestamp()
    if state.at is not None and now <= state.at:
        return Decided(state=state, notes=(f"no new look: the clock went back by {state.at - now:.0f} s",))
    health = heard({**snapshot.health, **service.health}, now, service.interval_s)
    step = Looking(
        service.model_copy(update={"health": health}),
        _continued(state, now, service.interval_s),
        fresh(snapshot, service.interval_s),
        now,
    )
    scalings = [found for name in service.limits if (found := step.scaling(name))]
    heals = step.healing()
    moves = step.moving()
    return Decided(
        state=step.state(),
        scalings=tuple(scalings),
        heals=tuple(heals),
        moves=tuple(moves),
        findings=tuple(step.findings),
        notes=(*snapshot.gaps, *step.notes),
    )


def started(state: State, what: Scale | Heal | Move, at: datetime) -> State:
    """What is remembered once an operation began: cooldowns and attempts count from then, however it ends."""
    now = at.astimezone(UTC).timestamp()
    match what:
        case Scale():
            before = state.components.get(what.component, ComponentState(instances=what.before))
            after = before.model_copy(update={"scaled_at": now})
            return state.model_copy(update={"components": {**state.components, what.component: after}})
        case Move():
            known = state.migrations.get(what.component, MigrationState())
            moved = known.model_copy(update={"moved_at": now})
            return state.model_copy(update={"migrations": {**state.migrations, what.component: moved}})
        case Heal():
            return _healed(state, what, now)


def _healed(state: State, heal: Heal, now: float) -> State:
    healing = state.healing.get(heal.component, HealingState())
    since = {name: when for name, when in healing.ill_since.items() if name != heal.instance}
    after = HealingState(ill_since=since, heals=(*healing.heals, (now, heal.instance)))
    ailments = {name: each for name, each in state.ailments.items() if name != heal.instance}
    return state.model_copy(
        update={"healing": {**state.healing, heal.component: after}, "ailments": ailments}
    )


def _continued(state: State, now: float, interval_s: float) -> State:
    """Without what must have lasted without a break, where nobody looked for a while."""
    if state.at is None or now - state.at <= GAP_LOOKS * interval_s:
        return state
    healing = {name: HealingState(heals=each.heals) for name, each in state.healing.items()}
    migrations = {name: MigrationState(moved_at=each.moved_at) for name, each in state.migrations.items()}
    return state.model_copy(
        update={"thresholds": {}, "figures": {}, "healing": healing, "migrations": migrations, "silent": {}}
    )
