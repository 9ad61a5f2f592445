"""Points, and the cases that come of them."""

from domain.names import OperationKind
from reliability.cases import Case, brief_cases, calling_cases, cases, last_step, main_cases, of_undo
from reliability.points import Moment, Passage, Point, begun, passed

SCALE = OperationKind.SCALE


def point(moment: str, activity: str, subject: str = "", occurrence: int = 1) -> Point:
    return Point(moment=Moment(moment), activity=activity, subject=subject, occurrence=occurrence)


FORWARD = (
    point("before", "operation.start"),
    point("after", "operation.start"),
    point("before", "instance.create", "create web-1 on north"),
    point("intended", "instance.create", "create web-1 on north"),
    point("after", "instance.create", "create web-1 on north"),
    point("before", "instance.create", "create web-2 on north"),
    point("after", "instance.create", "create web-2 on north"),
    point("before", "service.commit"),
    point("after", "service.commit"),
)
UNDO = (
    *FORWARD[:-1],
    point("before", "plan.undo"),
    point("after", "plan.undo"),
    point("before", "operation.finish"),
)


def test_a_point_says_where_it_is() -> None:
    assert str(point("before", "operation.start")) == "before operation.start"
    assert (
        str(point("intended", "instance.create", "create web-1 on north", 2))
        == "between ledger and call of instance.create: create web-1 on north (2)"
    )


def test_each_point_is_a_case_and_the_server_dies_once_for_each_activity() -> None:
    found = cases(SCALE, FORWARD, ())
    assert [case.point for case in found if case.victim == "worker"] == list(FORWARD)
    server = [case.point.activity for case in found if case.victim == "server"]
    assert server == ["operation.start", "instance.create", "service.commit"]


def test_an_undo_is_made_of_what_comes_after_the_failure() -> None:
    failed_at = last_step(FORWARD)
    assert failed_at == point("before", "service.commit")
    undo = of_undo(UNDO, failed_at)
    assert [str(each) for each in undo] == ["before plan.undo", "after plan.undo", "before operation.finish"]
    found = [case for case in cases(SCALE, FORWARD, undo) if case.undone]
    assert [str(case) for case in found] == [
        "undo: before plan.undo",
        "undo: after plan.undo",
        "undo: before operation.finish",
        "undo: Temporal after plan.undo",
    ]


def test_what_commits_nothing_has_no_undo() -> None:
    assert last_step(FORWARD[:2]) is None


def test_cases_are_told_apart() -> None:
    found = cases(SCALE, FORWARD, of_undo(UNDO, point("before", "service.commit")))
    assert len({str(case) for case in found}) == len(found) == len(set(found))


def test_attempts_are_counted_where_they_begin() -> None:
    passages = [Passage(point=each, at=0.0, pid=1, attempt=1) for each in FORWARD]
    assert passed(passages) == FORWARD
    assert begun(passages) == 4


def test_a_case_names_its_victim() -> None:
    case = Case(kind=SCALE, point=FORWARD[1], victim="server", undone=True)
    assert str(case) == "undo: Temporal after operation.start"


def test_main_points_are_one_for_each_activity_and_two_around_a_call() -> None:
    called = (*FORWARD, point("answered", "instance.create", "create web-2 on north"))
    found = [str(case) for case in main_cases(SCALE, called, ())]
    assert found == [
        "after operation.start",
        "between ledger and call of instance.create: create web-1 on north",
        "after service.commit",
        "between call and record of instance.create: create web-2 on north",
        "Temporal between call and record of instance.create: create web-2 on north",
    ]


def test_each_stage_of_programming_a_switch_is_a_main_point() -> None:
    titles = (
        "add the new ways to the switch of a",
        "add the new ways to the switch of b",
        "turn the switch of a",
    )
    points = [point("answered", "network.program", title) for title in titles]
    found = [case.point.subject for case in main_cases(SCALE, points, ()) if case.victim == "worker"]
    assert found == [titles[0], titles[2]]


def test_a_quick_proof_has_every_kind_of_point_once() -> None:
    called = (*FORWARD, point("answered", "instance.create", "create web-2 on north"))
    found = brief_cases(SCALE, called, UNDO[-3:])
    assert set(found) <= set(cases(SCALE, called, UNDO[-3:]))
    assert [str(case) for case in found] == [
        "after operation.start",
        "before instance.create: create web-1 on north",
        "between ledger and call of instance.create: create web-1 on north",
        "after instance.create: create web-1 on north",
        "after service.commit",
        "between call and record of instance.create: create web-2 on north",
        "Temporal after instance.create: create web-1 on north",
        "Temporal after service.commit",
        "undo: after plan.undo",
    ]


def test_a_quick_proof_on_packets_keeps_what_calls() -> None:
    called = (*FORWARD, point("answered", "instance.create", "create web-2 on north"))
    assert {case.point.activity for case in calling_cases(SCALE, called, UNDO[-3:])} == {"instance.create"}
