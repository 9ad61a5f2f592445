"""Re-optimisation: what is asked, what was found, and what came of it."""

from typing import Literal

from pydantic import Field, model_validator

from domain.infrastructure import Resources
from domain.models import Model, Name, Version
from domain.names import OperationKind
from domain.objectives import Objective
from domain.plans import Route, ServiceGraph
from domain.requests import Patience
from domain.steering import Survey

MOST_STEPS = 2000
"""Of one report, so that it fits into a workflow's history; another run finds the rest."""


class NewService(Model):
    """A service that is to come."""

    descriptor: Name
    version: Version | None = None
    """The newest onboarded one where absent."""


class MovePrices(Model):
    """What a move costs once, in the infrastructure's currency, and over how long it must pay."""

    horizon_h: float = Field(default=720.0, gt=0, le=1e6, allow_inf_nan=False)
    """A move is worth it when what it gains in so many hours is more than it costs once."""
    per_interrupted_s: float = Field(default=0.01, ge=0, le=1e9, allow_inf_nan=False)
    """For each second in which a component is expected not to serve."""
    per_gib: float = Field(default=0.002, ge=0, le=1e9, allow_inf_nan=False)
    """For each GiB of an instance's memory and disk: the most that has to be transferred."""


class OptimiseRequest(Model):
    """Input of the workflow Optimise. None of evacuate, defragment and new: to where it pays."""

    services: tuple[Name, ...] = ()
    """All where empty."""
    tenant: Name | None = None
    """Only services of this tenant."""
    region: Name | None = None
    """Only instances there may move."""
    pop: Name | None = None
    """Only instances there may move."""
    evacuate: Name | None = None
    """All leave this PoP."""
    defragment: bool = False
    """Empty as many PoPs as can be, one after the other."""
    allowance_per_hour: float = Field(default=0.0, ge=0, le=1e9, allow_inf_nan=False)
    """With defragment: by how much the cost per hour may grow for it, in all."""
    new: dict[Name, NewService] = {}
    """Services to come, by name: whether they fit, and what has to move for them."""
    objective: Objective | None = None
    """Of all services; where absent each counts by its own, and their sum is what is least."""
    prices: MovePrices = MovePrices()
    time_limit_s: float = Field(default=60.0, gt=0, le=3600, allow_inf_nan=False)
    """For finding the moves."""
    apply: bool = False
    """Carry the moves out; else only say which."""
    at_once: int = Field(default=1, ge=1, le=16)
    """With apply: how many services move at a time, where their moves do not wait for each other."""
    patience: Patience = Patience()
    """Of each Migrate."""

    @model_validator(mode="after")
    def _one_aim(self) -> "OptimiseRequest":
        ways = {"evacuate": self.evacuate, "defragment": self.defragment, "new": self.new}
        given = [name for name, value in ways.items() if value]
        if len(given) > 1:
            raise ValueError(f"say one of {', '.join(ways)}: not {' and '.join(given)} together")
        if self.allowance_per_hour and not self.defragment:
            raise ValueError("allowance_per_hour goes with defragment only")
        if self.at_once > 1 and not self.apply:
            raise ValueError("at_once goes with apply only")
        if self.evacuate and (self.pop or self.region):
            raise ValueError("evacuate says itself which instances move: leave out pop and region")
        if self.defragment and self.pop:
            raise ValueError("defragment goes with a region, not with a pop: evacuate empties one PoP")
        return self


class OptimiseOrder(Model):
    """What is to be worked out."""

    request: OptimiseRequest
    survey: Survey = Survey()
    """Of the images that run."""


class MoveCost(Model):
    """What it costs once to move an instance."""

    interrupted_s: float = Field(ge=0)
    transferred_gib: float = Field(ge=0)
    once: float = Field(ge=0)
    """In the infrastructure's currency."""


class RunningService(Model):
    """A service that runs, for a placement of several together."""

    tenant: Name = "default"
    graph: ServiceGraph
    """Each instance with its own resources, each endpoint at its PoP."""
    placements: dict[str, Name]
    routes: tuple[Route, ...]
    moves: dict[str, MoveCost] = {}
    """Instances that may move, and what that costs; the others stay."""


