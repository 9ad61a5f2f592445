"""The runs that make a proof: one for each point, as the reference runs have passed them."""

from collections.abc import Callable, Iterator, Sequence

from domain import names
from domain.models import Model
from domain.names import OperationKind
from domain.operation_plans import StepAction
from reliability.points import Moment, Point, Victim

_AROUND_A_CALL = (Moment.INTENDED, Moment.ANSWERED)
_BEHIND = (Moment.AFTER,)
_COMMITS = (names.COMMIT_PLAN, names.COMMIT)


class Case(Model):
    """One run of an operation in which something dies."""

    kind: OperationKind
    point: Point
    victim: Victim
    undone: bool
    """The operation is made to fail at its last step, and dies in its undo."""

    def __str__(self) -> str:
        server = "Temporal " if self.victim == "server" else ""
        return f"{'undo: ' if self.undone else ''}{server}{self.point}"


Choice = Callable[[OperationKind, Sequence[Point], Sequence[Point]], tuple[Case, ...]]
"""Which cases are made of the points of the way forward and of the undo."""


def last_step(points: Sequence[Point]) -> Point | None:
    """Where an operation is made to fail: its commit, by when most is there to be undone.

    None where nothing is committed, and so nothing can be undone.
    """
    commits = [point for point in points if point.activity in _COMMITS and point.moment is Moment.BEFORE]
    return commits[-1] if commits else None


def cases(kind: OperationKind, forward: Sequence[Point], undo: Sequence[Point]) -> tuple[Case, ...]:
    """Every point of the way forward and of the undo; the server dies once after each activity."""
    return (
        *_worker_dies(kind, forward, False),
        *_server_dies(kind, forward, Moment.AFTER, False),
        *_worker_dies(kind, undo, True),
        *_server_dies(kind, _others(undo, forward), Moment.AFTER, True),
    )


def main_cases(kind: OperationKind, forward: Sequence[Point], undo: Sequence[Point]) -> tuple[Case, ...]:
    """The main points of the way forward and of the undo; the server dies in each kind of call."""
    return (
        *_worker_dies(kind, main_points(forward), False),
        *_server_dies(kind, forward, Moment.ANSWERED, False),
        *_worker_dies(kind, main_points(undo), True),
        *_server_dies(kind, _others(undo, forward), Moment.ANSWERED, True),
    )


def main_points(points: Sequence[Point]) -> tuple[Point, ...]:
    """One for each activity; where it calls a VIM or a network, one on either side of the call.

    A switch is programmed in stages, which are told apart by the first words of their titles.
    """
    calling = _calling(points)
    found: dict[tuple[str, str, Moment], Point] = {}
    for point in points:
        stage = point.subject.split(" ")[0] if point.activity == StepAction.PROGRAM else ""
        if point.moment in (_AROUND_A_CALL if point.activity in calling else _BEHIND):
            found.setdefault((point.activity, stage, point.moment), point)
    return tuple(found.values())


def brief_cases(kind: OperationKind, forward: Sequence[Point], undo: Sequence[Point]) -> tuple[Case, ...]:
    """Every kind of point once, there and back; the server dies after calls and commits."""
    return (
        *_worker_dies(kind, brief_points(forward), False),
        *_server_dies(kind, _decisive(forward), Moment.AFTER, False),
        *_worker_dies(kind, brief_points(undo), True),
        *_server_dies(kind, _others(_decisive(undo), forward), Moment.AFTER, True),
    )


def brief_points(points: Sequence[Point]) -> tuple[Point, ...]:
    """Of each activity that calls a VIM or a network every moment once; of the others, when it is done."""
    calling = _calling(points)
    found: dict[tuple[str, Moment], Point] = {}
    for point in points:
        if point.activity in calling or point.moment in _BEHIND:
            found.setdefault((point.activity, point.moment), point)
    return tuple(found.values())


def calling_cases(kind: OperationKind, forward: Sequence[Point], undo: Sequence[Point]) -> tuple[Case, ...]:
    """The main points of what calls a VIM or a network."""
    calling = {False: _calling(forward), True: _calling(undo)}
    found = main_cases(kind, forward, undo)
    return tuple(case for case in found if case.point.activity in calling[case.undone])


def _decisive(points: Sequence[Point]) -> list[Point]:
    activities = _calling(points) | set(_COMMITS)
    return [point for point in points if point.activity in activities]


def _calling(points: Sequence[Point]) -> set[str]:
    return {point.activity for point in points if point.moment is Moment.ANSWERED}


def of_undo(points: Sequence[Point], failed_at: Point) -> tuple[Point, ...]:
    """The points behind the one at which an operation failed."""
    return tuple(points[points.index(failed_at) + 1 :])


def _worker_dies(kind: OperationKind, points: Sequence[Point], undone: bool) -> Iterator[Case]:
    for point in points:
        yield Case(kind=kind, point=point, victim="worker", undone=undone)


def _server_dies(
    kind: OperationKind, points: Sequence[Point], moment: Moment, undone: bool
) -> Iterator[Case]:
    """Once for each activity."""
    activities: set[str] = set()
    for point in points:
        if point.moment is moment and point.activity not in activities:
            activities.add(point.activity)
            yield Case(kind=kind, point=point, victim="server", undone=undone)


def _others(points: Sequence[Point], known: Sequence[Point]) -> list[Point]:
    """Those of activities that are not among the known."""
    activities = {point.activity for point in known}
    return [point for point in points if point.activity not in activities]
