"""Where links lead and how long chains take, as `plan` and `status` tell it."""

from domain.latencies import ChainLatency, chain_latencies
from domain.plans import GraphLink
from interfaces.cli.ways import chain_rows, mbps, way
from tests.unit.picture_world import shop


def chain(name: str, latency_ms: float, limit_ms: float | None = 20, ways: int = 1) -> ChainLatency:
    return ChainLatency(chain=name, ways=ways, latency_ms=latency_ms, limit_ms=limit_ms)


def test_a_route_within_one_pop_is_said_to_be() -> None:
    assert way(("kassel",)) == "within kassel"
    assert way(("kassel", "fulda", "siegen")) == "kassel > fulda > siegen"


def test_a_bandwidth_is_told_in_full() -> None:
    assert [mbps(each) for each in (0.0, 0.001, 33.334, 200.0, 1234567.5)] == [
        "0",
        "0.001",
        "33.334",
        "200",
        "1234567.5",
    ]


def test_the_slowest_way_through_a_chain_counts() -> None:
    found = shop()
    buying, *_ = chain_latencies(found.graph, found.plan)
    assert (buying.latency_ms, buying.limit_ms) == (4.0, 20.0)
    one = next(each for each in found.graph.chains if each.chain == buying.chain)
    link = GraphLink(name="more", virtual_link="more", ends=("a", "b"), bandwidth_mbps=1)
    route = found.plan.routes[0].model_copy(update={"link": "more", "latency_ms": 3.0})
    slower = one.model_copy(update={"links": (*one.links, "more")})
    graph = found.graph.model_copy(update={"chains": (one, slower), "links": (*found.graph.links, link)})
    plan = found.plan.model_copy(update={"routes": (*found.plan.routes, route)})
    [both] = chain_latencies(graph, plan)
    assert (both.ways, both.latency_ms, both.limit_ms) == (2, 7.0, 20.0)


def test_a_chain_is_told_beside_its_limit_and_what_changes_with_what_was() -> None:
    assert [*chain_rows([chain("a", 1), chain("b", 2.5, None, 6)])] == [
        ("a", "1", "1.000", "20"),
        ("b", "6", "2.500", "-"),
    ]
    before = [chain("stays", 1), chain("slows", 1), chain("loosens", 1), chain("goes", 1)]
    after = [chain("stays", 1), chain("slows", 2, ways=3), chain("loosens", 1, None), chain("comes", 4)]
    assert [*chain_rows(after, before)] == [
        ("stays", "1", "1.000", "20"),
        ("slows", "1 -> 3", "1.000 -> 2.000", "20"),
        ("loosens", "1", "1.000", "20 -> -"),
        ("comes", "1", "4.000", "20"),
        ("goes", "1 -> none", "1.000 -> none", "20 -> none"),
    ]
