"""Placement rules of a descriptor that cannot all hold, whatever the infrastructure."""

from collections.abc import Iterator

from domain.descriptor import Descriptor, PlacementRule

Complaint = tuple[tuple[str | int, ...], str]
"""Field path and what is wrong there."""

_KINDS = ("pops", "regions")


def contradictions(descriptor: Descriptor) -> list[Complaint]:
    """Everything that contradicts itself; names that are unknown are passed over.

    What a single rule contradicts comes first, alone: the rest would repeat it.
    """
    return list(_within_rules(descriptor.placement.rules)) or [
        *_between_rules(descriptor),
        *_nowhere_together(descriptor),
        *_together_and_apart(descriptor),
    ]


def _within_rules(rules: tuple[PlacementRule, ...]) -> Iterator[Complaint]:
    """What one rule allows and forbids, and what allows nothing."""
    for number, rule in enumerate(rules):
        for kind in _KINDS:
            allowed, forbidden = getattr(rule, f"allowed_{kind}"), getattr(rule, f"forbidden_{kind}")
            path = ("placement", "rules", number)
            if allowed is not None and not allowed:
                yield (*path, f"allowed_{kind}"), "nothing is allowed: leave it out to allow anything"
            elif both := sorted(forbidden & (allowed or frozenset())):
                yield (*path, f"forbidden_{kind}"), f"{', '.join(both)}: allowed by the same rule"


def _left(names: set[str], kind: str, rules: tuple[PlacementRule, ...]) -> frozenset[str] | None:
    """What rules leave to components that share a PoP; None: anything but what is forbidden."""
    about = [rule for rule in rules if names & set(rule.components)]
    lists = [allowed for rule in about if (allowed := getattr(rule, f"allowed_{kind}")) is not None]
    if not lists:
        return None
    forbidden = frozenset[str]().union(*(getattr(rule, f"forbidden_{kind}") for rule in about))
    return frozenset.intersection(*lists) - forbidden


def _between_rules(descriptor: Descriptor) -> Iterator[Complaint]:
    """A component to which several rules together leave nothing, told at the last of them."""
    rules = descriptor.placement.rules
    for name in descriptor.components:
        about = [number for number, rule in enumerate(rules) if name in rule.components]
        for kind in _KINDS:
            if _left({name}, kind, rules) == frozenset():
                others = ", ".join(f"placement.rules[{number}]" for number in about[:-1])
                told = f"with {others} it leaves {name!r} no {_one(kind)}"
                yield ("placement", "rules", about[-1], "components"), told


def _one(kind: str) -> str:
    return "PoP" if kind == "pops" else "region"


def sharing(descriptor: Descriptor) -> dict[str, set[str]]:
    """Component -> all that share its PoP, through one affinity group or several."""
    shared: dict[str, set[str]] = {}
    for group in descriptor.placement.affinity:
        joined = set(group).union(*(shared.get(name, set()) for name in group))
        shared.update(dict.fromkeys(joined, joined))
    return shared


def _nowhere_together(descriptor: Descriptor) -> Iterator[Complaint]:
    """Affinity of components whose rules leave no PoP that suits them all."""
    rules, shared = descriptor.placement.rules, sharing(descriptor)
    told: set[frozenset[str]] = set()
    for number, group in enumerate(descriptor.placement.affinity):
        members = frozenset(shared.get(group[0], ())) if group else frozenset[str]()
        for kind in _KINDS:
            alone = any(_left({name}, kind, rules) == frozenset() for name in members)
            if not alone and members not in told and _left(set(members), kind, rules) == frozenset():
                told.add(members)
                who = ", ".join(sorted(members))
                yield (
                    ("placement", "affinity", number),
                    f"{who} must share a PoP, but no {_one(kind)} is left to all",
                )


def _together_and_apart(descriptor: Descriptor) -> Iterator[Complaint]:
    """Instances that affinity puts on one PoP and anti-affinity on several."""
    shared = sharing(descriptor)
    for number, group in enumerate(descriptor.placement.anti_affinity):
        names = [name for name in dict.fromkeys(group) if name in descriptor.components]
        for index, name in enumerate(names):
            path = ("placement", "anti_affinity", number)
            if name in shared and descriptor.components[name].instances > 1:
                yield path, f"the instances of {name!r} must share a PoP by placement.affinity"
            for other in names[index + 1 :]:
                if other in shared.get(name, ()):
                    yield path, f"{name!r} and {other!r} must share a PoP by placement.affinity"
