"""What a configuration comes to in each design, and what that costs an operator."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType, ModuleType
from typing import Annotated, Literal

from pydantic import Field, model_validator

from domain.models import Model
from reliability.model import centralised, distributed
from reliability.model.parameters import NotNegative, Parameters, Positive

Design = Literal["centralised", "distributed"]
DESIGNS: tuple[Design, ...] = ("centralised", "distributed")

_EQUATIONS: Mapping[Design, ModuleType] = MappingProxyType(
    {"centralised": centralised, "distributed": distributed}
)


class Measures(Model):
    """What the paper weighs up."""

    t_c: float
    """Seconds of a workflow without a fault."""
    t_l: float
    """Seconds lost at most by one fault."""
    r_a: float
    """Added time ratio."""
    r_r: float
    """Recovery ratio."""
    b_tot: float
    """kB/s."""
    q_r: int
    """Processes beyond the monolith's one."""


def added_time_ratio(t_c: float, t_m: float) -> float:
    """Eq. 1, R_a: how much longer than the monolith a workflow takes."""
    return t_c / t_m


def recovery_ratio(t_c: float, t_l: float) -> float:
    """Eq. 1, R_r, with t_r = t_c + t_l: how much longer a workflow takes with one fault, at worst."""
    return (t_c + t_l) / t_c


def measures(z: Parameters, design: Design) -> Measures:
    """All of them for one configuration, by equations 1 to 9."""
    equations = _EQUATIONS[design]
    t_c, t_l = equations.completion(z), equations.lost(z)
    return Measures(
        t_c=t_c,
        t_l=t_l,
        r_a=added_time_ratio(t_c, sum(z.tasks)),
        r_r=recovery_ratio(t_c, t_l),
        b_tot=equations.operating_bandwidth(z) + equations.reliability_bandwidth(z),
        q_r=equations.processes(z),
    )


class Weights(Model):
    """How much each measure matters: alpha to delta of Eq. 10, in its order."""

    r_a: NotNegative = 1.0
    r_r: NotNegative = 1.0
    b_tot: NotNegative = 1.0
    q_r: NotNegative = 1.0

    @model_validator(mode="after")
    def _some(self) -> "Weights":
        if not any((self.r_a, self.r_r, self.b_tot, self.q_r)):
            raise ValueError("all are 0, so all configurations cost the same; at least one above 0")
        return self


class Units(Model):
    """What of each measure counts as one in Eq. 10, which the paper does not say.

    By default a ratio of 1 more weighs as much as 100 kB/s or 10 processes. All 1 is Eq. 10 as printed, where
    kB/s and processes are added to ratios.
    """

    r_a: Positive = 1.0
    r_r: Positive = 1.0
    b_tot: Positive = 100.0
    q_r: Annotated[float, Field(gt=0)] = 10.0


def spread(found: Iterable[Measures]) -> Units:
    """Units by which each measure goes from least to greatest by one among these."""
    listed = list(found)
    spans = {
        name: max(getattr(each, name) for each in listed) - min(getattr(each, name) for each in listed)
        for name in Units.model_fields
    }
    return Units(**{name: span or 1.0 for name, span in spans.items()})


def cost(found: Measures, weights: Weights, units: Units) -> float:
    """Eq. 10, C(z): the weighted sum, without a unit of its own."""
    return (
        weights.r_a * found.r_a / units.r_a
        + weights.r_r * found.r_r / units.r_r
        + weights.b_tot * found.b_tot / units.b_tot
        + weights.q_r * found.q_r / units.q_r
    )
