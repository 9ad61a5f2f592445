"""The waves of one turn: build, connect, hand over, resize or move what stays, take away."""

from collections.abc import Iterable, Iterator, Sequence

from domain.deployments import PlacedInstance
from domain.names import NETWORKED_KINDS
from domain.operation_plans import NetworkStage, Step, Wave
from domain.phases import Phase
from planning.in_place import rehosted, resized, stays_connected
from planning.network_steps import NetworkChange, disconnections, network_change
from planning.steps import configure, create, delete, drain, rehost, resize, transfer
from planning.transfers import transfers
from planning.transition import Transition
from planning.turns import Turn
from planning.wiring import News


def all_waves(transition: Transition, turns: Sequence[Turn]) -> tuple[Wave, ...]:
    """Turn by turn; what the lost PoPs still hold comes last."""
    found = [wave for turn in turns for wave in _of_turn(transition, turn)]
    last = turns[-1]
    lost = [
        delete(transition, turn, each) for turn in turns for each in turn.going if _lost(transition, each)
    ]
    lost += disconnections(transition, last.number, lost=True)
    return tuple(wave for wave in (*found, Wave(phase=Phase.DELETING, steps=tuple(lost))) if wave.steps)


def _of_turn(transition: Transition, turn: Turn) -> Iterator[Wave]:
    network = None if stays_connected(transition) else network_change(transition, turn.number)
    yield from _build(transition, turn)
    yield from _connect(transition, turn, network) if network else _tell(transition, turn)
    if turn.number == 1:
        yield from _stay(transition, turn)
    yield from _take_away(transition, turn, network)


def _build(transition: Transition, turn: Turn) -> Iterator[Wave]:
    """In dependency order. Those that must end first do so as late as their successors allow."""
    ending = [each for each in turn.going if each.resource in transition.given_up]
    successors = {each.name for each in ending}
    for members in _in_order(transition, turn.built):
        if ending and any(each.name in successors for each in members):
            yield from _end(transition, turn, ending)
            ending = []
        yield _wave(Phase.PROVISIONING, [create(transition, turn, each) for each in members])


def _end(transition: Transition, turn: Turn, ending: list[PlacedInstance]) -> Iterator[Wave]:
    yield _wave(Phase.DRAINING, _drains(transition, turn, ending))
    yield _wave(Phase.DELETING, [delete(transition, turn, each) for each in ending])


def _connect(transition: Transition, turn: Turn, network: NetworkChange) -> Iterator[Wave]:
    """Ways to the new are there before anybody is told of it, ways to the old until nobody needs them."""
    yield _wave(Phase.CONNECTING, _told(transition, turn, News.FORGETS))
    yield _wave(Phase.CONNECTING, [network.compile()])
    yield _wave(Phase.CONNECTING, network.joins())
    if network.fresh:
        yield _wave(Phase.CONNECTING, network.programs(NetworkStage.SETTLE))
    else:
        yield _wave(Phase.CONNECTING, network.programs(NetworkStage.EXTEND))
        yield _wave(Phase.CONNECTING, _copies(transition, turn, again=False))  # as late as can be
        yield _wave(Phase.CONNECTING, network.programs(NetworkStage.SWITCH))
        yield _wave(Phase.CONNECTING, _copies(transition, turn, again=True))
    yield _wave(Phase.CONNECTING, _told(transition, turn, News.LEARNS))
    yield _wave(Phase.CONNECTING, [network.probe()])


def _tell(transition: Transition, turn: Turn) -> Iterator[Wave]:
    yield _wave(Phase.PROVISIONING, _copies(transition, turn, again=False))
    yield _wave(Phase.CONNECTING, _told(transition, turn, News.FORGETS, News.LEARNS))


def _stay(transition: Transition, turn: Turn) -> Iterator[Wave]:
    """What is done to instances that stay themselves, one after the other: each may be interrupted."""
    for placed in resized(transition):
        yield _wave(Phase.PROVISIONING, [resize(transition, turn, placed)])
    for placed in rehosted(transition):
        yield _wave(Phase.PROVISIONING, [rehost(transition, turn, placed, live=transition.target.live)])


def _take_away(transition: Transition, turn: Turn, network: NetworkChange | None) -> Iterator[Wave]:
    going = [
        each
        for each in turn.going
        if each.resource not in transition.given_up and not _lost(transition, each)
    ]
    yield _wave(Phase.DRAINING, _drains(transition, turn, going))
    if network and not network.fresh:
        yield _wave(Phase.DELETING, network.programs(NetworkStage.SETTLE))
    yield _wave(Phase.DELETING, [delete(transition, turn, each) for each in going])
    if turn.number == 1:
        yield _wave(Phase.DELETING, disconnections(transition, 1, lost=False))


def _drains(transition: Transition, turn: Turn, going: Iterable[PlacedInstance]) -> list[Step]:
    """Of those through whose VIM packets go; others have nothing that could be waited for."""
    return [
        drain(transition, turn, each)
        for each in going
        if not each.endpoint and transition.is_sound(each) and transition.kind(each.pop) in NETWORKED_KINDS
    ]


def _copies(transition: Transition, turn: Turn, *, again: bool) -> list[Step]:
    return [
        transfer(transition, turn, source, target, again=again)
        for source, target in transfers(transition, turn)
    ]


def _told(transition: Transition, turn: Turn, *wanted: News) -> list[Step]:
    return [configure(transition, turn, placed) for placed, news in turn.told(transition) if news in wanted]


def _in_order(transition: Transition, built: Sequence[PlacedInstance]) -> Iterator[list[PlacedInstance]]:
    """Endpoints, then components in dependency order."""
    yield [each for each in built if each.endpoint]
    for components in transition.after.graph.waves:
        yield [each for each in built if not each.endpoint and each.component in components]


def _lost(transition: Transition, placed: PlacedInstance) -> bool:
    return transition.is_lost(placed.pop)


def _wave(phase: Phase, steps: Iterable[Step]) -> Wave:
    return Wave(phase=phase, steps=tuple(steps))
