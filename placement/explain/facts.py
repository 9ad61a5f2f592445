"""A conflict in words: what was asked for, and what the infrastructure has to say to it."""

from collections.abc import Iterator

from domain.explanations import Requirement
from domain.infrastructure import Resources
from domain.plans import GraphInstance
from domain.pricing import instance_cost
from placement.explain.causes import total
from placement.explain.crowds import rooms
from placement.explain.demands import Demand, Demands
from placement.explain.naming import unknown
from placement.explain.paths import path_of
from placement.explain.stages import Stage, stages, suitable
from placement.explain.ways import WayFacts
from placement.explain.words import asked, both, figure, mib, some
from placement.explain.worlds import World

_SHOWN = 4
_WITH_FACTS = 12
_RULES = ("allowed-pops", "forbidden-pops", "allowed-regions", "forbidden-regions")
_PLACES = ("capability", "licence", *_RULES)


class Facts:
    """Those of one conflict.

    :param cheapest: what the service costs per hour where no budget is asked for, if it is known
    """

    def __init__(self, demands: Demands, conflict: tuple[Demand, ...], cheapest: float | None = None) -> None:
        self._world = demands.world
        self._conflict = conflict
        self._kept = frozenset(conflict)
        self._reduced = {part.name: demands.reduced(part, self._kept) for part in self._world.graph.instances}
        self._small: World = demands.only(conflict)
        self._ways = WayFacts(self._small, self._world)
        self._where: dict[str, tuple[str, ...]] = {}
        self._total: dict[str, Resources] = {}
        """PoP -> what all of the conflict that could be there would take."""
        self._cheapest = cheapest

    def requirements(self) -> tuple[Requirement, ...]:
        """In the conflict's order; facts are there for the first ones only where it is a long one."""
        return tuple(
            Requirement(
                kind=demand.kind,
                subject=self._subject(demand),
                text=self._text(demand),
                facts=tuple(self._facts(demand)) if number < _WITH_FACTS else (),
                path=path_of(demand, self._world),
            )
            for number, demand in enumerate(self._conflict)
        )

    def _subject(self, demand: Demand) -> str:
        return some(self._group(demand)) if demand.kind in ("affinity", "anti-affinity") else demand.subject

    def _group(self, demand: Demand) -> tuple[str, ...]:
        graph = self._world.graph
        groups = graph.affinity if demand.kind == "affinity" else graph.anti_affinity
        return tuple(dict.fromkeys(groups[int(demand.subject)]))

    def _text(self, demand: Demand) -> str:
        kind, subject = demand.kind, demand.subject
        if kind in _PLACES:
            return f"{subject} {self._stage(demand).text}"
        if kind in ("stays", "kept-off"):
            return self._operation_text(demand)
        if kind == "resources":
            return self._resources_text(subject)
        if kind == "affinity":
            return f"{some(self._group(demand))} must share a PoP"
        if kind == "anti-affinity":
            return f"{some(self._group(demand))} must not share a PoP"
        if kind == "budget":
            currency = self._world.infrastructure.currency
            return f"the budget is {figure(self._world.graph.budget_per_hour or 0.0)} {currency} per hour"
        return self._ways.text(demand)

    def _facts(self, demand: Demand) -> Iterator[str]:
        match demand.kind:
            case "resources":
                costly = any(each.kind == "budget" for each in self._conflict)
                yield from [self._price(demand.subject)] if costly else self._room(demand.subject)
            case "anti-affinity":
                yield from self._too_few(self._group(demand))
            case "budget":
                if self._cheapest is not None:
                    yield f"the cheapest placement costs {figure(self._cheapest)}"
            case "link" | "bandwidth" | "latency" | "chain-latency" | "endpoint":
                yield from self._ways.facts(demand)
            case kind if kind != "affinity":
                yield from self._left(demand)

    def _too_few(self, group: tuple[str, ...]) -> Iterator[str]:
        pops = sorted({pop for member in group for pop in self._candidates(member)})
        if len(pops) < len(group):
            yield f"only {some(pops) or 'no PoP'} {'is' if len(pops) == 1 else 'are'} left to them"

    def _part(self, subject: str) -> GraphInstance:
        return self._reduced[self._world.parts(subject)[0].name]

    def _stage(self, demand: Demand) -> Stage:
        found = stages(self._part(demand.subject), self._world.infrastructure)
        return next(each for each in found if (each.kind, each.what) == (demand.kind, demand.what))

    def _operation_text(self, demand: Demand) -> str:
        part = self._world.parts(demand.subject)[0]
        if demand.kind == "kept-off":
            off = part.forbidden_pops - self._described(part).forbidden_pops
            return f"{part.name} is kept from {some(sorted(off))} by the operation"
        where = some(sorted(part.allowed_pops or ()))
        stays = self._world.standing.instances.get(part.name) in (part.allowed_pops or ())
        return f"{part.name} {'stays' if stays else 'is to be'} on {where}"

    def _described(self, part: GraphInstance) -> GraphInstance:
        return self._world.as_described(part)

    def _left(self, demand: Demand) -> Iterator[str]:
        """Where a rule leads; after the last of an instance's own requirements: where all of them do."""
        if demand.kind in _RULES:
            yield from self._rule_leads_to(self._stage(demand), demand.subject)
        if self._is_last_of_several(demand):
            left = suitable(self._part(demand.subject), self._world.infrastructure)
            yield f"that leaves {some(left, _SHOWN) or 'no PoP'}"

    def _rule_leads_to(self, stage: Stage, subject: str) -> Iterator[str]:
        if not stage.pops:
            where = "no PoP is there" if stage.kind.endswith("regions") else "there is no such PoP"
            yield "no PoP is left" if stage.kind.startswith("forbidden") else where
        if stage.kind.startswith("allowed"):
            yield from unknown(stage.kind, self._allowed(stage.kind, subject), self._world.infrastructure)
        if stage.pops and stage.kind.endswith("regions"):
            yield f"{'that is' if len(stage.pops) == 1 else 'those are'} {some(stage.pops, _SHOWN)}"

    def _allowed(self, kind: str, subject: str) -> frozenset[str]:
        """What a rule names."""
        part = self._part(subject)
        return (part.allowed_regions if kind.endswith("regions") else part.allowed_pops) or frozenset()

    def _is_last_of_several(self, demand: Demand) -> bool:
        kinds = (*_PLACES, "stays", "kept-off")
        mine = {part.name for part in self._world.parts(demand.subject)}
        about = [
            each
            for each in self._conflict
            if each.kind in kinds and mine & {part.name for part in self._world.parts(each.subject)}
        ]
        return len(about) > 1 and about[-1] == demand

    def _candidates(self, name: str) -> tuple[str, ...]:
        return self._candidates_of(self._reduced[name])

    def _candidates_of(self, part: GraphInstance) -> tuple[str, ...]:
        """Where an instance could be alone."""
        if part.name not in self._where:
            left = suitable(part, self._world.infrastructure)
            self._where[part.name] = tuple(p for p in left if part.resources.fits_in(self._world.free(p)))
        return self._where[part.name]

    def _resources_text(self, component: str) -> str:
        parts = self._instances(component)
        sizes = {asked(part.resources) for part in parts}
        each = " each" if len(parts) > 1 else ""
        what = f"{len(parts)} instances of {component}" if len(parts) > 1 else component
        return f"{what} {'need' if len(parts) > 1 else 'needs'} {' or '.join(sorted(sizes))}{each}"

    def _price(self, component: str) -> str:
        """Where the component's other requirements leave it, and it is cheapest."""
        infrastructure, total = self._world.infrastructure, 0.0
        for part in (each for each in self._small.graph.instances if each.component == component):
            pops = [infrastructure.pops[pop] for pop in self._candidates_of(part)]
            costs = [instance_cost(part.resources, part.licences, pop, infrastructure) for pop in pops]
            total += min(costs, default=0.0)
        return f"that costs {figure(total)} at least"

    def _room(self, component: str) -> Iterator[str]:
        """Of the PoPs that its other requirements leave: where there is room, what the others have free."""
        part = self._largest(component)
        left = suitable(part, self._world.infrastructure)
        apart = any(part.name in group for group in self._small.graph.anti_affinity)
        wanted = {pop: part.resources if apart else self._wanted(pop, part) for pop in left}
        roomy = [pop for pop in left if wanted[pop].fits_in(self._world.free(pop))]
        if roomy:
            what = "one of them" if apart else "it" if len(self._instances(component)) == 1 else "all of them"
            yield f"there is room for {what} on {some(roomy, _SHOWN)}"
        tight = [pop for pop in left if pop not in roomy]
        best = sorted(tight, key=lambda pop: self._emptiness(pop, part), reverse=True)
        yield from (self._free_at(pop, wanted[pop]) for pop in best[:_SHOWN])
        if len(best) > _SHOWN:
            yield f"{len(best) - _SHOWN} more PoPs have too little too"

    def _instances(self, component: str) -> list[GraphInstance]:
        return [part for part in self._world.graph.instances if part.component == component]

    def _emptiness(self, pop: str, part: GraphInstance) -> tuple[int, int, int]:
        free = self._world.free(pop)
        return rooms(part.resources, free), free.vcpus, free.memory

    def _largest(self, component: str) -> GraphInstance:
        parts = [part for part in self._small.graph.instances if part.component == component]
        return max(parts, key=lambda part: (part.resources.vcpus, part.resources.memory, part.resources.disk))

    def _wanted(self, pop: str, part: GraphInstance) -> Resources:
        """What an instance alone would take, where that is too much; else what all of the conflict would."""
        if not part.resources.fits_in(self._world.free(pop)):
            return part.resources
        if pop not in self._total:
            stand = self._world.standing.counted
            parts = [each for each in self._small.graph.instances if pop in self._candidates_of(each)]
            self._total[pop] = total([each.resources for each in parts if stand.get(each.name) != pop])
        return self._total[pop]

    def _free_at(self, pop: str, wanted: Resources) -> str:
        capacity = self._world.infrastructure.pops[pop].capacity
        return f"{pop} has {_shortages(wanted, self._world.free(pop), capacity)}"


def _shortages(wanted: Resources, free: Resources, capacity: Resources) -> str:
    """What is free of that of which more is wanted."""
    kinds = [
        (wanted.vcpus, free.vcpus, f"{free.vcpus} of {capacity.vcpus} vcpus"),
        (wanted.memory, free.memory, f"{mib(free.memory)} of {mib(capacity.memory)} of memory"),
        (wanted.disk, free.disk, f"{free.disk} of {capacity.disk} GiB of disk"),
    ]
    return f"{both([text for need, has, text in kinds if need > has])} free"
