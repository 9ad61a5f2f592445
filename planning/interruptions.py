"""How long components are expected not to serve, and why."""

from collections.abc import Iterable, Iterator, Sequence

from domain.deployments import PlacedInstance
from domain.descriptor import Descriptor
from domain.operation_plans import Interruption, NetworkStage, Step, StepAction, Wave
from domain.semantics import owner
from planning.estimates import duration
from planning.transition import Transition
from planning.turns import Turn
from planning.wiring import referred


def interruptions(
    transition: Transition, turns: Sequence[Turn], waves: Sequence[Wave]
) -> tuple[Interruption, ...]:
    """By component; what is not interrupted is left out."""
    components = dict.fromkeys(each.component for each in transition.after.instances if not each.endpoint)
    found = [_of(component, transition, turns, waves) for component in components]
    return tuple(each for each in found if each and each.seconds > 0)


def _of(
    component: str, transition: Transition, turns: Sequence[Turn], waves: Sequence[Wave]
) -> Interruption | None:
    seconds, reasons = 0.0, dict[str, None]()
    for turn in turns:
        pairs = [pair for pair in _exchanged(turn) if pair[0].component == component]
        gaps = [(old, _gap(transition, turn, old, waves)) for old, _ in pairs if _leaves_gap(transition, old)]
        seconds += max((gap for _, gap in gaps), default=0.0)
        reasons |= dict.fromkeys(_reason(transition, old) for old, _ in gaps)
        cut = [old for old, new in pairs if _is_cut(transition, old, new)]
        if cut and not gaps:
            seconds += max((step.expected_s for step in _switches(turn, waves)), default=0.0)
            reasons["connections open at the switch are cut"] = None
    stops = [step for wave in waves for step in wave.steps if _stops(step, component, transition)]
    seconds += sum(step.expected_s for step in stops)
    reasons |= dict.fromkeys(_pause(step, len(stops)) for step in stops)
    return Interruption(component=component, seconds=round(seconds, 3), why="; ".join(reasons))


def _stops(step: Step, component: str, transition: Transition) -> bool:
    """Whether an instance of the component stops while the step lasts, and goes on as itself."""
    if step.action is not StepAction.RESIZE and (step.action is not StepAction.REHOST or step.live):
        return False
    placed = transition.after.instance(step.instance or "")
    return placed is not None and placed.component == component


def _pause(step: Step, number: int) -> str:
    who = step.instance if number == 1 else "each instance in its turn"
    what = "resized" if step.action is StepAction.RESIZE else "moved to another host"
    return f"{who} stops while it is {what}"


def _exchanged(turn: Turn) -> Iterator[tuple[PlacedInstance, PlacedInstance]]:
    for new in turn.built:
        if not new.endpoint and new.name in turn.before:
            yield turn.before[new.name], new


def _leaves_gap(transition: Transition, old: PlacedInstance) -> bool:
    return old.resource in transition.given_up or not transition.is_sound(old)


def _reason(transition: Transition, old: PlacedInstance) -> str:
    if transition.is_lost(old.pop):
        return f"{old.name} went down with {old.pop} and is built anew"
    if transition.is_ill(old):
        return f"{old.name} is ill and built anew"
    return f"{old.name} ends before its successor begins"


def _gap(transition: Transition, turn: Turn, old: PlacedInstance, waves: Sequence[Wave]) -> float:
    """From its end until packets come to its successor; what is down already is so from the beginning."""
    ended = [n for n, wave in enumerate(waves) if any(_ends(step, old) for step in wave.steps)]
    served = [
        n for n, wave in enumerate(waves) if any(_brings(step, transition, turn, old) for step in wave.steps)
    ]
    begin = 0 if not transition.is_sound(old) else min(ended, default=0)
    return duration(waves[begin : max(served, default=begin) + 1])


def _ends(step: Step, old: PlacedInstance) -> bool:
    return step.action is StepAction.DELETE and step.resource == old.resource


def _brings(step: Step, transition: Transition, turn: Turn, old: PlacedInstance) -> bool:
    """Whether the step is one of those after which packets come to the successor."""
    if step.round != turn.number:
        return False
    if step.action is StepAction.CREATE:
        return step.instance == old.name
    if step.action is StepAction.CONFIGURE and step.instance:
        return old.component in _told_of(transition, turn.after[step.instance])
    return step.stage is NetworkStage.SWITCH


def _told_of(transition: Transition, placed: PlacedInstance) -> set[str]:
    component = transition.component(placed)
    return referred([*(component.config.values() if component else ()), *placed.config.values()])


def _is_cut(transition: Transition, old: PlacedInstance, new: PlacedInstance) -> bool:
    """Whether packets to its address go to the successor while connections to the old one are open."""
    if transition.is_routed(old) or transition.is_routed(new):
        return False
    descriptor = transition.target.descriptor
    wired = (text for each in descriptor.components.values() for text in each.environment.values())
    return old.component in {*referred(wired), *_met(transition, descriptor)}


def _met(transition: Transition, descriptor: Descriptor) -> Iterator[str]:
    """The components in which packets of users end first."""
    routed = {each.component for each in transition.after.instances if transition.is_routed(each)}
    paths = [chain.path for chain in descriptor.chains.values()]
    paths += [link.between for link in descriptor.links.values()]
    for path in paths:
        for way in (path, path[::-1]):
            owners = [owner(port) for port in way]
            if owners[0] in descriptor.endpoints:
                yield from [each for each in owners[1:] if each not in routed][:1]


def _switches(turn: Turn, waves: Iterable[Wave]) -> Iterator[Step]:
    for wave in waves:
        for step in wave.steps:
            if step.stage is NetworkStage.SWITCH and step.round == turn.number:
                yield step
