"""Where the packets of chains go, as a picture tells it; before a plan and after."""

from interfaces.picture.courses import changed, courses_of
from interfaces.picture.facts import Becoming, CourseFacts
from tests.unit.picture_world import deployment, shop


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
