"""What stands where in a picture."""

from itertools import combinations
from math import hypot

import pytest

from domain.infrastructure import Resources
from domain.records import Usage
from interfaces.picture.facts import CourseFacts, StepFacts
from interfaces.picture.globe import Point
from interfaces.picture.labels import Box
from interfaces.picture.lanes import LANE, Lane, strands
from interfaces.picture.scene import Layer, Scene, scene_of
from tests.unit.picture_world import at, drawn, line, public
from tests.unit.placement_world import infra, pop, wire

ABILENE, GERMANY, INDIA = "topozoo/Abilene", "sndlib/germany50", "topozoo/TataNld"


def boxes(scene: Scene, layer: Layer) -> list[Box]:
    """Of all labels, where they stand at their magnification."""
    places = {node.pop.name: node.at for node in scene.nodes}
    return [
        label.box.moved((places[label.pop][0] * layer.zoom, places[label.pop][1] * layer.zoom))
        for label in layer.labels
    ]


def discs(scene: Scene, zoom: float) -> list[Box]:
    found = []
    for node in scene.nodes:
        radius, (x, y) = node.radius * min(zoom, 1.0), node.at
        found.append(Box(x * zoom - radius, y * zoom - radius, 2 * radius, 2 * radius))
    return found


@pytest.mark.parametrize("name", [ABILENE, GERMANY, INDIA])
def test_every_pop_stands_for_itself_within_the_picture(name: str) -> None:
    infrastructure = public(name)
    scene = scene_of(drawn(infrastructure))
    assert {node.pop.name for node in scene.nodes} == set(infrastructure.pops)
    assert {wire.link.name for wire in scene.wires} == set(infrastructure.links)
    for node in scene.nodes:
        assert node.radius <= node.at[0] <= scene.width - node.radius
        assert node.radius <= node.at[1] <= scene.height - node.radius
    for one, other in combinations(scene.nodes, 2):
        assert hypot(one.at[0] - other.at[0], one.at[1] - other.at[1]) > one.radius + other.radius


@pytest.mark.parametrize(("name", "fewest"), [(ABILENE, 11), (GERMANY, 48), (INDIA, 115)])
def test_labels_meet_neither_each_other_nor_a_pop(name: str, fewest: int) -> None:
    scene = scene_of(drawn(public(name)), (0.5, 0.8, 1.0, 1.5, 2.5))
    for layer in scene.layers:
        found = boxes(scene, layer)
        for box in found:
            assert box.within(scene.width * layer.zoom, scene.height * layer.zoom)
            assert not any(box.meets(disc) for disc in discs(scene, layer.zoom))
        assert not any(one.meets(other) for one, other in combinations(found, 2))
    [plain] = [layer for layer in scene.layers if layer.zoom == 1]
    assert len(plain.labels) >= fewest
    assert len(scene.layers[-1].labels) >= len(scene.layers[0].labels)


def test_hundreds_of_pops_have_their_place_and_the_large_ones_a_name() -> None:
    scene = scene_of(drawn(public("backbone/emea_nosc")))
    assert len(scene.nodes) == 778
    assert 100 < len(scene.layers[0].labels) < 778


def test_the_load_is_that_of_the_fuller_resource() -> None:
    used = Usage(pops={"a": Resources.of(2, 6144, 0), "b": Resources.of(8, 0, 0)}, links={"a-b": 250.0})
    topology = drawn(line(), used)
    assert [each.load for each in topology.pops] == [0.75, 1.0, 0.0]
    assert [each.load for each in topology.links] == [0.25, 0.0]
    assert (topology.totals.used.vcpus, topology.totals.capacity.vcpus) == (10, 24)
    nothing = drawn(infra({"a": pop(vcpus=0, memory=0)}))
    assert nothing.pops[0].load == 0.0


def test_larger_pops_are_drawn_larger() -> None:
    scene = scene_of(drawn(infra({"a": at(50, 0, vcpus=64), "b": at(50, 9, vcpus=16)})))
    large, small = (node.radius for node in scene.nodes)
    assert large > small > large / 2


