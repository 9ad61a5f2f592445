"""Which steps of a plan are done between two checkpoints."""

from collections.abc import Iterable, Iterator

from domain.operation_plans import Step, StepAction, Wave

_ALONE = (StepAction.REHOST,)
"""Done again, it may do more than once."""

Part = tuple[Wave, ...]
"""Waves that follow each other; where they are several, each has one step, and one activity does them all."""


def parts(waves: Iterable[Wave], most: int) -> Iterator[Part]:
    """The waves in their order, up to `most` steps together that follow each other at one kind of VIM.

    Steps side by side are not fused: each would wait for the others.
    """
    found: list[Wave] = []
    for wave in waves:
        if found and not (len(found) < most and _go_together(found[-1], wave)):
            yield tuple(found)
            found = []
        found.append(wave)
    if found:
        yield tuple(found)


def steps_of(part: Part) -> tuple[Step, ...]:
    """All steps, in their order."""
    return tuple(step for wave in part for step in wave.steps)


def _go_together(one: Wave, other: Wave) -> bool:
    if len(one.steps) != 1 or len(other.steps) != 1 or one.phase is not other.phase:
        return False
    first, second = one.steps[0], other.steps[0]
    return first.vim_kind == second.vim_kind and not {first.action, second.action}.intersection(_ALONE)
