"""The placement benchmark: its instances, its greedy placements, the peers' models, its figures."""

import math
from pathlib import Path
from typing import Any

import pytest

from bench.placement import campaign, comparing, contenders, greedy, online, pla, tenor
from bench.placement.cases import Case, Task, cases, task
from bench.placement.contenders import CBC, HIGHS, NEAREST, OURS
from bench.placement.outcomes import Outcome, Verdict
from bench.placement.report import report
from bench.placement.worlds import TOPOLOGIES, priced
from domain.errors import InfeasibleError
from placement.check import violations
from placement.topology import Usage
from tests.unit.placement_world import infra, instance, link, pop, service, wire

GEANT = cases((22,), (3, 6), (1, 2))


def given(graph: Any, where: Any) -> Task:
    return Task(graph, where, Usage())


def outcome(case: Case, who: str, wall_s: float = 1.0, cost: float | None = 1.0, **more: Any) -> Outcome:
    verdict = more.pop("verdict", Verdict.OPTIMAL if cost is not None else Verdict.INFEASIBLE)
    return Outcome(
        case=case, contender=who, verdict=verdict, limit_s=30, wall_s=wall_s, cost_per_hour=cost, **more
    )


# --- instances -------------------------------------------------------------------------------------


def test_instances_are_the_same_each_time_and_differ_by_seed() -> None:
    assert cases((22,), (3,), (1,)) == cases((22,), (3,), (1,))
    for case in GEANT[:6]:
        assert task(case) == task(case)
        other = task(case.model_copy(update={"seed": 99}))
        assert other.graph != task(case).graph and other.infrastructure != task(case).infrastructure


def test_all_combinations_are_there_once() -> None:
    names = [case.name for case in cases((22, 50), (3, 6), (1, 2))]
    assert len(names) == len(set(names)) == 2 * 2 * 3 * 2 * 2


@pytest.mark.parametrize("size", [22, 50, 100, 200, 778])
def test_topologies_have_about_so_many_pops(size: int) -> None:
    for name in TOPOLOGIES[size]:
        assert abs(len(priced(name, 1).pops) / size - 1) < 0.15


@pytest.mark.parametrize("components", [3, 6, 10, 20])
def test_services_have_so_many_instances(components: int) -> None:
    for case in cases((22,), (components,), (3,)):
        graph = task(case).graph
        ends = {part.name for part in graph.instances} | {end.name for end in graph.endpoints}
        assert len(graph.instances) == components
        assert {end for each in graph.links for end in each.ends} == ends
        assert len({each.ends for each in graph.links}) == len(graph.links)


# --- greedy placements -----------------------------------------------------------------------------


@pytest.mark.parametrize("place", [greedy.nearest_fit, greedy.best_fit])
def test_what_a_greedy_one_places_keeps_all_rules(place: Any) -> None:
    placed = 0
    for case in [*GEANT, *cases((50,), (6,), (3,))]:
        now = task(case)
        try:
            plan = place(now)
        except InfeasibleError:
            continue
        placed += 1
        assert violations(plan, now.graph, now.infrastructure, now.usage) == []
    assert placed >= 3


def test_nearest_fit_takes_the_nearest_and_best_fit_the_fullest() -> None:
    where = infra(
        {"near": pop(8), "far": pop(2, 0.1), "end": pop(1)},
        {"a": wire("end", "near", ms=1), "b": wire("near", "far", ms=9)},
    )
    graph = service(instance("a-1", 2), endpoints=({"name": "e", "pop": "end"},), links=(link("e", "a-1"),))
    assert greedy.nearest_fit(given(graph, where)).placements == {"a-1": "near"}
    assert greedy.best_fit(given(graph, where)).placements == {"a-1": "far"}


def test_a_greedy_one_takes_no_step_back() -> None:
    """The near PoP has room for one: the first takes it, and the second may be nowhere else."""
    where = infra({"near": pop(1), "far": pop(8)}, {"w": wire("near", "far")})
    parts = instance("a-1"), instance("b-1", allowed_pops={"near"})
    graph = service(
        *parts,
        endpoints=({"name": "e", "pop": "near"},),
        links=(link("e", "a-1"), link("a-1", "b-1")),
    )
    with pytest.raises(InfeasibleError):
        greedy.nearest_fit(given(graph, where))


def test_a_greedy_one_goes_round_a_full_link() -> None:
    where = infra(
        {"p": pop(0), "q": pop(8), "r": pop(0)},
        {"narrow": wire("p", "q", 5), "one": wire("p", "r", price=1), "two": wire("r", "q", price=1)},
    )
    graph = service(instance("a-1"), endpoints=({"name": "e", "pop": "p"},), links=(link("e", "a-1", 10),))
    assert greedy.nearest_fit(given(graph, where)).routes[0].physical_links == ("one", "two")


# --- the peers' models -----------------------------------------------------------------------------

