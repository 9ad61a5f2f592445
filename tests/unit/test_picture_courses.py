"""Where the packets of chains go, as a picture tells it; before a plan and after."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from domain.infrastructure import Resources
from domain.names import OperationKind
from domain.operation_plans import OperationPlan
from domain.records import Usage
from interfaces.picture.courses import changed, courses_of
from interfaces.picture.facts import Becoming, CourseFacts
from interfaces.picture.gathering import topology_after
from interfaces.picture.svg import svg
from tests.unit.picture_world import deployment, line, shop


def way(course: CourseFacts) -> list[tuple[str, str]]:
    return [(step.source, step.target) for step in course.steps]


def test_a_chain_goes_by_its_packets_not_by_the_ends_of_its_links() -> None:
    buying, looking, rows = courses_of(shop())
    assert way(buying) == [("a", "b"), ("b", "c")]
    assert buying.passes == ("users", "wall", "web")
    assert (buying.latency_ms, buying.limit_ms, buying.directed) == (4.0, 20.0, True)
    assert way(looking) == [("a", "b")]
    assert (rows.id, rows.directed, rows.limit_ms) == ("shop/rows", False, None)
    assert sorted(way(rows)) == [("a", "b"), ("b", "c")]


def test_a_chain_of_one_link_begins_at_its_endpoint() -> None:
    [only] = courses_of(
        deployment(
            placements={"web-1": "b"},
            links={"access": ("web-1", "users")},
            routes={"access": ("b", "a")},
            chains={"browsing": ("access",)},
            endpoints={"users": "a"},
        )
    )
    assert way(only) == [("a", "b")]
    assert only.passes == ("users", "web")


def test_within_one_pop_there_is_nothing_to_go() -> None:
    courses = courses_of(
        deployment(
            placements={"web-1": "a"},
            links={"access": ("users", "web-1")},
            routes={"access": ("a",)},
            chains={"browsing": ("access",)},
            endpoints={"users": "a"},
        )
    )
    assert [course.steps for course in courses] == [()]


def test_what_a_plan_changes_comes_goes_or_stays() -> None:
    before = courses_of(shop())
    moved = deployment(
        placements={"wall-1": "b", "web-1": "b"},
        links={"access": ("users", "wall-1"), "pages": ("web-1", "wall-1")},
        routes={"access": ("a", "b"), "pages": ("b",)},
        chains={"buying": ("access", "pages"), "new": ("access",)},
        endpoints={"users": "a"},
    )
    found = {course.name: course for course in changed(before, courses_of(moved))}
    becoming = {
        name: {(step.source, step.target): step.becoming for step in course.steps}
        for name, course in found.items()
    }
    assert becoming == {
        "buying": {("a", "b"): Becoming.STAYS, ("b", "c"): Becoming.GOES},
        "new": {("a", "b"): Becoming.COMES},
        "looking": {("a", "b"): Becoming.GOES},
        "rows": {("b", "c"): Becoming.GOES, ("a", "b"): Becoming.GOES},
    }


def test_a_service_that_ends_counts_no_more() -> None:
    nothing = Usage(pops={}, links={})
    plan = OperationPlan(
        plan_id="plan-1",
        kind=OperationKind.TERMINATE,
        service="shop",
        tenant="default",
        request={},
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        revision=1,
        before=shop(),
        after=None,
        infrastructure=None,
        waves=(),
        pops=(),
        links=(),
        cost_before=1.5,
        cost_after=0,
        currency="EUR",
        expected_duration_s=1,
    )
    taken = Usage(pops={"b": Resources.of(2, 2048, 4)}, links={"a-b": 200.0})
    topology = topology_after(plan, line(), "a test", (taken, nothing))
    assert (topology.totals.services, topology.totals.instances) == (0, 0)
    assert {each.becoming for pop in topology.pops for each in pop.instances} == {Becoming.GOES}
    assert {step.becoming for course in topology.courses for step in course.steps} == {Becoming.GOES}
    assert topology.pops[1].used_before == Resources.of(2, 2048, 4)
    assert topology.links[0].reserved_before_mbps == 200
    assert ET.fromstring(svg(topology)) is not None
