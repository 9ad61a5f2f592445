"""What decisions are made of, and what comes of them."""

from collections.abc import Mapping

from pydantic import AwareDatetime

from domain.descriptor import Scaling
from domain.models import Model, Name
from domain.policies import Policies
from monitoring.healing import Heal, Health
from monitoring.moving import Move
from monitoring.states import State


class Watched(Model):
    """A service as it stands when it is looked at."""

    policies: Policies
    limits: Mapping[Name, Scaling]
    """Of each component that may be scaled."""
    instances: Mapping[Name, int]
    """Of each component."""
    health: Mapping[str, Health] = {}
    """Of each instance, by name, where it is known otherwise than from the snapshot."""
    interval_s: float
    """Between two looks."""
    paused_until: AwareDatetime | None = None
    """A person has paused the policies that scale and move."""
    fired: Mapping[str, AwareDatetime] | None = None
    """Schedule -> when it fired last, where somebody else has them fire; None: by their crons, here."""


class Scale(Model):
    """A component to be scaled."""

    component: Name
    before: int
    after: int
    policy: str
    reason: str


class Finding(Model):
    """What a policy went by at one look."""

    policy: str
    component: Name
    value: float | None
    wanted: int | None
    reason: str


class Decided(Model):
    """What is to be done, and what to remember."""

    state: State
    scalings: tuple[Scale, ...] = ()
    heals: tuple[Heal, ...] = ()
    moves: tuple[Move, ...] = ()
    """At most one of each component."""
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    """To be told to people."""
