"""The steps of single instances."""

from typing import Any

from domain.deployments import PlacedInstance
from domain.operation_plans import Step, StepAction
from planning.transition import Transition
from planning.turns import Turn

SHORT_TRY_S = 10.0
"""The limit of a deletion on a PoP that is lost: it will hardly be heard."""


def titled(text: str, round_number: int) -> str:
    """A title that is unique in a plan of several rounds."""
    return text if round_number == 1 else f"{text} (round {round_number})"


def create(transition: Transition, turn: Turn, placed: PlacedInstance) -> Step:
    """Build an instance, or what stands at an endpoint."""
    what = f"attach endpoint {placed.name} to" if placed.endpoint else f"create {placed.name} on"
    return _step(transition, turn, placed, StepAction.CREATE, "create", f"{what} {placed.pop}")


def configure(transition: Transition, turn: Turn, placed: PlacedInstance) -> Step:
    """Tell an instance its config anew."""
    title = f"configure {placed.name} on {placed.pop}"
    return _step(transition, turn, placed, StepAction.CONFIGURE, "configure", title)


def transfer(
    transition: Transition, turn: Turn, source: PlacedInstance, placed: PlacedInstance, *, again: bool
) -> Step:
    """Copy what an instance knows to another one."""
    replaced = source.name == placed.name
    to = f"its successor on {placed.pop}" if replaced else placed.name
    return _step(
        transition,
        turn,
        placed,
        StepAction.TRANSFER,
        f"transfer{'-again' if again else ''}",
        f"copy the state of {source.name} to {to}{' once more' if again else ''}",
        whose="" if replaced else f".from-{source.name}",
        source=source.resource,
        source_pop=source.pop,
        skippable=True,
    )


def resize(transition: Transition, turn: Turn, placed: PlacedInstance) -> Step:
    """Give an instance its new resources where it runs."""
    title = f"resize {placed.name} on {placed.pop}"
    return _step(transition, turn, placed, StepAction.RESIZE, "resize", title)


def rehost(transition: Transition, turn: Turn, placed: PlacedInstance, *, live: bool) -> Step:
    """Move an instance to another host of its PoP."""
    title = f"move {placed.name} to another host of {placed.pop}"
    return _step(transition, turn, placed, StepAction.REHOST, "rehost", title, live=live, skippable=True)


def drain(transition: Transition, turn: Turn, placed: PlacedInstance) -> Step:
    """Wait until an instance that goes has nothing in flight."""
    return _step(
        transition,
        turn,
        placed,
        StepAction.DRAIN,
        "drain",
        f"drain {_former(turn, placed)} on {placed.pop}",
        limit_s=transition.lifecycle(placed).drain,
        skippable=True,
    )


def delete(transition: Transition, turn: Turn, placed: PlacedInstance) -> Step:
    """Delete an instance. It may be left to a sweep, unless its successor must not run beside it."""
    must_end = placed.resource in transition.given_up and transition.must_end(placed)
    what = f"detach endpoint {placed.name} from" if placed.endpoint else f"delete {_former(turn, placed)} on"
    return _step(
        transition,
        turn,
        placed,
        StepAction.DELETE,
        "delete",
        f"{what} {placed.pop}",
        limit_s=SHORT_TRY_S if transition.is_lost(placed.pop) else None,
        skippable=not must_end,
    )


def _step(
    transition: Transition,
    turn: Turn,
    placed: PlacedInstance,
    action: StepAction,
    word: str,
    title: str,
    whose: str = "",
    **more: Any,
) -> Step:
    """A step at an instance; `more` are fields of Step."""
    return transition.timed(
        Step(
            id=f"{turn.number}.{word}.{placed.name}{whose}",
            action=action,
            title=titled(title, turn.number),
            vim_kind=transition.kind(placed.pop),
            pop=placed.pop,
            round=turn.number,
            instance=placed.name,
            resource=placed.resource,
            **more,
        )
    )


def _former(turn: Turn, placed: PlacedInstance) -> str:
    return f"the former {placed.name}" if placed.name in turn.after else placed.name
