"""From wherever an operation stops, the way back leads to what is committed."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.networking import ServiceNetwork
from domain.operation_plans import OperationPlan, Wave
from planning.network_steps import network_pops
from planning.undoing import undo_waves
from tests.unit.lifecycle_changes import Change, changes
from tests.unit.lifecycle_world import World

ANY = settings(
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
PARTS = st.sampled_from(["ledger", "world", "all"])


Begun = frozenset[str] | None


def way_back(
    change: Change, world: World, plan: OperationPlan | None, begun: Begun = None
) -> tuple[Wave, ...]:
    pops = network_pops(change.before)
    network = ServiceNetwork(name="n", service="shop", pops={}, segments=()) if pops else None
    dead = () if plan else (change.plan,)
    return undo_waves("shop", change.before, network, world.rows, plan, {}, change.old, begun, dead)


def stop_somewhere(data: st.DataObject, world: World, plan: OperationPlan) -> Begun:
    """Some waves are done; of the next some steps are, others half, others not. Which began, where known."""
    done = data.draw(st.integers(0, len(plan.waves)))
    begun = {step.id for wave in plan.waves[:done] for step in wave.steps}
    for wave in plan.waves[:done]:
        for step in wave.steps:
            world.do(step)
    for wave in plan.waves[done : done + 1]:
        for step in wave.steps:
            # Of a deletion that was cut on a lost PoP nobody knows; looking there would hold up the undo.
            part = data.draw(st.one_of(st.none(), PARTS if step.limit_s is None else st.just("all")))
            if part:
                world.do(step, part)
            if part or data.draw(st.booleans()):
                begun.add(step.id)
    return frozenset(begun) if data.draw(st.booleans()) else None


@ANY
@given(changes(), st.data())
def test_from_any_point_of_an_operation_all_comes_back(change: Change, data: st.DataObject) -> None:
    world = change.world()
    begun = stop_somewhere(data, world, change.plan)
    plan = change.plan if data.draw(st.booleans()) else None
    for wave in way_back(change, world, plan, begun if plan else None):
        for step in wave.steps:
            world.undo(step)
    assert world.facts() == change.world().facts()


@ANY
@given(changes(), st.data())
def test_an_undo_that_was_cut_is_taken_up_again(change: Change, data: st.DataObject) -> None:
    world = change.world()
    begun = stop_somewhere(data, world, change.plan)
    steps = [step for wave in way_back(change, world, change.plan, begun) for step in wave.steps]
    cut = data.draw(st.integers(0, len(steps)))
    for step in steps[:cut]:
        world.undo(step)
    for step in steps[cut : cut + 1]:
        world.undo(step, data.draw(PARTS))
    for wave in way_back(change, world, change.plan, begun):
        for step in wave.steps:
            world.undo(step)
    assert world.facts() == change.world().facts()
