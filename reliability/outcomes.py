"""What came of the runs of a proof."""

from collections.abc import Iterator, Sequence

from domain.models import Model
from domain.names import OperationKind
from reliability.cases import Case


class Outcome(Model):
    """One run in which something died."""

    case: Case
    differences: tuple[str, ...] = ()
    """From the reference; none where all is the same."""
    reached: bool = True
    """Something died: not where a moment was over before it was noticed, as on a busy machine."""
    lost_s: float = 0.0
    """Beyond the reference's own time."""
    retries: int = 0
    """Attempts of activities beyond the reference's."""
    lab: str = ""
    """Where the run's home and logs are kept."""
    service: str = ""
    """On which it was carried out, in that lab."""

    @property
    def same(self) -> bool:
        """Whether world, catalogue and ledger are as in the reference."""
        return not self.differences

    @property
    def row(self) -> tuple[str, str, str, str]:
        """Kill point, outcome, time lost, retries."""
        verdict = "same" if self.same else "DIFFERENT"
        return (str(self.case), verdict, f"{self.lost_s:.1f} s", str(self.retries))


COLUMNS = ("kill point", "outcome", "time lost", "retries")


class Proof(Model):
    """Everything about one operation."""

    kind: OperationKind
    vim: str
    reference_s: float
    undo_reference_s: float | None
    """None where there is no undo."""
    outcomes: tuple[Outcome, ...]
    seconds: float
    """That the proof took."""

    @property
    def proven(self) -> bool:
        """Whether every run ended as the reference did."""
        return all(outcome.same for outcome in self.outcomes)

    def summary(self) -> str:
        """One line."""
        worst = max((outcome.lost_s for outcome in self.outcomes), default=0.0)
        middle = median([outcome.lost_s for outcome in self.outcomes])
        different = sum(not outcome.same for outcome in self.outcomes)
        verdict = f"{different} DIFFERENT" if different else "all the same"
        return (
            f"{self.kind} on {self.vim}: {len(self.outcomes)} kill points, {verdict}; time lost "
            f"{middle:.1f} s (median), {worst:.1f} s (most); reference {self.reference_s:.1f} s; "
            f"proven in {self.seconds:.0f} s"
        )


def complaints(proof: Proof) -> Iterator[str]:
    """Each difference, with its kill point and where to look."""
    for outcome in proof.outcomes:
        for difference in outcome.differences:
            yield f"{proof.kind}, {outcome.case}: {difference} (lab: {outcome.lab})"


def median(values: Sequence[float]) -> float:
    """The middle value; 0 where there is none."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0
