"""A descriptor becomes the graph of its instances, link parts and chain ways."""

from pathlib import Path

import pytest

from catalogue.documents import read_descriptor
from domain.expansion import expand
from domain.plans import ServiceGraph

SHOP = Path(__file__).resolve().parents[2] / "examples" / "secure-shop.yaml"


def shop(*changes: tuple[str, str]) -> ServiceGraph:
    text = SHOP.read_text()
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return expand("shop", read_descriptor(text.encode(), SHOP.name))


def test_every_component_has_its_instances() -> None:
    graph = shop()
    assert (graph.service, graph.descriptor, graph.version) == ("shop", "secure-shop", "1.0.0")
    assert [(each.name, each.component, each.kind) for each in graph.instances] == [
        ("edge-firewall-1", "edge-firewall", "vnf"),
        ("load-balancer-1", "load-balancer", "vnf"),
        ("web-1", "web", "microservice"),
        ("web-2", "web", "microservice"),
        ("database-1", "database", "microservice"),
    ]
    by_name = {each.name: each for each in graph.instances}
    assert by_name["edge-firewall-1"].requires == frozenset({"dpdk"})
    assert by_name["web-2"].resources.memory == 2048
    assert by_name["database-1"].allowed_regions == frozenset({"south"})
    assert by_name["web-1"].allowed_regions is None


def test_a_link_is_shared_evenly_by_its_instance_pairs() -> None:
    assert [(each.name, each.ends, each.bandwidth_mbps, each.latency_ms) for each in shop().links] == [
        ("access/customers/edge-firewall-1", ("customers", "edge-firewall-1"), 200.0, 5.0),
        ("filtered/edge-firewall-1/load-balancer-1", ("edge-firewall-1", "load-balancer-1"), 200.0, None),
        ("pages/load-balancer-1/web-1", ("load-balancer-1", "web-1"), 100.0, None),
        ("pages/load-balancer-1/web-2", ("load-balancer-1", "web-2"), 100.0, None),
        ("queries/web-1/database-1", ("web-1", "database-1"), 50.0, 8.0),
        ("queries/web-2/database-1", ("web-2", "database-1"), 50.0, 8.0),
    ]


@pytest.mark.parametrize("instances", [2, 3, 6])
def test_the_shares_of_a_link_never_sum_to_less_than_was_asked(instances: int) -> None:
    parts = [
        each
        for each in shop(("instances: 2", f"instances: {instances}")).links
        if each.virtual_link == "pages"
    ]
    assert len(parts) == instances
    assert len({each.bandwidth_mbps for each in parts}) == 1
    assert 200.0 <= sum(each.bandwidth_mbps for each in parts) < 200.01


def test_a_chain_has_a_way_through_each_instance() -> None:
    first, second = shop().chains
    assert first.links == (
        "access/customers/edge-firewall-1",
        "filtered/edge-firewall-1/load-balancer-1",
        "pages/load-balancer-1/web-1",
    )
    assert second.links == (*first.links[:2], "pages/load-balancer-1/web-2")
    assert [each.name for each in (first, second)] == ["shopping/1", "shopping/2"]
    assert {each.chain for each in (first, second)} == {"shopping"}
    assert {each.latency_ms for each in (first, second)} == {12.0}
    assert first.classifier.protocol == "tcp"


def test_a_chain_may_run_against_the_direction_a_link_was_written_in() -> None:
    turned = shop(("between: [load-balancer.back, web.http]", "between: [web.http, load-balancer.back]"))
    assert turned.chains[1].links[-1] == "pages/web-2/load-balancer-1"


def test_all_links_of_a_chain_are_links_of_the_graph() -> None:
    graph = shop(("instances: 2", "instances: 5"))
    known = {each.name for each in graph.links}
    assert len(graph.chains) == 5
    assert all(set(way.links) <= known for way in graph.chains)


def test_waves_follow_the_references() -> None:
    assert shop().waves == (("database", "edge-firewall"), ("web",), ("load-balancer",))


def test_rules_of_the_placement_reach_the_instances() -> None:
    graph = shop(
        ("anti_affinity: [[web]]", "affinity: [[edge-firewall, load-balancer]]\n  anti_affinity: [[web]]"),
        (
            "    - {components: [database], allowed_regions: [south]}",
            "    - {components: [database, web], allowed_regions: [south, north], forbidden_pops: [a]}\n"
            "    - {components: [database], allowed_regions: [south], forbidden_pops: [b]}",
        ),
    )
    by_name = {each.name: each for each in graph.instances}
    assert graph.affinity == (("edge-firewall-1", "load-balancer-1"),)
    assert graph.anti_affinity == (("web-1", "web-2"),)
    assert graph.budget_per_hour == 5.0
    assert by_name["database-1"].allowed_regions == frozenset({"south"})
    assert by_name["database-1"].forbidden_pops == frozenset({"a", "b"})
    assert by_name["web-1"].allowed_regions == frozenset({"south", "north"})
    assert by_name["web-1"].forbidden_pops == frozenset({"a"})


def test_an_endpoint_keeps_its_place() -> None:
    (customers,) = shop().endpoints
    assert customers.pop is None
    assert customers.location is not None
    assert (customers.location.latitude, customers.location.longitude) == (53.55, 9.99)


def test_a_graph_survives_json() -> None:
    graph = shop()
    assert ServiceGraph.model_validate_json(graph.model_dump_json()) == graph
