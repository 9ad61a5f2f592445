"""What a service is to keep: an expression and its bound, such as `latency_p95_ms < 50`."""

import re
from collections.abc import Iterator, Sequence
from math import isfinite

from domain.descriptor import Descriptor
from domain.errors import InputError
from domain.measured import complaint
from domain.models import Model
from domain.policies import PredictedPolicy, ScalingPolicy, TargetPolicy, ThresholdPolicy

_BOUND = re.compile(
    r"(?P<expression>[^<>]+?)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*"
)


class Target(Model):
    """A bound that is violated or not at each moment."""

    expression: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.expression} {self.sign} {self.bound:g}"

    def kept(self, value: float) -> bool:
        """Whether a value is within the bound."""
        match self.sign:
            case "<":
                return value < self.bound
            case "<=":
                return value <= self.bound
            case ">":
                return value > self.bound
        return value >= self.bound


def read_target(text: str, descriptor: Descriptor) -> Target:
    """A target from what a user writes.

    :raises InputError: if it is none, or if nothing is measured by its expression
    """
    match = _BOUND.fullmatch(text.strip())
    if match is None:
        raise InputError(f"target {text!r}: write an expression and its bound, such as 'latency_p95_ms < 50'")
    try:
        bound = float(match["bound"])
    except ValueError:
        raise InputError(f"target {text!r}: {match['bound']!r} is no number") from None
    if not isfinite(bound):
        raise InputError(f"target {text!r}: {match['bound']!r} is too large a number")
    if wrong := complaint(match["expression"], descriptor):
        raise InputError(f"target {text!r}: {wrong}")
    return Target(expression=match["expression"], sign=match["sign"], bound=bound)


def targets_of(policies: Sequence[ScalingPolicy]) -> tuple[Target, ...]:
    """What policies themselves say is to be kept: each once, in their order."""
    return tuple(dict.fromkeys(found for each in policies for found in _target(each)))


def _target(policy: ScalingPolicy) -> Iterator[Target]:
    match policy:
        case ThresholdPolicy():
            yield Target(expression=policy.metric, sign="<=", bound=policy.scale_out_above)
        case TargetPolicy():
            bound = policy.target * (1 + policy.tolerance)
            yield Target(expression=policy.metric, sign="<=", bound=round(bound, 9))
        case PredictedPolicy():
            per_instance = f"({policy.metric}) / {policy.component}.instances"
            if "-" in policy.component:
                per_instance = f'({policy.metric}) / "{policy.component}".instances'
            yield Target(expression=per_instance, sign="<=", bound=policy.per_instance)
