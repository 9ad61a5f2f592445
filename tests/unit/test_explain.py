"""Each kind of conflict, in words and proven; hostile worlds; the time limit."""

from typing import Any

import pytest

from domain.infrastructure import Resources
from domain.plans import GraphEndpoint, Standing
from placement.explain import explaining
from placement.explain.conflicts import Found, conflicts
from placement.explain.explaining import Context, explain
from placement.explain.words import figure, mib
from placement.topology import Usage
from tests.unit.explain_world import answer, explained, kinds, random_case, shop, ways_out
from tests.unit.placement_world import chain, infra, instance, link, pop, service, wire

DPDK: dict[str, Any] = {"capabilities": ["dpdk"]}
TWO = infra({"a": pop(4), "b": pop(4)}, {"ab": wire("a", "b", 100, 5)})


def test_what_fits_says_what_it_costs() -> None:
    found = explain(service(instance("web-1")), TWO, Usage())
    assert (found.feasible, found.cost_per_hour) == (True, 1.0)
    assert found.text() == "it fits: 1.0000 EUR per hour"


def test_the_example_of_the_issue() -> None:
    where = infra(
        {"clients": pop(8), "a": pop(4, **DPDK), "b": pop(8, **DPDK)},
        {"ca": wire("clients", "a", 1000, 5), "cb": wire("clients", "b", 1000, 23)},
    )
    usage = Usage(pops={"a": Resources.of(3, 0, 0)})
    found = explained(shop(("pop: a", "pop: clients")), where, usage)
    assert kinds(found) == {"capability", "resources", "latency", "endpoint"}
    assert found.text(0).splitlines() == [
        "these cannot be had together:",
        "  - gate needs dpdk (only a, b)",
        "  - gate needs 2 vcpus and 1 GiB of memory: there is room for it on b; a has 1 of 4 vcpus free",
        "  - users is at clients",
        "  - link access joins users and gate within 20 ms: b is 23 ms from users at clients",
        "",
        "it would fit with any one of:",
        f"  and {len(found.relaxations)} more",
    ]
    assert [each.path for each in found.conflict] == [
        "components.gate.requires",
        "components.gate.resources",
        "endpoints.users",
        "links.access.latency",
    ]


def test_a_capability_that_no_pop_has() -> None:
    found = explained(service(instance("fw-1", requires={"gpu"})), TWO)
    assert [each.sentence() for each in found.conflict] == ["fw needs gpu (no PoP has it)"]
    assert ways_out(found) == ["give a gpu", "let fw do without gpu"]


def test_two_capabilities_that_no_pop_has_together() -> None:
    where = infra({"a": pop(capabilities=["gpu"]), "b": pop(**DPDK)})
    found = explained(service(instance("fw-1", requires={"gpu", "dpdk"})), where)
    assert [each.sentence() for each in found.conflict] == [
        "fw needs dpdk (only b)",
        "fw needs gpu (only a): that leaves no PoP",
    ]


def test_a_licence_that_is_sold_elsewhere() -> None:
    where = infra({"a": pop(prices={"licences": {"suite": 1.0}}), "b": pop()})
    found = explained(service(instance("fw-1", licences={"suite"}, allowed_pops={"b"})), where)
    assert kinds(found) == {"licence", "allowed-pops"}
    assert "fw needs licence suite (only sold at a)" in found.text()
    assert "let fw run on a too" in ways_out(found)


@pytest.mark.parametrize(
    ("rules", "words", "way"),
    [
        ({"allowed_pops": {"a"}, "forbidden_pops": {"a"}}, "that leaves no PoP", "let web run on b too"),
        ({"allowed_pops": {"gone"}}, "may run on gone only: there is no such PoP", "let web run on a too"),
        ({"allowed_pops": set()}, "may run on no PoP only", "let web run on a too"),
        ({"forbidden_pops": {"a", "b"}}, "must not run on a, b: no PoP is left", "let web run on a too"),
        (
            {"allowed_regions": {"moon"}},
            "in region moon only: no PoP is there",
            "let web run in region here too",
        ),
        ({"forbidden_regions": {"here"}}, "must not run in region here", "let web run in region here too"),
    ],
)
def test_rules_that_leave_no_pop(rules: dict[str, Any], words: str, way: str) -> None:
    where = infra({"a": pop(region="here"), "b": pop(price=2, region="here")})
    found = explained(service(instance("web-1", **rules)), where)
    assert words in found.text()
    assert way in ways_out(found)


def test_a_component_larger_than_any_pop() -> None:
    found = explained(service(instance("web-1", 9, 1024, 0)), TWO)
    assert found.conflict[0].sentence() == (
        "web needs 9 vcpus and 1 GiB of memory: a has 4 of 4 vcpus free; b has 4 of 4 vcpus free"
    )
    assert "give web 4 vcpus instead of 9 vcpus" in ways_out(found)
    assert "have 5 vcpus more at a" in ways_out(found)