def test_shapes_are_kept_where_the_pops_are() -> None:
    """A degree of longitude at 60 degrees north is half as long as one of latitude."""
    corners = {"a": at(59, 10), "b": at(61, 10), "c": at(59, 14), "d": at(61, 14)}
    scene = scene_of(drawn(infra(corners)))
    places = {node.pop.name: node.at for node in scene.nodes}
    down, across = places["a"][1] - places["b"][1], places["c"][0] - places["a"][0]
    assert down > 0
    assert across == pytest.approx(down, rel=0.01)


def test_neighbours_across_the_date_line_are_neighbours() -> None:
    scene = scene_of(drawn(infra({"fiji": at(-18, 178), "samoa": at(-14, -172), "auckland": at(-37, 175)})))
    x = {node.pop.name: node.at[0] for node in scene.nodes}
    assert x["auckland"] < x["fiji"] < x["samoa"]
    assert [grid.text for grid in scene.grid if grid.is_meridian]


def test_pops_without_coordinates_are_laid_out_by_their_links() -> None:
    ring = {f"p{n}-p{(n + 1) % 8}": wire(f"p{n}", f"p{(n + 1) % 8}") for n in range(8)}
    scene = scene_of(drawn(infra({f"p{n}": pop() for n in range(8)}, ring)))
    assert scene.grid == ()
    for one, other in combinations(scene.nodes, 2):
        assert hypot(one.at[0] - other.at[0], one.at[1] - other.at[1]) > 50


def test_a_pop_without_coordinates_stands_by_its_neighbours() -> None:
    pops = {"a": at(50, 0), "b": at(50, 10), "far": at(40, 5), "new": pop()}
    scene = scene_of(drawn(infra(pops, {"a-new": wire("a", "new"), "b-new": wire("b", "new")})))
    places = {node.pop.name: node.at for node in scene.nodes}
    assert places["a"][0] < places["new"][0] < places["b"][0]
    assert places["new"][1] == pytest.approx(places["a"][1], abs=1)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_pops_at_one_place_are_drawn_beside_each_other(count: int) -> None:
    scene = scene_of(drawn(infra({f"p{n}": at(50, 8) for n in range(count)})))
    assert len(scene.nodes) == count
    for one, other in combinations(scene.nodes, 2):
        assert hypot(one.at[0] - other.at[0], one.at[1] - other.at[1]) > one.radius + other.radius


def middle(start: Point, end: Point) -> Point:
    return (start[0] + end[0]) / 2, (start[1] + end[1]) / 2


def apart(one: Point, other: Point) -> float:
    return hypot(one[0] - other[0], one[1] - other[1])


def test_courses_on_one_link_run_beside_it_and_each_other() -> None:
    scene = scene_of(drawn())
    on_first = [lane for lane in scene.lanes if lane.step.link == "a-b"]
    [wired] = [wire for wire in scene.wires if wire.link.name == "a-b"]
    assert {(scene.topology.courses[lane.course].name, lane.step.source) for lane in on_first} == {
        ("buying", "a"),
        ("looking", "a"),
        ("rows", "a"),
    }
    middles = [middle(lane.start, lane.end) for lane in on_first] + [middle(wired.start, wired.end)]
    assert min(apart(one, other) for one, other in combinations(middles, 2)) == pytest.approx(LANE)


def step(source: str, target: str) -> StepFacts:
    return StepFacts(link="a-b", source=source, target=target)


def test_who_comes_back_by_the_same_link_keeps_to_the_right() -> None:
    back = CourseFacts(
        id="s/c",
        service="s",
        name="c",
        directed=True,
        ways=1,
        latency_ms=1,
        limit_ms=None,
        passes=(),
        steps=(step("a", "b"), step("b", "a")),
    )
    topology = drawn(infra({"a": at(50, 0), "b": at(50, 10)}, {"a-b": wire("a", "b")}))
    _, lanes = strands(topology.links, [back], {"a": (0.0, 0.0), "b": (100.0, 0.0)})
    assert lanes == [
        Lane(0, step("a", "b"), (0.0, LANE), (100.0, LANE)),
        Lane(0, step("b", "a"), (100.0, -LANE), (0.0, -LANE)),
    ]


def test_parallel_links_do_not_lie_on_each_other() -> None:
    twice = {"one": wire("a", "b"), "two": wire("b", "a")}
    scene = scene_of(drawn(infra({"a": at(50, 0), "b": at(50, 10)}, twice)))
    one, two = (middle(wire.start, wire.end) for wire in scene.wires)
    assert apart(one, two) > LANE
