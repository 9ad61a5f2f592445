"""Healing: when an instance counts as dead, how often it is built anew, and when it is left to people."""

from collections.abc import Mapping

from pydantic import AwareDatetime

from domain.models import Model, Name
from domain.policies import HealingPolicy
from monitoring.states import Ailment, HealingState


class Health(Model):
    """What its VIM says of an instance."""

    component: Name
    well: bool | None
    """None: it does not say, or was not reached."""
    told: str = ""
    """In its own words."""
    at: AwareDatetime | None = None
    """When it said so, by the clock of whoever asked it; None: now."""


class Heal(Model):
    """An instance to be built anew."""

    component: Name
    instance: str
    action: str
    """`restart` or `replace`."""
    elsewhere: bool
    """At another PoP, where one will do: it was tried often enough where it is."""
    reason: str


def ill(
    policy: HealingPolicy, state: HealingState, health: Mapping[str, Health], now: float
) -> tuple[HealingState, list[Heal], list[str]]:
    """What is to be healed, what is remembered, and what is to be told. Nothing by silence.

    :param health: of the component's instances, by name
    """
    sick = {name: each for name, each in health.items() if each.well is False}
    since = {name: state.ill_since.get(name, now) for name in sick}
    recent = tuple(each for each in state.heals if each[0] > now - policy.period)
    after = HealingState(ill_since=since, heals=recent)
    heals, notes = [], []
    for name in sorted(sick):
        if now - since[name] < policy.unhealthy_for:
            continue
        tried = heals_of(name, after)
        reason = f"ill for {now - since[name]:.0f} s" + (f": {sick[name].told}" if sick[name].told else "")
        if tried >= policy.give_up_after:
            notes.append(
                f"{name} was healed {tried} times within {policy.period:g} s: left to people ({reason})"
            )
            continue
        heals.append(_heal(policy, name, tried, reason))
    return after, heals, notes


def heals_of(instance: str, state: HealingState) -> int:
    """How often an instance was healed within its policy's period."""
    return sum(healed == instance for _, healed in state.heals)


def ailments(before: Mapping[str, Ailment], health: Mapping[str, Health], now: float) -> dict[str, Ailment]:
    """Who is ill, since when: until an instance is well, or gone; silence ends nothing.

    :param health: of all instances; empty where nobody knows of any
    """
    found = {name: each for name, each in before.items() if not health or _unknown(health.get(name))}
    for name, each in health.items():
        if each.well is False:
            since = before[name].since if name in before else now
            found[name] = Ailment(component=each.component, since=since, told=each.told)
    return found


def _unknown(health: Health | None) -> bool:
    return health is not None and health.well is None


def _heal(policy: HealingPolicy, instance: str, tried: int, reason: str) -> Heal:
    elsewhere = tried >= policy.attempts
    told = f"{reason}; healed {tried} times within {policy.period:g} s" if tried else reason
    return Heal(
        component=policy.component,
        instance=instance,
        action=policy.action,
        elsewhere=elsewhere,
        reason=f"{told}, so at another PoP" if elsewhere else told,
    )
