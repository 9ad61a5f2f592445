"""Short time limits are kept, by what this thread works; a busy processor may leave no time for a plan."""

import itertools
import time
from contextlib import suppress

import pytest

from domain.errors import TemporaryError
from domain.infrastructure import Infrastructure
from domain.plans import GraphEndpoint, ServiceGraph
from lab.topologies import generate
from placement.check import violations
from placement.solve import place
from tests.unit.placement_world import FREE, instance, link, service

LIMIT_S = 1.0
SLACK_S = 1.0


def is_in_time(graph: ServiceGraph, topology: str) -> bool:
    where = Infrastructure.model_validate(generate(topology))
    before = time.thread_time()
    with suppress(TemporaryError):
        plan = place(graph, where, FREE, time_limit_s=LIMIT_S)
        assert violations(plan, graph, where, FREE) == []
    return time.thread_time() - before < LIMIT_S + SLACK_S


@pytest.mark.parametrize("shape", ["chain", "fan"])
def test_by_a_large_service(shape: str) -> None:
    names = [f"c-{number}" for number in range(150)]
    pairs = itertools.pairwise(names) if shape == "chain" else ((names[0], name) for name in names[1:])
    links = tuple(link(one, other, 0.5) for one, other in pairs)
    assert is_in_time(service(*(instance(name) for name in names), links=links), "sndlib/germany50")


def test_on_a_large_network_with_an_endpoint_that_has_no_link() -> None:
    topology = "backbone/emea_nosc"
    pops = list(generate(topology)["pops"])
    names = [f"m-{number}" for number in range(20)]
    pairs = [*itertools.pairwise(names), *zip(names, names[7:], strict=False), ("e", names[0])]
    ends = (GraphEndpoint(name="e", pop=pops[0]), GraphEndpoint(name="f", pop=pops[-1]))
    graph = service(
        *(instance(name) for name in names),
        endpoints=ends,
        links=tuple(link(one, other, 5) for one, other in pairs),
    )
    assert is_in_time(graph, topology)