def test_replicas_are_one_requirement() -> None:
    parts = [instance(f"web-{n}", 3, disk=0) for n in (1, 2, 3)]
    found = explained(service(*parts), TWO)
    assert kinds(found) == {"resources"}
    assert "3 instances of web need 3 vcpus and 1 GiB of memory each" in found.text()
    assert {"give web 2 vcpus instead of 3 vcpus", "have 2 vcpus more at a"} <= {*ways_out(found)}


def test_fewer_instances_where_scaling_allows_it() -> None:
    parts = [instance(f"web-{n}", 3) for n in (1, 2, 3)]
    found = explain(service(*parts), TWO, Usage(), context=Context(least={"web": 2}))
    assert "have 2 instead of 3 instances of web" in ways_out(found)
    tight = explain(service(*parts), TWO, Usage(), context=Context(least={"web": 3}))
    assert not any("instances of web" in way for way in ways_out(tight))


def test_affinity_and_anti_affinity() -> None:
    pair = instance("x-1", 3), instance("y-1", 3)
    together = explained(service(*pair, affinity=(("x-1", "y-1"),)), TWO)
    assert kinds(together) == {"resources", "affinity"}
    assert "let x-1 and y-1 be on different PoPs" in ways_out(together)
    three = [instance(f"x-{n}") for n in (1, 2, 3)]
    apart = explained(service(*three, anti_affinity=(("x-1", "x-2", "x-3"),)), TWO)
    assert apart.conflict[0].sentence() == "x-1, x-2, x-3 must not share a PoP: only a, b are left to them"
    both = explained(
        service(*pair, affinity=(("x-1", "y-1"),), anti_affinity=(("x-1", "y-1"),)),
        infra({"a": pop(), "b": pop()}),
    )
    assert kinds(both) == {"affinity", "anti-affinity"}


def test_a_link_that_is_too_slow() -> None:
    ends = GraphEndpoint(name="e", pop="a"), GraphEndpoint(name="f", pop="b")
    found = explained(service(endpoints=ends, links=(link("e", "f", 10, 4),)), TWO)
    assert kinds(found) == {"latency", "endpoint"}
    assert "link v joins e and f within 4 ms: b is 5 ms from e at a" in found.text()
    assert found.relaxations[0].text == "allow link v 5 ms instead of 4 ms"


def test_a_link_that_is_too_wide() -> None:
    ends = GraphEndpoint(name="e", pop="a"), GraphEndpoint(name="f", pop="b")
    graph = service(endpoints=ends, links=(link("e", "f", 120),))
    found = explained(graph, TWO, Usage(links={"ab": 30.0}))
    assert kinds(found) == {"bandwidth", "endpoint"}
    assert "the widest way from e at a to b has 70 Mbit/s free" in found.text()
    assert "ask for 70 instead of 120 Mbit/s on link v" in ways_out(found)
    assert "widen physical link ab from 100 to 150 Mbit/s" in ways_out(found)


@pytest.mark.parametrize(("mbps", "ms", "kind"), [(101, None, "bandwidth"), (10, 4, "latency")])
def test_a_link_between_parts_that_must_be_apart(mbps: float, ms: float | None, kind: str) -> None:
    parts, joined = (instance("x-1"), instance("y-1")), link("x-1", "y-1", mbps, ms)
    found = explained(service(*parts, links=(joined,), anti_affinity=(("x-1", "y-1"),)), TWO)
    assert kinds(found) == {kind, "anti-affinity"}
    assert "let x-1 and y-1 share a PoP" in ways_out(found)


def test_a_chain_that_is_too_slow() -> None:
    where = infra({"a": pop(0), "b": pop(4)}, {"ab": wire("a", "b", 100, 5)})
    ends = GraphEndpoint(name="e", pop="a"), GraphEndpoint(name="f", pop="a")
    links = link("e", "x-1"), link("x-1", "f")
    way = chain(links[0].name, links[1].name, ms=9)
    found = explained(service(instance("x-1"), endpoints=ends, links=links, chains=(way,)), where)
    assert {"chain-latency", "resources"} <= kinds(found)
    assert "chain c allows 9 ms: the quickest way through it takes 10 ms" in found.text()
    assert "allow chain c 10 ms instead of 9 ms" in ways_out(found)


def test_a_budget() -> None:
    graph = service(instance("x-1", 2), budget_per_hour=0.5)
    found = explained(graph, TWO)
    assert kinds(found) == {"budget", "resources"}
    assert "x needs 2 vcpus, 1 GiB of memory and 1 GiB of disk: that costs 2 at least" in found.text()
    assert "the budget is 0.5 EUR per hour: the cheapest placement costs 2" in found.text()
    assert "raise the budget from 0.5 to 2 EUR per hour" in ways_out(found)


