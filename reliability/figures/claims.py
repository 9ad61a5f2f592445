"""What the paper concludes, each held against our own numbers."""

from enum import StrEnum

from domain.models import Model
from reliability.model.measures import Units
from reliability.model.parameters import Parameters


class Verdict(StrEnum):
    """What becomes of a claim."""

    HOLDS = "holds"
    FAILS = "fails"
    ONLY_IF = "holds only if"


class Claim(Model):
    """One conclusion of the paper's, in our words."""

    where: str
    """In the paper."""
    says: str
    ours: str
    """Our numbers on it."""
    verdict: Verdict
    condition: str = ""
    """What it depends on: where the text does not say so, it does not follow from the text."""

    @property
    def judged(self) -> str:
        """Verdict and condition in one."""
        return f"{self.verdict} {self.condition}" if self.verdict is Verdict.ONLY_IF else str(self.verdict)


class Ground(Model):
    """On what claims are judged."""

    z: Parameters
    units: Units


def holds(so: bool) -> Verdict:
    """Of a claim without a condition."""
    return Verdict.HOLDS if so else Verdict.FAILS
