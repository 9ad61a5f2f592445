"""On random services: the verdict is the placement's, conflicts are minimal, and each way out is one."""

import pytest

from domain.explanations import Relaxation
from tests.unit.explain_world import Case, answer, changed, is_minimal, random_answer, random_case

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_conflict_is_minimal_and_each_way_out_leads_out(seed: int) -> None:
    case = random_case(seed)
    found, plan = random_answer(seed), answer(case.world)
    assert found.feasible == (plan is not None)
    if plan is not None:
        assert found.cost_per_hour == pytest.approx(plan.cost_per_hour)
        return
    assert found.minimal and not found.cut_short
    for conflict in (found.conflict, *found.further):
        assert is_minimal(case.world, conflict)
    for way in found.relaxations:
        leads_out(case, way)


def leads_out(case: Case, way: Relaxation) -> None:
    """By the documents with its changes; and with one of them less it does not."""
    plan = answer(changed(case, way.changes).world)
    assert plan is not None, way.text
    assert plan.cost_per_hour == pytest.approx(way.cost_per_hour, abs=1e-3), way.text
    for one in way.changes if len(way.changes) > 1 else ():
        rest = tuple(change for change in way.changes if change != one)
        assert answer(changed(case, rest).world) is None, way.text


def test_the_random_services_try_much() -> None:
    """So that the tests above are worth something."""
    found = [random_answer(seed) for seed in SEEDS]
    unfit = [each for each in found if not each.feasible]
    assert 10 < len(unfit) < len(found) - 8
    kinds = {requirement.kind for each in unfit for requirement in each.conflict}
    assert len(kinds) >= 8
    assert any(each.further for each in unfit)
    assert any(len(way.changes) > 1 for each in unfit for way in each.relaxations)
    assert all(each.relaxations for each in unfit)


@pytest.mark.parametrize("seed", range(12))
def test_ways_out_are_least(seed: int) -> None:
    """A tenth less of a latency, a vcpu more for a component: neither is enough."""
    case = random_case(seed)
    for way in random_answer(seed).relaxations:
        tighter = [change for change in way.changes if change.where.endswith((".latency", ".vcpus"))]
        if len(way.changes) == 1 and tighter and way.changes[0].document == "service":
            change = tighter[0]
            number = float(change.after.removesuffix(" ms"))
            after = f"{number * 0.9:g} ms" if change.where.endswith(".latency") else f"{number + 1:g}"
            other = change.model_copy(update={"after": after})
            assert answer(changed(case, (other,)).world) is None, way.text
