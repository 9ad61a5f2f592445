"""A plan's steps, done one after the other, make the new deployment of the old; nothing lacks on the way."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from domain.operation_plans import NetworkStage, Step, StepAction
from domain.phases import ResourceKind
from tests.unit.lifecycle_changes import Change, changes
from tests.unit.lifecycle_shops import steps_of
from tests.unit.lifecycle_world import World

ANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
)


def in_some_order(change: Change, data: st.DataObject) -> list[Step]:
    """Wave by wave; within a wave in any order."""
    return [step for wave in change.plan.waves for step in data.draw(st.permutations(wave.steps))]


@ANY
@given(changes(), st.data())
def test_the_steps_make_the_new_deployment(change: Change, data: st.DataObject) -> None:
    world = change.world()
    for step in in_some_order(change, data):
        world.do(step)
    goal = change.goal()
    assert world.facts() == goal.facts()
    assert world.links >= goal.links


@ANY
@given(changes())
def test_steps_are_told_apart(change: Change) -> None:
    steps = steps_of(change.plan)
    for names in ([step.id for step in steps], [step.title for step in steps]):
        assert len(set(names)) == len(names)
    assert all(wave.steps for wave in change.plan.waves)
    assert all(step.expected_s > 0 for step in steps)


@ANY
@given(changes(), st.data())
def test_what_serves_is_never_missed(change: Change, data: st.DataObject) -> None:
    """Each instance that was well and need not end first is there all the time, the old or the new."""
    world, given_up = change.world(), set(change.plan.given_up)
    names = [
        each.name
        for each in change.before.instances
        if each.resource not in given_up and change.after.instance(each.name)
    ]
    for step in in_some_order(change, data):
        world.do(step)
        there = {name for name, _ in world.instances}
        for name in names:
            assert {change.before.resources[name], change.after.resources[name]} & there


@ANY
@given(changes(), st.data())
def test_nothing_is_deleted_that_is_still_in_use(change: Change, data: st.DataObject) -> None:
    """No switch that answers steers to it, and nobody that stays has its address in his config."""
    world, given_up = change.world(), set(change.plan.given_up)
    for step in in_some_order(change, data):
        if step.action is StepAction.DELETE and step.limit_s is None and step.resource not in given_up:
            _check_unused(change, world, step)
        world.do(step)


def _check_unused(change: Change, world: World, step: Step) -> None:
    if step.kind is ResourceKind.NETWORK:
        assert step.pop not in set(change.after.vim_kinds) or change.after.network is None
        return
    kept = set(change.plan.rounds[step.round - 1].resources.values())
    for pop, (networks, _) in world.switches.items():
        if pop in change.after.vim_kinds and pop not in change.aim.unreachable:
            assert not any(step.resource == name for network in networks for _, name in network)
    address = _address(change, step.resource or "")
    if address not in {_address(change, name) for name in kept}:
        for (name, _), config in world.instances.items():
            assert name not in kept or address not in ",".join(config.values()).split(",")


def _address(change: Change, resource: str) -> str:
    known = {each.resource: each for each in (*change.before.instances, *change.after.instances)}
    return next(iter(known[resource].addresses.values()), resource)


@ANY
@given(changes(), st.data())
def test_what_must_end_first_never_runs_twice(change: Change, data: st.DataObject) -> None:
    world = change.world()
    pairs = [
        {each.resource, change.after.resources[each.name]}
        for each in change.before.instances
        if each.resource in change.plan.given_up
    ]
    for step in in_some_order(change, data):
        world.do(step)
        there = {name for name, _ in world.instances}
        assert not any(pair <= there for pair in pairs)


@ANY
@given(changes(), st.data())
def test_no_pop_ever_holds_more_than_its_peak(change: Change, data: st.DataObject) -> None:
    world = change.world()
    peaks = {each.pop: each.peak for each in change.plan.pops}
    for each in change.plan.pops:
        assert world.held(each.pop) == each.before
    for step in in_some_order(change, data):
        world.do(step)
        assert all(world.held(pop).fits_in(peak) for pop, peak in peaks.items())
    for each in change.plan.pops:
        assert world.held(each.pop) == each.after


@ANY
@given(changes())
def test_lost_pops_are_not_waited_for(change: Change) -> None:
    """They are spoken to last, of deletions that may fail."""
    lost = change.aim.unreachable
    spoken = [step.pop in lost or step.source_pop in lost for step in steps_of(change.plan)]
    assert spoken == sorted(spoken)
    for step in steps_of(change.plan):
        if step.pop in lost:
            assert step.action is StepAction.DELETE
            assert step.skippable
            assert step.limit_s


@ANY
@given(changes())
def test_no_state_is_asked_of_the_ill_and_the_lost(change: Change) -> None:
    ill = change.ailments
    for step in steps_of(change.plan):
        if step.action is StepAction.TRANSFER:
            assert step.source not in ill | set(change.plan.given_up)
        if step.action is StepAction.DRAIN:
            assert step.resource not in ill


@ANY
@given(changes())
def test_the_former_ways_are_there_until_the_new_are(change: Change) -> None:
    """In each round every switch is extended before any is turned, and turned before any settles."""
    order = [NetworkStage.EXTEND, NetworkStage.SWITCH, NetworkStage.SETTLE]
    for number in range(1, len(change.plan.rounds) + 1):
        stages = [step.stage for step in steps_of(change.plan) if step.stage and step.round == number]
        assert stages == sorted(stages, key=order.index)
