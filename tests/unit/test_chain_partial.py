"""Networks of rolling updates: who waits for its turn has not yet what its successor will have."""

from adaptors.chaining.partial import joinable
from tests.unit.chain_world import World, build, component, joined

DOCUMENT = {
    "endpoints": {"users": {"pop": "north"}},
    "components": {"web": component("http", "data", instances=2), "cache": component("in")},
    "links": {"pages": ("users", "web.http"), "cached": ("web.data", "cache.in")},
    "chains": {"shopping": {"path": ("users", "web.http", "web.data", "cache.in")}},
}


def with_an_old_web() -> World:
    """Both replicas as the new version wants them, but web-2 still without its port for the cache."""
    world = build(DOCUMENT, {"cache-1": "south"})
    old = world.points["web-2"]
    points = {**world.points, "web-2": old.model_copy(update={"ports": old.ports[:1]})}
    graph = joinable(world.graph, world.descriptor, points)
    return joined(world.descriptor, graph, world.plan, points)


def test_what_it_has_is_joined() -> None:
    world = with_an_old_web()
    assert {link.name for link in world.graph.links} == {
        *("pages/users/web-1", "pages/users/web-2"),
        "cached/web-1/cache-1",
    }
    reached = {segment.target for segment in world.network.segments if segment.origin == "shop-users"}
    assert reached == {"shop-web-1", "shop-web-2"}


def test_chains_go_by_those_that_are_ready() -> None:
    assert [chain.links for chain in with_an_old_web().graph.chains] == [
        ("pages/users/web-1", "cached/web-1/cache-1")
    ]


def test_nothing_is_left_out_when_all_are_new() -> None:
    world = build(DOCUMENT, {})
    assert joinable(world.graph, world.descriptor, world.points) == world.graph
