"""Re-optimisation: moves where they pay, all in an order in which old and new have room together."""

from dataclasses import replace

import pytest

from domain.infrastructure import Infrastructure
from domain.objectives import Objective, Weights
from domain.plans import GraphEndpoint, ServiceGraph
from placement.moves.batch import Wish, everywhere, placed_anew
from placement.moves.clock import Clock
from placement.moves.layout import Estate, Spot, more
from placement.moves.order import ordered, without_losses
from placement.moves.pace import arriving, fits
from placement.moves.reoptimise import Goal, Solution
from placement.moves.report import report
from placement.moves.shadow import shadowed
from tests.unit.placement_world import infra, instance, link, pop, service, wire
from tests.unit.reopt_world import estate, named, random_estate, running, single, solved, where_is


def pair(cheap: int = 8, dear: int = 8) -> Infrastructure:
    return infra({"cheap": pop(cheap, 1.0), "dear": pop(dear, 2.0)})


def test_what_is_dear_moves_to_where_it_is_cheap() -> None:
    where = pair()
    state = estate(where, [running(single("s"), where, {"a-1": "dear"})])
    solution = solved(state)
    assert where_is(solution, "s") == "cheap"
    told = report(state, solution, 1, 0.0)
    (move,) = told.moves
    assert (move.source, move.target, move.gain_per_hour) == ("dear", "cheap", 1.0)
    assert (move.costs_once, move.pays_after_h) == (1.0, 1.0)
    assert (told.cost_before, told.cost_after, told.gain_per_hour, told.gap) == (2.0, 1.0, 1.0, 0.0)


@pytest.mark.parametrize(("horizon", "moves"), [(0.5, 0), (2.0, 1)])
def test_a_move_is_made_only_where_it_pays_within_the_horizon(horizon: float, moves: int) -> None:
    where = pair()
    state = estate(where, [running(single("s"), where, {"a-1": "dear"})], horizon_h=horizon)
    assert len(solved(state).order.steps) == moves


def test_what_is_well_placed_stays() -> None:
    where = pair()
    state = estate(where, [running(single("s"), where, {"a-1": "cheap"})])
    solution = solved(state)
    assert (solution.order.steps, solution.left_out) == ([], {})


def test_one_makes_room_for_another_first() -> None:
    """The small one loses a little; the large one, for which it makes room, gains more."""
    where = infra({"cheap": pop(4, 1.0), "middle": pop(4, 1.5), "dear": pop(8, 5.0)})
    small = running(single("small", 1), where, {"a-1": "cheap"}, once=0.01)
    large = running(single("large", 4), where, {"a-1": "dear"}, once=0.01)
    solution = solved(estate(where, [large, small]))
    assert (where_is(solution, "small"), where_is(solution, "large")) == ("middle", "cheap")
    assert [step.service for step in solution.order.steps] == ["small", "large"]


def swap(third: int) -> Estate:
    """Each is where the other should be, and both PoPs are full."""
    where = infra(
        {
            "one": pop(4, 1.0, capabilities=["x"]),
            "two": pop(4, 1.0, capabilities=["x"]),
            **({"third": pop(third, 5.0)} if third else {}),
            "west": pop(0),
            "east": pop(0),
        },
        {"l1": wire("west", "one"), "l2": wire("east", "two"), "l3": wire("one", "two", price=1.0)}
        | ({"l4": wire("one", "third")} if third else {}),
    )

    def shop(name: str, at: str) -> ServiceGraph:
        return named(
            name,
            service(
                instance("a-1", 4, 64, 0),
                links=(link("e", "a-1", 10),),
                endpoints=(GraphEndpoint(name="e", pop=at),),
            ),
        )

    services = [
        running(shop("s", "west"), where, {"a-1": "two"}),
        running(shop("t", "east"), where, {"a-1": "one"}),
    ]
    return estate(where, services)


def test_a_swap_goes_by_way_of_a_third_pop() -> None:
    state = swap(third=4)
    solution = solved(state)
    assert (where_is(solution, "s"), where_is(solution, "t")) == ("one", "two")
    assert list(solution.order.detours.values()) == ["third"]
    assert len(solution.order.steps) == 3
    told = report(state, solution, 1, 0.0)
    assert sorted(move.via or "" for move in told.moves) == ["", "third"]
    assert told.costs_once == 3.0


