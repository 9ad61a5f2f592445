"""A small model of all that a service is made of, in which steps are done, half done, and undone."""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from domain.deployments import Deployment, PlacedInstance
from domain.descriptor import Descriptor
from domain.infrastructure import Resources
from domain.operation_plans import NetworkStage, OperationPlan, Step, StepAction
from domain.phases import ResourceKind, ResourceState
from domain.records import ResourceRecord
from domain.references import outputs_of, resolve
from planning.network_steps import links_of, network_pops
from tests.unit.lifecycle_shops import NOW, address_of

Network = frozenset[tuple[str, str]]
"""(instance, its name in the VIM) of those that it connects."""
Place = tuple[str, str]
"""(name, PoP)."""


@dataclass(repr=False)
class World:
    """VIMs, switches, links and the ledger."""

    before: Deployment | None
    after: Deployment | None
    old: Descriptor
    new: Descriptor
    plan: OperationPlan | None = None
    instances: dict[Place, dict[str, str]] = field(default_factory=dict)
    """With the config that each was told."""
    sizes: dict[Place, Resources] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    """Names in the VIM of those that went to another host."""
    drained: set[str] = field(default_factory=set)
    switches: dict[str, tuple[frozenset[Network], Network]] = field(default_factory=dict)
    """PoP -> the networks whose rules it has, and the one that packets enter."""
    links: set[str] = field(default_factory=set)
    ledger: dict[Place, ResourceRecord] = field(default_factory=dict)
    compiled: dict[int, Network] = field(default_factory=dict)

    @classmethod
    def of(
        cls, deployment: Deployment | None, after: Deployment | None, old: Descriptor, new: Descriptor
    ) -> "World":
        """The world in which a deployment is committed."""
        world = cls(deployment, after, old, new)
        if deployment is None:
            return world
        for each in deployment.instances:
            world._note(each.resource, each.pop, ResourceState.CREATED, each.component, each.name)
        for each in deployment.instances:
            world.instances[each.resource, each.pop] = world._config(each, deployment, old)
            world.sizes[each.resource, each.pop] = each.resources
        for pop in network_pops(deployment):
            world.switches[pop] = (
                frozenset({_network(deployment.resources)}),
                _network(deployment.resources),
            )
            world._note(deployment.network or "", pop, ResourceState.CREATED, kind=ResourceKind.NETWORK)
        world.links = set(links_of(deployment)) if deployment.network else set()
        return world

    def copy(self) -> "World":
        return deepcopy(self)

    @property
    def rows(self) -> tuple[ResourceRecord, ...]:
        return tuple(self.ledger.values())

    def facts(self) -> dict[str, object]:
        """All that can be compared with another world."""
        return {
            "instances": self.instances,
            "sizes": self.sizes,
            "drained": self.drained,
            "switches": self.switches,
            "ledger": {place: row.state for place, row in self.ledger.items()},
        }

    def held(self, pop: str) -> Resources:
        """What the instances of a PoP take."""
        total = Resources.of(0, 0, 0)
        for place, size in self.sizes.items():
            if place[1] == pop:
                total = total + size
        return total

    def do(self, step: Step, part: str = "all") -> None:
        """A step, or the part of it that was done before a crash: `ledger`, then `world`, then `all`."""
        {
            StepAction.CREATE: self._create,
            StepAction.CONFIGURE: self._configure,
            StepAction.RESIZE: self._resize,
            StepAction.REHOST: self._rehost,
            StepAction.DELETE: self._delete,
            StepAction.DRAIN: self._drain,
            StepAction.COMPILE: self._compile,
            StepAction.JOIN: self._join,
            StepAction.PROGRAM: self._program,
            StepAction.TRANSFER: self._transfer,
            StepAction.PROBE: self._probe,
        }[step.action](step, part)

    def undo(self, step: Step, part: str = "all") -> None:
        """A step of an undo; as there, what a VIM refuses does not keep the others from being done."""
        if step.action is StepAction.CONFIGURE and (step.resource, step.pop) not in self.instances:
            return
        self.do(step, part)

    def _create(self, step: Step, part: str) -> None:
        name, deployment = step.resource or "", self._deployment(step)
        wanted = next(each for each in deployment.instances if each.name == step.instance)
        assert (wanted.resource, wanted.pop) == (name, step.pop)
        if (name, step.pop) not in self.ledger:
            self._note(name, step.pop, ResourceState.INTENDED, wanted.component, wanted.name)
        if part == "ledger":
            return
        config = self._config(wanted, deployment, self._descriptor(step), self._serving(step))
        found = self.instances.setdefault((name, step.pop), config)
        assert found == config, f"{name} is there with another config"
        self.sizes.setdefault((name, step.pop), wanted.resources)
        self.drained.discard(name)
        if part == "all":
            self._note(name, step.pop, ResourceState.CREATED, wanted.component, wanted.name)

    def _configure(self, step: Step, part: str) -> None:
        if part == "ledger":
            return
        place = (step.resource or "", step.pop)
        assert place in self.instances, f"{place} is not there, so it cannot be configured"
        deployment = self._deployment(step)
        descriptor = self._descriptor(step)
        name, former = step.instance or "", self.before
        if former and former.resources.get(name) == step.resource != deployment.resources.get(name):
            deployment, descriptor = former, self.old  # it waits for its turn
        wanted = next(each for each in deployment.instances if each.name == step.instance)
        config = self._config(wanted, deployment, descriptor, self._serving(step))
        if not step.committed:
            self._check_ways(config, wanted)
        kept = {key: text for key, text in self.instances[place].items() if key.startswith("env ")}
        self.instances[place] = {**config, **kept}

    def _resize(self, step: Step, part: str) -> None:
        place = (step.resource or "", step.pop)
        assert place in self.instances, f"{place} is not there, so it cannot be resized"
        if part != "ledger":
            wanted = self._deployment(step).instance(step.instance or "")
            assert wanted and (wanted.resource, wanted.pop) == place
            self.sizes[place] = wanted.resources

    def _rehost(self, step: Step, part: str) -> None:
        assert (step.resource, step.pop) in self.instances
        self.moved.append(step.resource or "")

    def _delete(self, step: Step, part: str) -> None:
        place = (step.resource or "", step.pop)
        if part == "ledger":
            return
        if step.kind is ResourceKind.NETWORK:
            self.switches.pop(step.pop, None)
            self.links -= {link for link in self.links if step.pop in link.split("-")}
        else:
            self.instances.pop(place, None)
            self.sizes.pop(place, None)
            self.drained.discard(place[0])
        if part == "all":
            self.ledger.pop(place, None)

    def _drain(self, step: Step, part: str) -> None:
        if part != "ledger":
            assert (step.resource, step.pop) in self.instances
            self.drained.add(step.resource or "")

    def _transfer(self, step: Step, part: str) -> None:
        assert (step.source, step.source_pop) in self.instances
        assert (step.resource, step.pop) in self.instances

    def _compile(self, step: Step, part: str) -> None:
        assert self.plan and self.after
        resources = self.plan.rounds[step.round - 1].resources
        there = {name for name, _ in self.instances}
        assert set(resources.values()) <= there, "an instance is not there, so it cannot be connected"
        if part == "all":
            self.compiled[step.round] = _network(resources)

    def _join(self, step: Step, part: str) -> None:
        for pop in (step.pop, step.other_pop or ""):
            if (step.resource or "", pop) not in self.ledger:
                self._note(step.resource or "", pop, ResourceState.INTENDED, kind=ResourceKind.NETWORK)
            if part != "ledger":
                self.switches.setdefault(pop, (frozenset(), frozenset()))
            if part == "all":
                self._note(step.resource or "", pop, ResourceState.CREATED, kind=ResourceKind.NETWORK)
        if part != "ledger":
            self.links.add(step.physical_link or "")

    def _program(self, step: Step, part: str) -> None:
        if (step.resource or "", step.pop) not in self.ledger:
            self._note(step.resource or "", step.pop, ResourceState.INTENDED, kind=ResourceKind.NETWORK)
        if part == "ledger":
            return
        old = _network(self.before.resources) if self.before and self.before.network else None
        if step.stage is NetworkStage.RESTORE:
            assert old is not None and self.before
            self._check_links(step.pop, self.before)
            assert {name for _, name in old} <= {name for name, _ in self.instances}
            self.switches[step.pop] = (frozenset({old}), old)
        elif step.stage in (NetworkStage.REOPEN, NetworkStage.RETURN):
            assert old is not None and self.before
            self._check_links(step.pop, self.before)
            planned = self.compiled[step.round]
            entered = planned if step.stage is NetworkStage.REOPEN else old
            self.switches[step.pop] = (frozenset({old, planned}), entered)
        else:
            self._stage(step, old)
        if part == "all":
            self._note(step.resource or "", step.pop, ResourceState.CREATED, kind=ResourceKind.NETWORK)

    def _stage(self, step: Step, old: Network | None) -> None:
        assert self.after
        new = self.compiled[step.round]
        former = self.compiled[step.round - 1] if step.round > 1 else old
        self._check_links(step.pop, self.after)
        if step.stage is NetworkStage.SETTLE:
            self.switches[step.pop] = (frozenset({new}), new)
        else:
            assert former is not None, "there is nothing that could be extended"
            entered = former if step.stage is NetworkStage.EXTEND else new
            self.switches[step.pop] = (frozenset({former, new}), entered)

    def _probe(self, step: Step, part: str) -> None:
        assert self.after
        for pop in network_pops(self.after):
            assert self.switches[pop][1] == self.compiled[step.round], f"{pop} does not lead the new way"

    def _check_links(self, pop: str, deployment: Deployment) -> None:
        for link, pair in links_of(deployment).items():
            assert pop not in pair or link in self.links, f"{link} is not joined"

    def _check_ways(self, config: Mapping[str, str], wanted: PlacedInstance) -> None:
        """Whoever is told of an address has a way to it."""
        if not self.compiled:
            return  # it only forgets, or needs no way
        told = {address for text in config.values() for address in text.split(",")}
        for pop in network_pops(self.after):
            _, entered = self.switches[pop]
            known = {address_of(each) for each in self._all() if (each.name, each.resource) in entered}
            missing = {each for each in told if each in self._addresses()} - known
            assert not missing, f"{wanted.name} is told of {missing}, {pop} has no way there"

    def _addresses(self) -> set[str]:
        return {address_of(each) for each in self._all() if not each.endpoint}

    def _all(self) -> list[PlacedInstance]:
        return [each for some in (self.before, self.after) if some for each in some.instances]

    def _deployment(self, step: Step) -> Deployment:
        found = self.before if step.committed else self.after
        assert found
        return found

    def _descriptor(self, step: Step) -> Descriptor:
        return self.old if step.committed else self.new

    def _serving(self, step: Step) -> Mapping[str, str]:
        if step.committed or self.plan is None:
            return self._deployment(step).resources
        return self.plan.rounds[step.round - 1].resources

    def _config(
        self,
        wanted: PlacedInstance,
        deployment: Deployment,
        descriptor: Descriptor,
        serving: Mapping[str, str] | None = None,
    ) -> dict[str, str]:
        """Config and environment, resolved to what the ledger has."""
        if wanted.endpoint:
            return {}
        outputs = self._outputs((serving or deployment.resources).values())
        described = descriptor.components[wanted.component]
        texts = {**described.config, **wanted.config}
        return {
            **{f"env {key}": resolve(str(text), outputs) for key, text in described.environment.items()},
            **{key: resolve(str(text), outputs) for key, text in texts.items()},
        }

    def _outputs(self, resources: Iterable[str]) -> dict[str, dict[str, str]]:
        """As activities do: of those that the ledger knows to be there."""
        there = {name for (name, _), row in self.ledger.items() if row.state is ResourceState.CREATED}
        wanted = set(resources) & there
        found: dict[str, dict[str, PlacedInstance]] = {}
        for each in self._all():
            if each.resource in wanted and not each.endpoint:
                found.setdefault(each.component, {})[each.name] = each
        return {
            component: outputs_of(
                [
                    (address_of(each), each.pop)
                    for each in sorted(some.values(), key=lambda each: int(each.name.rpartition("-")[2]))
                ]
            )
            for component, some in found.items()
        }

    def _note(
        self,
        name: str,
        pop: str,
        state: ResourceState,
        component: str = "network",
        instance: str = "network",
        kind: ResourceKind = ResourceKind.INSTANCE,
    ) -> None:
        self.ledger[name, pop] = ResourceRecord(
            resource_name=name,
            pop=pop,
            vim_kind=_kind(self.before, self.after, pop),
            kind=kind,
            service="shop",
            component=component,
            instance=instance,
            operation_id="x",
            state=state,
            external_id=None,
            address=name,
            tags={},
            reason=None,
            since=NOW,
        )


def _kind(before: Deployment | None, after: Deployment | None, pop: str) -> str:
    for deployment in (before, after):
        if deployment and pop in deployment.vim_kinds:
            return deployment.vim_kinds[pop]
    return "emulator"


def _network(resources: Mapping[str, str]) -> Network:
    return frozenset(resources.items())
