"""A placement that is refused says what stands against what, and what would make it fit."""

import asyncio
import logging
import threading

from domain.deployments import Deployment
from domain.errors import InfeasibleError
from domain.explanations import Explanation
from domain.infrastructure import Infrastructure
from domain.names import OperationKind
from placement.explain.explaining import Context, explain
from placement.topology import Usage
from planning.target import Target

_log = logging.getLogger(__name__)

_TIME_LIMIT_S = 8.0
_GRACE_S = 2.0
"""Beyond it, for building what the solvers are asked."""
_SHOWN = 3
_ONE_AT_A_TIME = threading.Lock()


class PlacementRefusedError(InfeasibleError):
    """The placement's first reason, with all that it was about."""

    def __init__(
        self,
        reason: str,
        aim: Target,
        infrastructure: Infrastructure,
        usage: Usage,
        before: Deployment | None,
    ) -> None:
        self.aim = aim
        self.infrastructure = infrastructure
        self.usage = usage
        self.before = before
        super().__init__(reason)


async def explained(refused: PlacementRefusedError) -> InfeasibleError:
    """The refusal with its explanation; with its first reason alone where that takes too long or fails."""
    found = None
    try:
        work = asyncio.to_thread(_explanation, refused)
        found = await asyncio.wait_for(work, _TIME_LIMIT_S + _GRACE_S)
    except TimeoutError:
        _log.warning("no explanation in time of %s", refused)
    except Exception:  # whatever is wrong with the explanation, the refusal must be told
        _log.exception("no explanation of %s", refused)
    return InfeasibleError(_message(refused, found))


def _explanation(refused: PlacementRefusedError) -> Explanation | None:
    """None while another one is worked out: in a rush, the processors are for what may fit."""
    if not _ONE_AT_A_TIME.acquire(blocking=False):
        return None
    try:
        aim, standing = refused.aim, refused.aim.standing
        known = Context(described=aim.graph, least=_least(aim, refused.before), reason=str(refused))
        return explain(aim.asked, refused.infrastructure, refused.usage, standing, _TIME_LIMIT_S, known)
    finally:
        _ONE_AT_A_TIME.release()


def _least(aim: Target, before: Deployment | None) -> dict[str, int]:
    """Component -> fewest instances: what runs is not taken away."""
    running = [each.component for each in before.instances] if before else []
    return {
        name: max(running.count(name), component.scaling.min)
        for name, component in aim.descriptor.components.items()
        if component.scaling
    }


def _flavoured(aim: Target, found: Explanation) -> str:
    """The component of a Scale that another flavour would let fit; empty where none is told."""
    fields = (each.where.split(".") for way in found.relaxations[:_SHOWN] for each in way.changes)
    scaled = [where[1] for where in fields if where[0] == "components" and where[2] == "resources"]
    return scaled[0] if scaled and aim.kind is OperationKind.SCALE else ""


def _message(refused: PlacementRefusedError, found: Explanation | None) -> str:
    """The first reason, what is in conflict, a few ways out, and where there is more."""
    aim, lines = refused.aim, [str(refused)]
    if found is not None and found.conflict:
        lines.append(found.text(shown=_SHOWN).removeprefix(f"{refused}\n"))
    if found is not None and (scaled := _flavoured(aim, found)):
        lines += ["", f"`interlace scale {aim.service} {scaled}` takes --vcpus, --memory and --disk too"]
    if aim.kind is OperationKind.INSTANTIATE:
        lines += ["", f"`interlace why-not {aim.descriptor.name}:{aim.version}` tells more"]
    return "\n".join(lines)
