"""What a person should know of a plan beside its steps."""

from collections.abc import Iterator, Sequence

from domain.deployments import PlacedInstance
from planning.changes import Changes
from planning.transfers import uncopied
from planning.transition import Transition
from planning.turns import Turn


def notes(transition: Transition, changes: Changes, turns: Sequence[Turn]) -> tuple[str, ...]:
    """Those of the target, then what becomes of state."""
    return tuple(
        dict.fromkeys(
            (
                *transition.target.notes,
                *_states(transition, changes),
                *(_begins_anew(each) for turn in turns for each in uncopied(transition, turn)),
            )
        )
    )


def _states(transition: Transition, changes: Changes) -> Iterator[str]:
    for old, new in changes.replaced:
        if not transition.traits(old).stateful:
            continue
        if transition.is_lost(old.pop):
            yield f"the state of {old.name} is lost with {old.pop}"
        elif transition.is_ill(old):
            yield f"the state of {old.name} is not copied: it is ill"
        elif old.resource in transition.given_up:
            yield f"the state of {old.name} is not copied: it ends before its successor begins"
        elif not transition.traits(new).stateful:
            yield f"the state of {old.name} is not copied: {new.image} takes none"
        elif transition.kind(old.pop) != transition.kind(new.pop):
            yield f"the state of {old.name} is not copied from one kind of VIM to another"
        else:
            yield _copied(transition, old)


def _copied(transition: Transition, old: PlacedInstance) -> str:
    if transition.after.network is None:
        return f"what {old.name} changes of its state after it is copied is lost"
    return f"the state of {old.name} is copied before the switch, and right after it once more"


def _begins_anew(component: str) -> str:
    return f"{component} has too many instances to copy connections among them: those that move begin anew"