CHOICE = infra(
    {"here": pop(4, 3.0), "cheap": pop(2, 1.0)}, {"w": wire("here", "cheap", 100, ms=5, price=0.001)}
)


def choosing(vcpus: int, **more: Any) -> Task:
    ends = ({"name": "e", "pop": "here"},)
    return given(service(instance("a-1", vcpus), endpoints=ends, links=(link("e", "a-1", **more),)), CHOICE)


@pytest.mark.skipif(not tenor.installed(), reason="no glpsol")
def test_the_model_of_tenor_has_capacities_and_delays() -> None:
    assert tenor.place(choosing(1), 10).placements == {"a-1": "cheap"}
    assert tenor.place(choosing(3), 10).placements == {"a-1": "here"}
    assert tenor.place(choosing(1, ms=4), 10).placements == {"a-1": "here"}
    with pytest.raises(InfeasibleError):
        tenor.place(choosing(9), 10)


@pytest.mark.skipif(not pla.installed(), reason="no minizinc")
def test_the_model_of_pla_has_delays_and_no_capacities() -> None:
    found = []
    for now in (choosing(1), choosing(3), choosing(1, ms=4)):
        module = pla.Pla()
        module.prepare(now)
        plan = module.place(now, 10)
        found.append((plan.placements["a-1"], len(violations(plan, now.graph, CHOICE, Usage()))))
    assert found == [("cheap", 0), ("cheap", 1), ("here", 0)]


# --- figures ---------------------------------------------------------------------------------------


def test_ratios_agreements_and_misses() -> None:
    one, two, three = GEANT[:3]
    outcomes = [
        *(outcome(one, who, wall) for who, wall in ((OURS, 1), (HIGHS, 8))),
        *(outcome(two, who, wall, cost) for who, wall, cost in ((OURS, 2, 1.5), (HIGHS, 4, 1.0))),
        outcome(three, OURS, 1.0),
        outcome(three, HIGHS, 30.0, None, verdict=Verdict.LATE),
        outcome(one, NEAREST, 0.1, 1.5),
        outcome(two, NEAREST, 0.1, 1.5, violations=("wrong",)),
        outcome(three, NEAREST, 0.1, None),
        outcome(three, CBC, 0.0, None, verdict=Verdict.SKIPPED),
    ]
    ratios = comparing.speedups(comparing.pairs(outcomes, HIGHS))
    assert ratios == [8, 2, 30] and comparing.mean(ratios) == pytest.approx(math.pow(480, 1 / 3))
    assert [pair[0].case.name for pair in comparing.finished(outcomes)] == [one.name, two.name]
    assert len(list(comparing.differing(outcomes))) == 1
    assert comparing.missed(outcomes, NEAREST) == (2, 3)
    assert comparing.extra_cost(outcomes, NEAREST) == [0.5]
    assert comparing.pairs(outcomes, CBC) == []


def test_a_contender_that_was_late_with_less_is_not_asked_for_more() -> None:
    small, large = cases((22,), (3,), (1,))[:2], cases((50,), (6,), (1,))[0]
    late = [outcome(case, CBC, cost=None, verdict=Verdict.LATE) for case in small]
    assert campaign.hopeless(CBC, large, late)
    assert not campaign.hopeless(CBC, large, late[:1]) and not campaign.hopeless(HIGHS, large, late)
    assert not campaign.hopeless(CBC, small[0], [outcome(large, CBC, cost=None, verdict=Verdict.LATE)] * 2)


# --- end to end ------------------------------------------------------------------------------------


def test_all_contenders_end_to_end_and_what_is_done_is_not_done_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tuple(name for name in contenders.ALL if name not in contenders.absent())
    said: list[str] = []
    path = tmp_path / "outcomes.jsonl"
    outcomes = campaign.run(GEANT[:2], names, 20.0, path, say=said.append)
    assert len(outcomes) == 2 * len(names) and len(said) == 2
    ours = comparing.of(outcomes, OURS)
    assert all(each.proven and not each.violations and each.cpu_s > 0 for each in ours)
    assert list(comparing.differing(outcomes)) == []
    assert campaign.run(GEANT[:2], names, 20.0, path, say=said.append) == outcomes and len(said) == 2
    report(outcomes)
    assert "same optimum as the full program" in capsys.readouterr().out


@pytest.mark.parametrize("mix", online.MIXES)
def test_requests_come_in_order_and_what_is_taken_is_given_back(mix: online.Mix) -> None:
    wanted = online.requests(12, 1, mix)
    assert wanted == online.requests(12, 1, mix) != online.requests(12, 2, mix)
    assert [each.at_h for each in wanted] == sorted(each.at_h for each in wanted)
    tally = online.served(NEAREST, wanted)
    assert tally.wrong == 0 and 0 < len(tally.costs) <= 12 == len(tally.seconds)
    apart = [online.Request(n, n * 1e6, 1.0, wanted[0].task) for n in range(40)]
    assert len(online.served(NEAREST, apart).costs) in (0, 40)
