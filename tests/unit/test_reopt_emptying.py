"""Emptying PoPs: of each that is not emptied it is told what stands in the way."""

import pytest

from domain.infrastructure import Resources
from domain.reoptimisation import OptimisationReport, OptimiseResult
from interfaces.cli.optimise_views import show_result
from placement.moves.layout import Estate
from placement.moves.reoptimise import Goal
from placement.moves.report import report
from placement.topology import Usage
from tests.unit.placement_world import infra, pop
from tests.unit.reopt_world import estate, running, single, solved


def emptied(state: Estate, goal: Goal) -> OptimisationReport:
    return report(state, solved(state, goal), 1, 0.0)


def reasons(told: OptimisationReport) -> dict[str, str]:
    return {each.pop: each.why for each in told.in_use}


def test_a_pop_whose_services_find_no_room_elsewhere() -> None:
    where = infra({"a": pop(4), "b": pop(4)})
    state = estate(
        where, [running(single("s", 2), where, {"a-1": "a"}), running(single("t", 3), where, {"a-1": "b"})]
    )
    told = emptied(state, Goal(empty=frozenset("ab"), allowance_per_hour=9))
    assert told.emptied == ()
    assert [*reasons(told)] == ["a", "b"]
    assert reasons(told)["a"] == (
        "of what stays in use, b: a-1 of s finds no room: b has 1 of 4 vcpus free, needs 2"
    )


def test_a_pop_whose_services_may_be_on_no_other_that_stays_in_use() -> None:
    where = infra({"a": pop(4, capabilities=["dpdk"]), "b": pop(4), "c": pop(4, capabilities=["dpdk"])})
    services = [
        running(single("s", 2, requires={"dpdk"}), where, {"a-1": "a"}),
        running(single("t", 3), where, {"a-1": "b"}),
    ]
    told = emptied(estate(where, services), Goal(empty=frozenset("ab"), allowance_per_hour=9))
    assert reasons(told)["a"] == "of what stays in use, b: a-1 of s needs dpdk (only a, c)"


def test_a_pop_whose_instances_may_not_move() -> None:
    where = infra({"a": pop(4), "b": pop(4)})
    bound = running(single("s"), where, {"a-1": "a"}).model_copy(update={"moves": {}})
    state = estate(where, [bound, running(single("t", 2), where, {"a-1": "b"})])
    told = emptied(state, Goal(empty=frozenset("ab"), allowance_per_hour=9))
    assert (told.emptied, reasons(told)) == (("b",), {"a": "a-1 of s cannot leave it"})


def test_a_pop_that_somebody_else_uses() -> None:
    where = infra({"a": pop(4), "b": pop(4)})
    others = Usage(pops={"a": Resources.of(1, 0, 0)})
    state = estate(where, [running(single("s"), where, {"a-1": "a"})], others=others)
    told = emptied(state, Goal(empty=frozenset("ab"), allowance_per_hour=9))
    assert reasons(told) == {"a": "what other services have there cannot leave it"}


def test_a_pop_that_would_cost_too_much_to_leave() -> None:
    where = infra({"a": pop(4, 1), "b": pop(4, 3)})
    services = [running(single("s"), where, {"a-1": "a"}), running(single("t", 2), where, {"a-1": "b"})]
    told = emptied(estate(where, services), Goal(empty=frozenset("a"), allowance_per_hour=0.5))
    assert reasons(told) == {"a": "no other PoP is in use that could take what is there"}
    full = infra({"a": pop(4, 1), "b": pop(2, 9), "c": pop(4, 3)})
    state = estate(
        full, [running(single("s"), full, {"a-1": "a"}), running(single("t", 2), full, {"a-1": "c"})]
    )
    told = emptied(state, Goal(empty=frozenset("ac"), allowance_per_hour=0.5))
    assert told.emptied == ("c",)  # to the cheaper one, which is no more to pay
    assert reasons(told) == {
        "a": "that would cost 2.0000 EUR more per hour, of the allowance 0.5000 is left",
    }


def test_people_are_told_of_the_first_few(capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"p{number}" for number in range(8)]
    where = infra({name: pop(2) for name in names})
    state = estate(where, [running(single(f"s-{name}", 2), where, {"a-1": name}) for name in names])
    told = emptied(state, Goal(empty=frozenset(names)))
    assert [*reasons(told)] == names
    show_result(OptimiseResult(report=told, applied=False))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "nothing moves: none of 8 PoPs can be emptied"
    (first,) = [
        line
        for line in lines
        if line.startswith("in use     p0: of what stays in use, p1, p2, p3, p4 and 3 more: a-1 of s-p0")
    ]
    after = lines[lines.index(first) + 1 :]
    assert [line.split(":")[0].strip() for line in after[:4]] == names[1:5]
    assert after[4] == "           and 3 more PoPs, tried after these"
