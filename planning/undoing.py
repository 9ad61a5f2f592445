"""The way back to the committed deployment.

It goes by what the ledger says that exists, not by what an operation believes to have done. Only for what the
ledger cannot show is the plan asked what it may have done: a deletion that was cut between the VIM and the
ledger, the rules on switches, the configs of instances.

PoPs that a Heal gave up as lost are not asked, unless the ledger says that something of them was deleted.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.networking import ServiceNetwork
from domain.operation_plans import NetworkStage, OperationPlan, Step, StepAction, Wave
from domain.phases import Phase, ResourceState
from domain.records import ResourceRecord
from planning.deletions import deletions
from planning.doubts import Doubts
from planning.estimates import Expected, estimated
from planning.network_steps import links_of, network_pops, programmed

_TITLES = {
    NetworkStage.REOPEN: "open the former ways of {} again",
    NetworkStage.RETURN: "lead packets by the former ways of {}",
    NetworkStage.RESTORE: "give {} its former ways alone",
}


def undo_waves(
    service: str,
    committed: Deployment | None,
    network: ServiceNetwork | None,
    ledger: Sequence[ResourceRecord],
    plan: OperationPlan | None,
    expected: Expected,
    descriptor: Descriptor | None = None,
    begun: frozenset[str] | None = None,
    dead: Sequence[OperationPlan] = (),
) -> tuple[Wave, ...]:
    """What brings a service back to what is committed; from wherever an operation stopped, half a step too.

    :param committed: None: nothing is, so nothing stays
    :param network: the committed one
    :param ledger: of the service; its leftovers stay with their sweep, unless they are committed
    :param plan: None: an operation died, and nobody knows what it did
    :param descriptor: of the committed deployment, to know who has a config; None: all may have
    :param begun: ids of the plan's steps that may have changed something; None: any may have
    :param dead: without a plan: those that the operation that died may have followed
    """
    ours = [row for row in ledger if row.service == service]
    layers: list[Sequence[Step]] = []
    if committed:
        layers += _Return(committed, network, ours, Doubts(plan, begun, tuple(dead)), descriptor).layers()
    layers += deletions("undo", _beyond(committed, network, ours))
    waves = (tuple(estimated(step, expected) for step in layer) for layer in layers)
    return tuple(Wave(phase=Phase.UNDOING, steps=steps) for steps in waves if steps)


def _beyond(
    committed: Deployment | None, network: ServiceNetwork | None, ledger: Sequence[ResourceRecord]
) -> Iterator[ResourceRecord]:
    """What is there, or may be, and should not be."""
    kept = _places(committed, network) if committed else frozenset()
    for row in ledger:
        if (row.resource_name, row.pop) not in kept and row.state is not ResourceState.LEFTOVER:
            yield row


def _places(committed: Deployment, network: ServiceNetwork | None) -> frozenset[tuple[str, str]]:
    """(name, PoP) of all that is committed."""
    pops = _connected(committed, network)
    return frozenset(
        {
            *((each.resource, each.pop) for each in committed.instances),
            *((committed.network or "", pop) for pop in pops),
        }
    )


def _connected(committed: Deployment, network: ServiceNetwork | None) -> tuple[str, ...]:
    """The PoPs of the committed network."""
    if committed.network is None:
        return ()
    return tuple(sorted({*network_pops(committed), *(network.pops if network else ())}))


@dataclass(frozen=True)
class _Return:
    """The steps back to what is committed."""

    committed: Deployment
    network: ServiceNetwork | None
    ledger: Sequence[ResourceRecord]
    doubts: Doubts
    descriptor: Descriptor | None

    def layers(self) -> Iterator[tuple[Step, ...]]:
        """Each needs those before it: who is there, how packets reach them, what they are told.

        An instance that may still be there with another config is told first: only as what is committed can
        it be found.
        """
        missing = self._missing
        told = [each for each in self.committed.instances if self._stood(each) and self._may_be_told(each)]
        names = {each.name for each in told}
        yield tuple(self._create(each) for each in missing if each.endpoint)
        for components in self.committed.graph.waves:
            members = [each for each in missing if each.component in components and not each.endpoint]
            stale = [each for each in members if each.name in names]
            yield tuple(self._configure(each, "prepare", "give its former config to") for each in stale)
            yield tuple(self._create(each) for each in members)
        for each in self.committed.instances:
            if self._stood(each) and self.doubts.resized(each.resource):
                yield (self._of(each, StepAction.RESIZE, "resize", "give its former size to"),)
        asked = tuple(self._configure(each, "configure", "see to the former config of") for each in told)
        if missing or self.doubts.connects or self._unconnected():
            yield from self._ways_back(asked)
        else:
            yield asked

    def _ways_back(self, asked: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
        """Where packets go new ways, both are there while those who use them are told of the former again."""
        yield tuple(self._joins())
        pops = [pop for pop in self._connected if not self._stays_away(pop)]
        switched = self.doubts.switched
        if switched:
            yield tuple(self._program(pop, NetworkStage.REOPEN, switched) for pop in pops)
            yield asked
            yield tuple(self._program(pop, NetworkStage.RETURN, switched) for pop in pops)
        yield tuple(self._program(pop, NetworkStage.RESTORE, 1) for pop in pops)
        if not switched:
            yield asked

    @cached_property
    def _missing(self) -> tuple[PlacedInstance, ...]:
        """Those to be found or built."""
        return tuple(each for each in self.committed.instances if not self._is_there(each))

    @cached_property
    def _made(self) -> frozenset[tuple[str, str]]:
        """(name, PoP) of what the ledger knows to be there."""
        rows = (row for row in self.ledger if row.state is ResourceState.CREATED)
        return frozenset((row.resource_name, row.pop) for row in rows)

    @cached_property
    def _connected(self) -> tuple[str, ...]:
        return _connected(self.committed, self.network)

    def _stood(self, placed: PlacedInstance) -> bool:
        return (placed.resource, placed.pop) in self._made

    def _is_there(self, placed: PlacedInstance) -> bool:
        return self._stood(placed) and not self.doubts.ended(placed.resource)

    def _unconnected(self) -> list[str]:
        return [pop for pop in self._connected if (self.committed.network or "", pop) not in self._made]

    def _stays_away(self, pop: str) -> bool:
        return self.doubts.lost(pop) and pop not in self._unconnected()

    def _may_be_apart(self, pop: str) -> bool:
        """Whether a PoP may have let go of its links."""
        return pop in self._unconnected() or self.doubts.disconnects(pop)

    @cached_property
    def _readdressed(self) -> bool:
        """Whether an instance may come back with another address."""
        return any(not (each.addresses or each.endpoint) for each in self._missing)

    def _may_be_told(self, placed: PlacedInstance) -> bool:
        """Where nobody knows: all that have a config."""
        known = self.doubts.told(placed.resource)
        if placed.endpoint or not (known or self._readdressed):
            return False
        if (known and self.doubts.plan is not None) or self.descriptor is None:
            return True
        component = self.descriptor.components.get(placed.component)
        return bool(placed.config or (component and component.config))

    def _create(self, placed: PlacedInstance) -> Step:
        return self._of(placed, StepAction.CREATE, "create", "bring back")

    def _configure(self, placed: PlacedInstance, word: str, title: str) -> Step:
        return self._of(placed, StepAction.CONFIGURE, word, title)

    def _of(self, placed: PlacedInstance, action: StepAction, word: str, title: str) -> Step:
        return Step(
            id=f"undo.{word}.{placed.name}",
            action=action,
            title=f"{title} {placed.name} on {placed.pop}",
            vim_kind=self.committed.vim_kinds[placed.pop],
            pop=placed.pop,
            instance=placed.name,
            resource=placed.resource,
            committed=True,
        )

    def _joins(self) -> Iterator[Step]:
        """A link that no service used for a while may be gone."""
        if self.committed.network is None:
            return
        for link, (one, other) in links_of(self.committed).items():
            away = self._stays_away(one) or self._stays_away(other)
            if not away or self._may_be_apart(one) or self._may_be_apart(other):
                yield Step(
                    id=f"undo.join.{link}",
                    action=StepAction.JOIN,
                    title=f"join {one} and {other} again",
                    vim_kind=self.committed.vim_kinds[one],
                    pop=one,
                    other_pop=other,
                    physical_link=link,
                    resource=self.committed.network,
                    committed=True,
                )

    def _program(self, pop: str, stage: NetworkStage, number: int) -> Step:
        return Step(
            id=f"undo.{stage.value}.{pop}",
            action=StepAction.PROGRAM,
            title=_TITLES[stage].format(programmed(self.committed.vim_kinds[pop], pop)),
            round=number,
            vim_kind=self.committed.vim_kinds[pop],
            pop=pop,
            resource=self.committed.network,
            stage=stage,
            committed=True,
        )