class Move(Model):
    """One instance: from where it was to where it is in the end."""

    service: Name
    instance: str
    source: Name
    target: Name
    gain_per_hour: float
    """Of what is optimised, in the infrastructure's currency; below 0 where it only makes room. What a route
    gains is halved between its ends where both move."""
    costs_once: float
    interrupted_s: float
    transferred_gib: float
    via: Name | None = None
    """A third PoP where it stays meanwhile, for lack of room."""

    @property
    def pays_after_h(self) -> float | None:
        """Hours; None where it does not by itself."""
        return self.costs_once / self.gain_per_hour if self.gain_per_hour > 0 else None


class MoveStep(Model):
    """One Migrate. The steps are in an order in which each finds room for old and new together."""

    service: Name
    tenant: Name
    moves: dict[str, Name]
    """Instance -> PoP."""
    after: int = 0
    """So many of the steps, the first ones, must have been made before."""


class Newcomer(Model):
    """A service to come: where it would go once all moves are done, or why it does not fit."""

    service: Name
    descriptor: Name
    version: Version
    placements: dict[str, Name] = {}
    cost_per_hour: float | None = None
    fits_without_moves: bool = False
    why_not: str = ""


class LeftOut(Model):
    """A service, or what of it, that was not moved, and why."""

    service: Name
    why: str


class PopInUse(Model):
    """A PoP that was to be emptied and could not be, and what stands in the way."""

    pop: Name
    why: str


class FreeBlock(Model):
    """The PoP with the most that is free in one place: by vcpus, then memory."""

    pop: Name
    free: Resources


class OptimisationReport(Model):
    """The best set of moves that was found, in the order in which they can be made."""

    currency: str
    horizon_h: float
    considered: int
    """Services whose instances might move."""
    moves: tuple[Move, ...] = ()
    steps: tuple[MoveStep, ...] = ()
    newcomers: tuple[Newcomer, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    cost_before: float
    """Per hour, of the services considered, at today's prices."""
    cost_after: float
    """Without the newcomers."""
    gain_per_hour: float
    """Of what is optimised: the sum of what each service gains by its objective. With cost for all of them
    that is cost_before - cost_after."""
    objectives: dict[Name, Objective] = {}
    """By which each service that might move, or comes, counts."""
    costs_once: float
    gap: float | None = None
    """Proven relative distance to the best: 0 is optimal; None where none is known. Against what each service
    would count alone, where there are too many for one exact placement."""
    emptied: tuple[Name, ...] = ()
    """PoPs that hold nothing afterwards, and did before."""
    in_use: tuple[PopInUse, ...] = ()
    """With defragment: those that could not be emptied, in the order in which they were tried."""
    block_before: FreeBlock | None = None
    block_after: FreeBlock | None = None
    took_s: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def pays_after_h(self) -> float | None:
        """Hours after which all moves together have paid; None where they do not."""
        return self.costs_once / self.gain_per_hour if self.gain_per_hour > 0 else None


MoveState = Literal["waiting", "moving", "done", "failed", "skipped"]


class MoveProgress(Model):
    """How one step stands."""

    kind: OperationKind = OperationKind.MIGRATE
    """Or Instantiate, of a newcomer."""
    service: Name
    moves: dict[str, Name]
    """Instance -> PoP; of a newcomer, as worked out: it is placed anew when it comes."""
    state: MoveState = "waiting"
    why: str = ""
    """Why it failed or was skipped."""


class OptimiseProgress(Model):
    """Answer of the query `progress`."""

    phase: Literal["looking", "working out", "moving", "done"]
    steps: tuple[MoveProgress, ...] = ()


class OptimiseResult(Model):
    """Output of the workflow Optimise."""

    report: OptimisationReport
    applied: bool
    steps: tuple[MoveProgress, ...] = ()
    """What came of each step; empty where nothing was to be carried out."""
    cancelled: bool = False
    """No step began after the cancel."""
