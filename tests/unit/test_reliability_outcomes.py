"""What a proof says of its runs."""

from domain.names import OperationKind
from reliability.cases import Case
from reliability.outcomes import Outcome, Proof, complaints, median
from reliability.points import Moment, Point
from reliability.subjects import SUBJECTS

CASE = Case(
    kind=OperationKind.HEAL,
    point=Point(moment=Moment.AFTER, activity="operation.start"),
    victim="worker",
    undone=False,
)


def proof(*outcomes: Outcome) -> Proof:
    return Proof(
        kind=OperationKind.HEAL,
        vim="modelled",
        reference_s=1.0,
        undo_reference_s=None,
        outcomes=outcomes,
        seconds=60.0,
    )


def test_it_is_proven_when_all_is_the_same() -> None:
    found = proof(Outcome(case=CASE, lost_s=1.0), Outcome(case=CASE, lost_s=2.25, retries=1))
    assert found.proven
    assert "2 kill points, all the same" in found.summary() and "2.2 s (most)" in found.summary()
    assert list(complaints(found)) == []


def test_one_difference_is_enough() -> None:
    found = proof(Outcome(case=CASE), Outcome(case=CASE, differences=("world: missing: x",), lab="/tmp/lab"))
    assert not found.proven
    assert "1 DIFFERENT" in found.summary()
    assert list(complaints(found)) == ["Heal, after operation.start: world: missing: x (lab: /tmp/lab)"]
    assert found.outcomes[1].row == ("after operation.start", "DIFFERENT", "0.0 s", "0")


def test_the_middle() -> None:
    assert median([]) == 0.0
    assert median([3.0, 1.0, 2.0]) == 2.0


def test_every_operation_is_put_to_the_proof() -> None:
    assert set(SUBJECTS) == set(OperationKind)
    for kind, subject in SUBJECTS.items():
        assert subject.request("shop").service == "shop"
        assert (subject.preparation("shop") is None) == (kind is OperationKind.INSTANTIATE)
