"""From one network of a service to the next, in stages between which no packet is lost. Pure.

While a change is under way every switch holds the rules of both networks; a stage only says which of them
win. In EXTEND the old ones do, in SWITCH the new ones. So whatever switch is ahead of the others, a packet
that either network takes to a destination finds a rule at each turn: the network whose rule led it into an
instance has one, too, that leads it on from there. Rules of the two networks that take the same packets are
told apart by priority: those that win keep theirs, the others go below.

Labels are left as they are by switches further on, so one that both networks lead different ways meets a rule
for each link that it may arrive by; `detours` says of which this is not enough.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from adaptors.chaining.matches import covers
from adaptors.chaining.rule_table import UniqueNames
from domain.networking import HostRoute, PopNetwork, Rule, ServiceNetwork, Share
from domain.operation_plans import NetworkStage

_BEFORE = " (before)"
"""Ends the names of rules that only the old network has: probes look for the new one's."""


def staged(old: ServiceNetwork | None, new: ServiceNetwork, stage: NetworkStage) -> dict[str, PopNetwork]:
    """What each PoP of either network holds in a stage of the change from one to the other.

    :param old: the committed network; None where there is none. RESTORE gives it alone
    """
    before = old.pops if old else {}
    nothing = {pop: PopNetwork(pop=pop) for pop in sorted(before.keys() | new.pops.keys())}
    if stage is NetworkStage.SETTLE:
        return {**nothing, **new.pops}
    if stage is NetworkStage.RESTORE:
        return {**nothing, **before}
    olds, news = {**nothing, **before}, {**nothing, **new.pops}
    return {pop: _both(olds[pop], news[pop], stage) for pop in nothing}


def _both(old: PopNetwork, new: PopNetwork, stage: NetworkStage) -> PopNetwork:
    old = old.model_copy(update={"rules": _renamed(old.rules, new.rules)})
    first, second = (old, new) if stage is NetworkStage.EXTEND else (new, old)
    return PopNetwork(
        pop=old.pop,
        rules=_merged(first.rules, second.rules),
        routes={
            resource: _routes(first.routes.get(resource, ()), second.routes.get(resource, ()))
            for resource in sorted(first.routes.keys() | second.routes.keys())
        },
        shares=_shares(first.shares, second.shares),
        admissions=tuple(dict.fromkeys((*first.admissions, *second.admissions))),
        departures=tuple(dict.fromkeys((*first.departures, *second.departures))),
        chains=first.chains,
    )


def _renamed(old: Sequence[Rule], new: Sequence[Rule]) -> tuple[Rule, ...]:
    """Old rules under names that tell them from the new; what is in both has the new one's."""
    known = {_deed(rule): rule.name for rule in new}
    names = UniqueNames()
    for rule in new:
        names.take(rule.name)
    return tuple(
        rule.model_copy(update={"name": known.get(_deed(rule)) or names.take(f"{rule.name}{_BEFORE}")})
        for rule in old
    )


def _merged(winners: Sequence[Rule], others: Sequence[Rule]) -> tuple[Rule, ...]:
    """All winners, and of the others what they leave."""
    done = {_deed(rule) for rule in winners}
    led = {_fixed(rule) for rule in winners if rule.ingress is None}
    sought: dict[tuple[str, str], list[Rule]] = {}
    for rule in winners:
        if rule.ingress:
            sought.setdefault((rule.in_interface, rule.ingress.destination), []).append(rule)
    left = [rule for rule in others if _deed(rule) not in done and _fixed(rule) not in led]
    ranks = {
        priority: rank for rank, priority in enumerate(sorted({rule.priority for rule in left}), start=1)
    }
    return (*winners, *(each for rule in left for each in _below(rule, sought, ranks)))


def _below(
    rule: Rule, sought: Mapping[tuple[str, str], list[Rule]], ranks: Mapping[int, int]
) -> Iterator[Rule]:
    """A rule that yields to those that go before it: as it is where there are none to its destination."""
    if rule.ingress is None:
        yield rule
        return
    rivals = sought.get((rule.in_interface, rule.ingress.destination), ())
    if not rivals:
        yield rule
    elif not any(each.ingress and covers(each.ingress, rule.ingress) for each in rivals):
        yield rule.model_copy(update={"priority": ranks[rule.priority]})


def _deed(rule: Rule) -> Rule:
    """What a rule does, whatever its name."""
    return rule.model_copy(update={"name": ""})


def _fixed(rule: Rule) -> tuple[object, ...]:
    """What a rule takes, where no two rules may take the same."""
    if rule.ingress:
        return (rule.in_interface, rule.ingress, rule.priority, rule.label)
    return (rule.in_interface, rule.label)


def _routes(first: Iterable[HostRoute], second: Iterable[HostRoute]) -> tuple[HostRoute, ...]:
    ways = {route.destination: route for route in second} | {route.destination: route for route in first}
    return tuple(ways.values())


def _shares(first: Iterable[Share], second: Iterable[Share]) -> tuple[Share, ...]:
    """One for each graph link on each physical link, wide enough for both networks."""
    kept = {(share.name, share.physical_link, share.label): share for share in first}
    for share in second:
        key = (share.name, share.physical_link, share.label)
        known = kept.setdefault(key, share)
        if share.bandwidth_mbps > known.bandwidth_mbps:
            kept[key] = known.model_copy(update={"bandwidth_mbps": share.bandwidth_mbps})
    return tuple(kept.values())
