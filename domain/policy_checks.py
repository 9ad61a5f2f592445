"""What is wrong between the policies of a service, and between them and its components."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from domain.contradictions import Complaint, sharing
from domain.descriptor import Descriptor
from domain.expressions import ExpressionError, Tree, parse
from domain.measured import complaint
from domain.policies import (
    HealingPolicy,
    MigrationPolicy,
    PredictedPolicy,
    ScalingPolicy,
    SchedulePolicy,
    TargetPolicy,
    ThresholdPolicy,
    name_of,
)
from domain.spelling import hint

Numbered = tuple[int, ScalingPolicy]


def policy_complaints(descriptor: Descriptor) -> list[Complaint]:
    """Everything that is wrong with the policies, in the document's order; their own fields are right."""
    scaling = list(enumerate(descriptor.policies.scaling))
    return [
        *(each for number, policy in scaling for each in _of_one(number, policy, descriptor)),
        *_fights(scaling),
        *_healing(descriptor),
        *_migration(descriptor),
        *_names(descriptor),
    ]


def _of_one(number: int, policy: ScalingPolicy, descriptor: Descriptor) -> Iterator[Complaint]:
    here = ("policies", "scaling", number)
    component = descriptor.components.get(policy.component)
    if component is None:
        yield (*here, "component"), _unknown(policy.component, descriptor)
    elif component.lifecycle.single:
        yield (*here, "component"), f"{policy.component!r} is `single`: it is not scaled by a policy"
    elif component.scaling is None:
        wanted = f"components.{policy.component} needs scaling: {{min: 1, max: 5}}, say"
        yield (*here, "component"), f"{policy.component!r} has no limits to scale within; {wanted}"
    elif isinstance(policy, SchedulePolicy):
        limits = component.scaling
        if not limits.min <= policy.instances <= limits.max:
            allowed = f"scaling of {policy.component!r} allows {limits.min} to {limits.max}"
            yield (*here, "instances"), f"{policy.instances} is beyond the limits: {allowed}"
    if not isinstance(policy, SchedulePolicy) and (wrong := complaint(policy.metric, descriptor)):
        yield (*here, "metric"), wrong


def _unknown(name: str, descriptor: Descriptor) -> str:
    return f"no component {name!r}; {hint(name, descriptor.components)}"


def _fights(scaling: list[Numbered]) -> Iterator[Complaint]:
    """Two that would fight: on some value of one metric, one adds instances and the other takes some away."""
    reaches = [(number, policy, _reach(policy)) for number, policy in scaling]
    for (first, left, theirs), (second, right, mine) in combinations(reaches, 2):
        path, where = ("policies", "scaling", second), f"policies.scaling[{first}]"
        if left.component != right.component:
            continue
        if isinstance(left, SchedulePolicy) and isinstance(right, SchedulePolicy):
            if (left.cron, left.time_zone) == (right.cron, right.time_zone):
                yield (*path, "cron"), f"{where} runs at the same times"
        elif mine and theirs and mine.of == theirs.of:
            yield from _crossing(path, (theirs, where), (mine, "this one"))


def _crossing(
    path: tuple[str | int, ...], one: "tuple[Reach, str]", other: "tuple[Reach, str]"
) -> Iterator[Complaint]:
    for (adding, adder), (taking, taker) in ((one, other), (other, one)):
        if adding.high < taking.low:
            adds = f"above {adding.high:g} {adder} adds instances"
            takes = f"below {taking.low:g} {taker} takes them away"
            yield (*path, "metric"), f"thresholds cross: {adds}, and {takes}"


@dataclass(frozen=True)
class Reach:
    """What a policy goes by, and between which values it does nothing."""

    of: Tree
    low: float
    """Below, it takes instances away."""
    high: float
    """Above, it adds some."""


def _reach(policy: ScalingPolicy) -> Reach | None:
    if isinstance(policy, SchedulePolicy | PredictedPolicy):
        return None
    try:
        tree = parse(policy.metric)
    except ExpressionError:
        return None
    match policy:
        case ThresholdPolicy():
            return Reach(tree, policy.scale_in_below, policy.scale_out_above)
        case TargetPolicy():
            off = policy.target * policy.tolerance
            return Reach(tree, policy.target - off, policy.target + off)


def _healing(descriptor: Descriptor) -> Iterator[Complaint]:
    first: dict[str, int] = {}
    healing: tuple[HealingPolicy, ...] = descriptor.policies.healing
    for number, policy in enumerate(healing):
        path = ("policies", "healing", number, "component")
        if policy.component not in descriptor.components:
            yield path, _unknown(policy.component, descriptor)
        elif (other := first.setdefault(policy.component, number)) != number:
            yield path, f"policies.healing[{other}] says how {policy.component!r} is healed already"


def _migration(descriptor: Descriptor) -> Iterator[Complaint]:
    shared = sharing(descriptor)
    for number, policy in enumerate(descriptor.policies.migration):
        here = ("policies", "migration", number)
        if policy.component not in descriptor.components:
            yield (*here, "component"), _unknown(policy.component, descriptor)
        elif company := sorted(shared.get(policy.component, set()) - {policy.component}):
            told = f"placement.affinity keeps it with {', '.join(company)}, so it cannot leave alone"
            yield (*here, "component"), told
        if wrong := complaint(policy.metric, descriptor):
            yield (*here, "metric"), wrong


def _names(descriptor: Descriptor) -> Iterator[Complaint]:
    """What policies are called is how people, alarms and what was decided speak of them."""
    first: dict[str, str] = {}
    named: tuple[tuple[str, tuple[ScalingPolicy | MigrationPolicy, ...]], ...] = (
        ("scaling", descriptor.policies.scaling),
        ("migration", descriptor.policies.migration),
    )
    for part, policies in named:
        for number, policy in enumerate(policies):
            name, here = name_of(policy), f"policies.{part}[{number}]"
            if (other := first.setdefault(name, here)) != here:
                given = (
                    "give each a name of its own" if policy.name is None else "names are unique in a service"
                )
                yield ("policies", part, number, "name"), f"{other} is called {name!r} already: {given}"