def test_a_disconnected_topology() -> None:
    where = infra({"a": pop(0), "b": pop(4)})
    graph = service(
        instance("x-1"), endpoints=(GraphEndpoint(name="e", pop="a"),), links=(link("e", "x-1", 0),)
    )
    found = explained(graph, where)
    assert kinds(found) == {"link", "endpoint", "resources"}
    assert "link v joins e and x: no way leads from e at a to b" in found.text()
    assert {"put endpoint e at b instead of a", "have 1 vcpu more at a"} <= {*ways_out(found)}


def test_an_endpoint_at_no_pop() -> None:
    found = explained(service(endpoints=(GraphEndpoint(name="e", pop="gone"),)), TWO)
    assert found.conflict[0].sentence() == "e is at gone: there is no such PoP"
    assert ways_out(found) == ["put endpoint e at a instead of gone"]


def test_no_pop_at_all() -> None:
    found = explain(service(instance("x-1")), infra({}), Usage())
    assert not found.feasible
    assert "x needs" in found.text()
    assert found.relaxations == ()


def test_two_conflicts_are_both_told_and_resolved_together() -> None:
    graph = service(instance("x-1", requires={"gpu"}), instance("y-1", 9))
    found = explained(graph, TWO)
    assert len(found.further) == 1
    assert "and apart from that:" in found.text()
    assert "give a gpu; and give y 4 vcpus instead of 9 vcpus" in ways_out(found)


def test_what_was_not_made_small_in_time_is_no_further_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_short(*given: Any) -> list[Found]:
        first, second = conflicts(*given)
        return [first, Found(second.conflict, minimal=False)]

    monkeypatch.setattr(explaining, "conflicts", cut_short)
    found = explain(service(instance("x-1", requires={"gpu"}), instance("y-1", 9)), TWO, Usage())
    assert (len(found.conflict), found.further) == (1, ())
    assert (found.minimal, found.cut_short) == (True, True)


def test_two_rules_are_two_changes() -> None:
    where = infra({"a": pop(region="here")})
    parts = [instance(f"{name}-1", allowed_regions={"moon"}) for name in "xy"]
    found = explained(service(*parts), where)
    assert ways_out(found) == ["let x run in region here too; and let y run in region here too"]


def test_what_an_operation_leaves_where_it_is() -> None:
    """web-1 stays on a, full of others; web-2 must be apart and can only be on a."""
    described = service(
        instance("web-1"), instance("web-2", requires={"dpdk"}), anti_affinity=(("web-1", "web-2"),)
    )
    where = infra({"a": pop(4, **DPDK), "b": pop(4)})
    parts = described.instances[0].model_copy(update={"allowed_pops": frozenset("a")}), described.instances[1]
    asked = described.model_copy(update={"instances": parts})
    found = explain(
        asked,
        where,
        Usage(pops={"a": Resources.of(1, 1024, 1)}),
        Standing(instances={"web-1": "a"}),
        context=Context(described=described),
    )
    assert {each.kind for each in found.conflict} == {"stays", "capability", "anti-affinity"}
    assert "web-1 stays on a" in found.text()
    assert "move web-1 from a to b" in ways_out(found)


def test_what_is_large_is_said_as_a_document_may_say_it() -> None:
    ends = GraphEndpoint(name="e", pop="a"), GraphEndpoint(name="f", pop="b")
    found = explained(service(endpoints=ends, links=(link("e", "f", 2e7),)), TWO)
    assert "with 20000000 Mbit/s" in found.text()
    assert "e+" not in found.model_dump_json()
    assert [figure(each) for each in (0.00001, 1.219, 123456.0, 2e7, 0.0)] == [
        "0.00001",
        "1.219",
        "123456",
        "20000000",
        "0",
    ]


def test_memory_is_said_in_gib_where_that_is_short() -> None:
    assert [mib(each) for each in (512, 1024, 1536, 107008, 1025)] == [
        "512 MiB",
        "1 GiB",
        "1.5 GiB",
        "104.5 GiB",
        "1025 MiB",
    ]


def test_without_time_the_reason_is_told() -> None:
    graph = service(instance("x-1", 9))
    found = explain(graph, TWO, Usage(), time_limit_s=0.0, context=Context(reason="x-1 fits on no PoP"))
    assert (found.conflict, found.minimal, found.cut_short) == ((), False, True)
    assert found.text().splitlines()[0] == "x-1 fits on no PoP"
    assert "the time ran out" in found.text()
    unknown = explain(graph, TWO, Usage(), time_limit_s=0.0)
    assert "nor a proof that there is none" in unknown.text()


@pytest.mark.parametrize("limit", [0.02, 0.1])
def test_a_short_time_cuts_the_answer_short_but_not_wrong(limit: float) -> None:
    for seed in range(8):
        case = random_case(seed)
        found = case.explained(time_limit_s=limit)
        if found.conflict:
            assert answer(case.world) is None
        assert found.feasible or found.cut_short or found.minimal
