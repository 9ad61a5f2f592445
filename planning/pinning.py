"""Where each instance may be: what stays is pinned to where it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.deployments import Deployment
from domain.errors import InfeasibleError
from domain.infrastructure import Infrastructure
from domain.names import joinable
from domain.plans import GraphInstance
from planning.aims import Aim
from planning.suitability import objections


@dataclass
class Pinning:
    """Pins one instance after the other; `notes` says why one cannot stay."""

    aim: Aim
    before: Deployment | None
    avoid: Mapping[str, frozenset[str]]
    """Instance -> PoPs where it was tried in vain."""
    infrastructure: Infrastructure
    uneasy: frozenset[str] = frozenset()
    pops: dict[str, str | None] = field(default_factory=dict)
    """Instance -> the PoP that it is pinned to, or stays on where nothing is gained elsewhere; else None."""
    notes: list[str] = field(default_factory=list)

    def pinned(self, part: GraphInstance) -> GraphInstance:
        """`part`, kept to the PoPs that the operation leaves it."""
        stand = self.before.plan.placements.get(part.name) if self.before else None
        never = self._never(part.name)
        pop = self._wish(part.name, never) or (self._stays(part, stand, never) if stand else None)
        if pop is not None:
            self.pops[part.name] = pop
            return part.model_copy(update={"allowed_pops": frozenset({pop})})
        may_stay = self._may_move(part.name) and stand not in never
        self.pops[part.name] = stand if may_stay else None
        closed = (self.aim.closed | self._unjoined()) - ({stand} if may_stay else set())
        return part.model_copy(update={"forbidden_pops": part.forbidden_pops | never | closed})

    def _never(self, name: str) -> frozenset[str]:
        nothing: frozenset[str] = frozenset()
        return self.aim.lost | self.aim.excluded.get(name, nothing) | self.avoid.get(name, nothing)

    def _unjoined(self) -> frozenset[str]:
        """PoPs that no network joins with those of the service."""
        kinds = set(self.before.vim_kinds.values()) if self.before else set()
        pops = self.infrastructure.pops.items()
        return frozenset(name for name, pop in pops if not joinable({*kinds, pop.vim.kind}))

    def _wish(self, name: str, never: frozenset[str]) -> str | None:
        pop = self.aim.moved.get(name)
        if pop in never:
            raise InfeasibleError(
                f"{name} is to move to {pop}, where it was tried in vain: choose another PoP"
            )
        return pop

    def _may_move(self, name: str) -> bool:
        """Whether it is left to the placement if an instance moves."""
        return self.aim.move_cost is not None or name in self.uneasy

    def _stays(self, part: GraphInstance, stand: str, never: frozenset[str]) -> str | None:
        if part.name in self.aim.freed or self._may_move(part.name):
            return None
        against = ["the PoP is lost"] if stand in self.aim.lost else []
        if stand in never and not against:
            against = ["it was tried there in vain"]
        against += [] if against else objections(part, stand, self.infrastructure)
        if against:
            self.notes.append(f"{part.name} leaves {stand}: {'; '.join(against)}")
        return None if against else stand
