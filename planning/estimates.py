"""How long steps are expected to take: as they took before, or else as is usual for the kind of VIM."""

from collections.abc import Iterable, Mapping

from domain.operation_plans import Step, StepAction, Wave

_MODELLED = {
    StepAction.CREATE: 0.1,
    StepAction.CONFIGURE: 0.05,
    StepAction.RESIZE: 0.1,
    StepAction.REHOST: 0.1,
    StepAction.TRANSFER: 0.05,
    StepAction.DRAIN: 0.05,
    StepAction.DELETE: 0.1,
    StepAction.COMPILE: 0.05,
    StepAction.JOIN: 0.05,
    StepAction.PROGRAM: 0.05,
    StepAction.PROBE: 0.05,
}
"""Answers at once, unless its settings say otherwise."""

_EMULATOR = {
    StepAction.CREATE: 1.5,
    StepAction.CONFIGURE: 0.5,
    StepAction.TRANSFER: 0.5,
    StepAction.DRAIN: 2.0,
    StepAction.DELETE: 0.7,
    StepAction.COMPILE: 0.2,
    StepAction.JOIN: 0.7,
    StepAction.PROGRAM: 0.3,
    StepAction.PROBE: 1.0,
}
"""Namespaces and processes of one machine."""

_USUAL = {
    StepAction.CREATE: 45.0,
    StepAction.CONFIGURE: 5.0,
    StepAction.RESIZE: 40.0,
    StepAction.REHOST: 30.0,
    StepAction.TRANSFER: 5.0,
    StepAction.DRAIN: 5.0,
    StepAction.DELETE: 15.0,
    StepAction.COMPILE: 1.0,
    StepAction.JOIN: 5.0,
    StepAction.PROGRAM: 2.0,
    StepAction.PROBE: 5.0,
}
"""Virtual machines of a cloud."""

_DEFAULTS = {"modelled": _MODELLED, "emulator": _EMULATOR}

Expected = Mapping[tuple[str, str], float]
"""(action, kind of VIM) -> seconds, as earlier operations found them."""


def seconds(expected: Expected, action: StepAction, vim_kind: str) -> float:
    """How long such a step is expected to take."""
    return expected.get((action.value, vim_kind), _DEFAULTS.get(vim_kind, _USUAL)[action])


def estimated(step: Step, expected: Expected) -> Step:
    """The step with its expected duration; a drain is cut at its limit."""
    usual = seconds(expected, step.action, step.vim_kind)
    limit = usual if step.limit_s is None else step.limit_s
    return step.model_copy(update={"expected_s": min(usual, limit)})


def duration(waves: Iterable[Wave]) -> float:
    """Of waves one after the other: each as long as its longest step."""
    return sum(max((step.expected_s for step in wave.steps), default=0.0) for wave in waves)
