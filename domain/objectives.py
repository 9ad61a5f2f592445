"""What a placement is to be good at: cost, end-to-end latency, balance, or a weighted mix of them.

All parts are counted in one unit, the infrastructure's currency per hour, so that a weight is an exchange
rate: what a millisecond is worth, or the load of a PoP.
"""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from domain.models import Documented

_FIRST = 1000.0
"""The rate at which one aim goes before cost, which then only decides between equals."""

NAME, WEIGHTS = "[name]", "[weights]"
"""The two ways to say an objective, as they stand in the paths of pydantic's errors."""

LOAD_SLOPES: tuple[tuple[float, float], ...] = ((0.0, 1.0), (1 / 3, 3.0), (2 / 3, 10.0), (9 / 10, 70.0))
"""(utilisation from which on, slope): a PoP's load counts the more the fuller it is. The convex piecewise
linear function of Fortz and Thorup, "Internet traffic engineering by optimizing OSPF weights", INFOCOM 2000,
section II, up to full load; reservations never go beyond."""


class Weights(Documented):
    """What counts how much, each in the infrastructure's currency per hour."""

    cost: float = Field(default=1.0, ge=0, le=1e6, allow_inf_nan=False)
    """For one unit of currency per hour."""
    latency: float = Field(default=0.0, ge=0, le=1e6, allow_inf_nan=False)
    """For one millisecond, one way: of each chain, the mean of its ways; of a service without chains, of each
    virtual link, the mean of its parts."""
    balance: float = Field(default=0.0, ge=0, le=1e6, allow_inf_nan=False)
    """For one unit of load added to a PoP: of its vcpus and of its memory, each by LOAD_SLOPES."""

    @model_validator(mode="after")
    def _something_counts(self) -> "Weights":
        if not (self.cost or self.latency or self.balance):
            raise ValueError(
                "cost, latency and balance are all 0: then every placement is as good as another"
            )
        return self


def _is_name_or_weights(value: Any) -> str:
    return WEIGHTS if isinstance(value, Weights | dict) else NAME


Objective = Annotated[
    Annotated[Literal["cost", "latency", "balance"], Tag(NAME)] | Annotated[Weights, Tag(WEIGHTS)],
    Discriminator(_is_name_or_weights),
]
"""A name, or the weights themselves. `latency` and `balance` go first; cost decides between equals."""

_NAMED: dict[Literal["cost", "latency", "balance"], Weights] = {
    "cost": Weights(),
    "latency": Weights(latency=_FIRST),
    "balance": Weights(balance=_FIRST),
}
NAMES = tuple(_NAMED)
"""Of the objectives that have one."""


def weights(objective: Objective) -> Weights:
    """The weights that an objective stands for."""
    return objective if isinstance(objective, Weights) else _NAMED[objective]


def load(utilisation: float) -> float:
    """How much a utilisation between 0 and 1 counts (LOAD_SLOPES); 0 at 0, convex."""
    total = 0.0
    for (start, slope), (end, _) in zip(LOAD_SLOPES, (*LOAD_SLOPES[1:], (float("inf"), 0.0)), strict=True):
        total += slope * max(0.0, min(utilisation, end) - start)
    return total
