"""Several services as one graph: the same as each alone where they do not meet; and taken apart again."""

import pytest

from domain.descriptor import Classifier
from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure
from domain.objectives import Weights
from domain.plans import GraphChain, GraphEndpoint, ServiceGraph, Standing
from placement.check import violations
from placement.moves.together import Together, differ
from placement.objective import latency_shares, objective_of
from placement.solve import place
from placement.topology import Usage
from tests.unit.placement_world import infra, instance, link, pop, random_case, service, wire
from tests.unit.reopt_world import named


def joined(seed: int) -> tuple[list[ServiceGraph], Infrastructure]:
    """Two services of the same names, which do not meet: there is room for both anywhere."""
    graph, where, _ = random_case(seed)
    roomy = where.model_copy(
        update={
            "pops": {
                name: each.model_copy(update={"capacity": each.capacity.times(9)})
                for name, each in where.pops.items()
            },
            "links": {
                name: each.model_copy(update={"bandwidth": each.bandwidth * 10})
                for name, each in where.links.items()
            },
        }
    )
    free = graph.model_copy(update={"budget_per_hour": None})
    return [named("one", free), named("two", free)], roomy


@pytest.mark.parametrize("seed", range(12))
def test_services_that_do_not_meet_are_placed_as_each_alone(seed: int) -> None:
    graphs, where = joined(seed)
    try:
        alone = [place(graph, where, Usage()) for graph in graphs]
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            place(Together(graphs).graph, where, Usage())
        return
    together = Together(graphs)
    plan = place(together.graph, where, Usage())
    assert plan.cost_per_hour == pytest.approx(sum(each.cost_per_hour for each in alone))
    parts = together.apart(plan, where)
    for graph, each in zip(graphs, alone, strict=True):
        part = parts[graph.service]
        assert violations(part, graph, where, Usage()) == []
        assert part.cost_per_hour == pytest.approx(each.cost_per_hour)


def chained(name: str) -> ServiceGraph:
    ways = tuple(
        GraphChain(name=f"c/{n}", chain="c", classifier=Classifier(), links=(f"e--a-{n}",)) for n in (1, 2)
    )
    return named(name, plain(name).model_copy(update={"chains": ways}))


def plain(name: str) -> ServiceGraph:
    graph = service(
        instance("a-1"),
        instance("a-2"),
        endpoints=(GraphEndpoint(name="e", pop="p"),),
        links=(link("e", "a-1"), link("e", "a-2")),
    )
    return named(name, graph)


def test_latency_counts_as_of_each_alone_whether_a_service_has_chains_or_not() -> None:
    graphs = [plain("plain"), chained("chained")]
    shares = latency_shares(Together(graphs).graph)
    alone = {f"{g.service}:{name}": share for g in graphs for name, share in latency_shares(g).items()}
    assert shares == alone


def test_what_stands_is_named_as_the_graph_names_it() -> None:
    where = infra({"p": pop(), "q": pop()}, {"l": wire("p", "q")})
    graphs = [plain(name).model_copy(update={"objective": Weights(latency=2.0)}) for name in ("one", "two")]
    plans = {graph.service: place(graph, where, Usage()) for graph in graphs}
    together = Together(graphs)
    standing = together.standing(
        {
            name: Standing(instances=plan.placements, routes=plan.routes, move_cost_per_hour={"a-1": 3.0})
            for name, plan in plans.items()
        }
    )
    assert standing.instances.keys() == {"one:a-1", "one:a-2", "two:a-1", "two:a-2"}
    assert standing.move_cost_per_hour == {"one:a-1": 3.0, "two:a-1": 3.0}
    again = place(together.graph, where, Usage(), standing=standing)
    assert again.placements == standing.instances
    value = objective_of(together.graph, where, Usage(), standing, again.placements, again.routes)
    assert value == pytest.approx(sum(plan.cost_per_hour for plan in plans.values()))


def test_objectives_differ_by_their_weights() -> None:
    assert not differ([]) and not differ([None, None]) and not differ(["cost", Weights()])
    assert differ(["cost", "latency"]) and differ([None, "cost"])


def test_parts_count_by_their_own_service() -> None:
    quick = plain("two").model_copy(update={"objective": "latency"})
    assert Together([quick, quick]).graph.objective == "latency"
    both = Together([plain("one"), quick]).graph
    assert both.objective is None
    assert both.own_objectives.keys() == {"two:a-1", "two:a-2", "two:e--a-1", "two:e--a-2"}