def test_a_swap_for_which_there_is_no_room_is_left_out_and_told() -> None:
    solution = solved(swap(third=0))
    assert solution.order.steps == []
    assert all("no room" in why for why in solution.left_out.values()) and solution.left_out


def test_a_service_that_moves_stays_within_its_budget() -> None:
    """It would make room for another, but not for more than its budget."""
    where = infra({"cheap": pop(4, 1.0), "middle": pop(4, 1.5), "dear": pop(8, 5.0)})
    poor = single("small", 1).model_copy(update={"budget_per_hour": 1.2})
    services = [
        running(single("large", 4), where, {"a-1": "dear"}, once=0.01),
        running(poor, where, {"a-1": "cheap"}, once=0.01),
    ]
    solution = solved(estate(where, services))
    assert where_is(solution, "small") == "cheap"


def test_all_leave_an_evacuated_pop() -> None:
    where = pair(cheap=6, dear=8)
    services = [running(single(f"s{n}", 2), where, {"a-1": "cheap"}) for n in range(3)]
    solution = solved(estate(where, services), Goal(evacuate="cheap"))
    assert {where_is(solution, f"s{n}") for n in range(3)} == {"dear"}
    assert solution.left_out == {}


def test_others_move_where_an_evacuation_needs_their_room() -> None:
    where = infra({"a": pop(2, capabilities=["x"]), "b": pop(2, capabilities=["x"]), "c": pop(2)})
    bound = single("bound", 2, requires={"x"})
    services = [running(bound, where, {"a-1": "a"}), running(single("free", 2), where, {"a-1": "b"})]
    solution = solved(estate(where, services), Goal(evacuate="a"))
    assert (where_is(solution, "bound"), where_is(solution, "free")) == ("b", "c")


def test_who_cannot_leave_is_named() -> None:
    where = pair(cheap=4, dear=2)
    services = [
        running(single("s", 2), where, {"a-1": "cheap"}),
        running(single("t", 2), where, {"a-1": "cheap"}),
    ]
    solution = solved(estate(where, services), Goal(evacuate="cheap"))
    assert sorted(where_is(solution, each) for each in ("s", "t")) == ["cheap", "dear"]
    assert len(solution.left_out) == 1


def test_pops_are_emptied_wholly_or_not_at_all() -> None:
    where = infra({"a": pop(8), "b": pop(8), "c": pop(8)})
    services = [
        running(single("s", 2), where, {"a-1": "a"}),
        running(single("t", 3), where, {"a-1": "b"}),
        running(single("u", 4), where, {"a-1": "c"}),
    ]
    state = estate(where, services)
    told = report(state, solved(state, Goal(empty=frozenset("abc"))), 1, 0.0)
    assert told.emptied == ("a",)  # 2 + 3 + 4 do not fit into one, and of two that do the least used leaves
    assert told.block_after is not None and told.block_after.free.vcpus == 8
    assert told.block_before is not None and told.block_before.free.vcpus == 6


@pytest.mark.parametrize(("allowance", "emptied"), [(0.0, ()), (2.0, ("cheap",))])
def test_emptying_costs_no_more_than_is_allowed(allowance: float, emptied: tuple[str, ...]) -> None:
    where = pair()
    services = [
        running(single("s", 2), where, {"a-1": "cheap"}),
        running(single("t", 3, allowed_pops={"dear"}), where, {"a-1": "dear"}),
    ]
    state = estate(where, services)
    goal = Goal(empty=frozenset(where.pops), allowance_per_hour=allowance)
    assert report(state, solved(state, goal), 1, 0.0).emptied == emptied


def test_new_services_that_fit_move_nobody() -> None:
    where = pair()
    state = estate(where, [running(single("s"), where, {"a-1": "dear"})], [single("n", 8)])
    solution = solved(state)
    (new,) = report(state, solution, 1, 0.0).newcomers
    assert (solution.order.steps, new.fits_without_moves, new.placements) == ([], True, {"a-1": "cheap"})


def test_a_new_service_that_fits_only_with_moves() -> None:
    where = pair(cheap=4, dear=4)
    services = [running(single(name, 2), where, {"a-1": at}) for name, at in (("s", "cheap"), ("t", "dear"))]
    state = estate(where, services, [single("n", 4)])
    solution = solved(state)
    (new,) = report(state, solution, 1, 0.0).newcomers
    assert (len(solution.order.steps), new.fits_without_moves, len(new.placements)) == (1, False, 1)


