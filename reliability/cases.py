"""The runs that make a proof: one for each point, as the reference runs have passed them."""

from collections.abc import Iterator, Sequence

from domain import names
from domain.models import Model
from domain.names import OperationKind
from reliability.points import Moment, Point, Victim

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


def last_step(points: Sequence[Point]) -> Point | None:
    """Where an operation is made to fail: its commit, by when most is there to be undone.

    None where nothing is committed, and so nothing can be undone.
    """
    commits = [point for point in points if point.activity in _COMMITS and point.moment is Moment.BEFORE]
    return commits[-1] if commits else None


def cases(kind: OperationKind, forward: Sequence[Point], undo: Sequence[Point]) -> tuple[Case, ...]:
    """Every point of the way forward and of the undo; the server dies once after each activity."""
    return (*_cases(kind, forward, (), False), *_cases(kind, undo, forward, True))


def _cases(
    kind: OperationKind, points: Sequence[Point], known: Sequence[Point], undone: bool
) -> Iterator[Case]:
    for point in points:
        yield Case(kind=kind, point=point, victim="worker", undone=undone)
    activities = {point.activity for point in known}
    for point in points:
        if point.moment is Moment.AFTER and point.activity not in activities:
            activities.add(point.activity)
            yield Case(kind=kind, point=point, victim="server", undone=undone)


def of_undo(points: Sequence[Point], failed_at: Point) -> tuple[Point, ...]:
    """The points behind the one at which an operation failed.

    What was still going on beside it then may come by on either side, and so is left out.
    """
    where = points.index(failed_at)
    return tuple(points[where + 1 :])
