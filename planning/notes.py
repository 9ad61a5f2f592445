"""What a person should know of a plan beside its steps."""

from collections.abc import Iterator, Sequence

from domain.deployments import PlacedInstance
from planning.changes import Changes
from planning.transfers import uncopied
from planning.transition import Transition
from planning.turns import Turn
from planning.wiring import environment_of


def notes(transition: Transition, changes: Changes, turns: Sequence[Turn]) -> tuple[str, ...]:
    """Those of the target, then what becomes of state, and what is not told anew."""
    return tuple(
        dict.fromkeys(
            (
                *transition.target.notes,
                *_states(transition, changes),
                *(_begins_anew(each) for turn in turns for each in uncopied(transition, turn)),
                *_untold(transition, changes),
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


def _untold(transition: Transition, changes: Changes) -> Iterator[str]:
    """An environment is given once: who is kept does not hear of changes."""
    before = transition.before
    if before is None:
        return
    was = {each.name: each for each in before.instances}
    old = transition.wiring.outputs(was)
    new = transition.wiring.outputs({each.name: each for each in transition.after.instances})
    for each in changes.kept:
        earlier = environment_of(was[each.name], transition.present, old)
        if earlier != environment_of(each, transition.target.descriptor, new):
            yield f"{each.name} goes on with its old environment until it is built anew"