def test_a_new_service_that_never_fits_moves_nobody_and_says_why() -> None:
    where = pair(cheap=4, dear=4)
    services = [running(single(name, 2), where, {"a-1": at}) for name, at in (("s", "cheap"), ("t", "dear"))]
    state = estate(where, services, [single("n", 5)])
    solution = solved(state)
    (new,) = report(state, solution, 1, 0.0).newcomers
    assert (solution.order.steps, new.placements) == ([], {})
    assert "5" in new.why_not


def with_others_under_way(state: Estate, solution: Solution, after: list[int]) -> None:
    """Whatever of those that do not wait for each other is between old and new, all have room."""
    layouts = [dict(state.start)]
    for step in solution.order.steps:
        layouts.append({**layouts[-1], step.service: step.after})
    for number, first in enumerate(after):
        assert first <= number
        under_way = solution.order.steps[first : number + 1]
        assert len({step.service for step in under_way}) == len(under_way) <= 4
        taken = more(state.used(layouts[first]), [arriving(state, step) for step in under_way])
        assert fits(taken, state.infrastructure)


def test_who_lost_for_another_that_did_not_come_goes_home() -> None:
    where = pair()
    services = [running(single("s"), where, {"a-1": "cheap"}), running(single("t"), where, {"a-1": "dear"})]
    state = estate(where, services)
    there = {name: Spot({"a-1": pop_}, ()) for name, pop_ in (("s", "dear"), ("t", "cheap"))}
    order = without_losses(state, ordered(state, state.start, there))
    assert [step.service for step in order.steps] == ["t"]


@pytest.mark.parametrize("seed", range(25))
def test_no_moment_is_oversubscribed_and_nothing_is_lost(seed: int) -> None:
    state = random_estate(seed)
    solution = solved(state)
    assert state.value(solution.layout) <= state.value(state.start) + 1e-6
    told = report(state, solution, 4, 0.0)
    assert told.gain_per_hour == pytest.approx(sum(move.gain_per_hour for move in told.moves), abs=1e-6)
    with_others_under_way(state, solution, [step.after for step in told.steps])


@pytest.mark.parametrize("objective", ["latency", "balance", Weights(cost=1, latency=0.2, balance=3)])
@pytest.mark.parametrize("seed", range(4))
def test_other_objectives_than_cost(seed: int, objective: Objective) -> None:
    state = replace(random_estate(seed), objective=objective)
    told = report(state, solved(state), 1, 0.0)
    assert told.gain_per_hour == pytest.approx(sum(move.gain_per_hour for move in told.moves), abs=1e-4)
    assert told.gain_per_hour >= -1e-6
    shadow = shadowed(state, state.start, Wish({}), Clock(3))
    best = placed_anew(state, state.start, everywhere(state, [*state.start]), 20.0)
    assert best is not None and shadow.bound <= best.after + 1e-6 * abs(best.after)


@pytest.mark.parametrize("seed", range(6))
def test_many_in_batches_never_end_worse(seed: int) -> None:
    state = random_estate(seed, services=14, pops=6)
    solution = solved(state, seconds=4.0)
    assert state.value(solution.layout) <= state.value(state.start) + 1e-6
    assert solution.excess is None or solution.excess >= 0


@pytest.mark.parametrize("seed", range(20))
def test_the_bound_is_never_above_the_best(seed: int) -> None:
    """Held against one exact placement of all together."""
    state = random_estate(seed)
    shadow = shadowed(state, state.start, Wish({}), Clock(3))
    best = placed_anew(state, state.start, everywhere(state, [*state.start]), 20.0)
    assert best is not None
    assert shadow.bound <= min(best.after, state.value(state.start)) + 1e-6


@pytest.mark.parametrize("seed", range(8))
def test_an_evacuation_leaves_nobody_it_does_not_name(seed: int) -> None:
    state = random_estate(seed)
    solution = solved(state, Goal(evacuate="p0"))
    there = {name for name, spot in solution.layout.items() if "p0" in spot.placements.values()}
    assert there <= solution.left_out.keys()
