"""Services that do not fit, and what is known of them by solving."""

import random
from functools import cache
from typing import Any, NamedTuple

from catalogue.documents import read_descriptor
from domain.descriptor import Descriptor
from domain.errors import InfeasibleError
from domain.expansion import expand
from domain.explanations import Change, Explanation, Requirement
from domain.infrastructure import Infrastructure, Resources
from domain.plans import Plan, ServiceGraph
from placement.explain.demands import Demand, Demands
from placement.explain.explaining import Context, explain
from placement.explain.worlds import World
from placement.solve import place
from placement.topology import Usage
from tests.unit.placement_world import infra, pop, wire

FREE = Usage()


def answer(world: World) -> Plan | None:
    """By the placement alone."""
    try:
        return place(world.graph, world.infrastructure, world.usage, standing=world.standing)
    except InfeasibleError:
        return None


def demand(requirement: Requirement, demands: Demands) -> Demand:
    """What a requirement stands for."""
    for each in demands.all:
        groups = (
            demands.world.graph.affinity if each.kind == "affinity" else demands.world.graph.anti_affinity
        )
        subject = each.subject
        if each.kind in ("affinity", "anti-affinity"):
            subject = ", ".join(groups[int(each.subject)])
        told = requirement.text
        named = each.what in told if each.what else True
        if (each.kind, subject) == (requirement.kind, requirement.subject) and named:
            return each
    raise AssertionError(requirement)


def is_minimal(world: World, conflict: tuple[Requirement, ...]) -> bool:
    """Whether it is a conflict, and none without any one of its requirements; by solving."""
    demands = Demands(world)
    whole = [demand(each, demands) for each in conflict]
    if answer(demands.only(whole)) is not None:
        return False
    return all(answer(demands.only([d for d in whole if d != one])) is not None for one in whole)


def explained(graph: ServiceGraph, where: Infrastructure, usage: Usage = FREE, **more: Any) -> Explanation:
    """The explanation of what does not fit, its conflict checked by solving."""
    found = explain(graph, where, usage, **more)
    assert not found.feasible
    assert found.minimal
    assert not found.cut_short
    for conflict in (found.conflict, *found.further):
        assert is_minimal(World(graph, where, usage), conflict)
    return found


def kinds(found: Explanation) -> set[str]:
    return {each.kind for each in found.conflict}


def ways_out(found: Explanation) -> list[str]:
    return [each.text for each in found.relaxations]


SHOP = """\
api_version: interlace/v1
kind: Service
name: shop
version: "1"
endpoints:
  users: {pop: a}
components:
  gate:
    kind: vnf
    image: gate:1
    requires: [dpdk]
    resources: {vcpus: 2, memory: 1 GiB}
    connection_points: [outside, inside]
  web:
    kind: microservice
    image: web:1
    instances: 2
    scaling: {min: 1, max: 4}
    resources: {vcpus: 1, memory: 1 GiB}
    connection_points: [http]
links:
  access: {between: [users, gate.outside], bandwidth: 100 Mbit/s, latency: 20 ms}
  pages: {between: [gate.inside, web.http], bandwidth: 50 Mbit/s}
chains:
  shopping: {path: [users, gate.outside, gate.inside, web.http], latency: 30 ms}
"""


def described(*changes: tuple[str, str]) -> Descriptor:
    text = SHOP
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return read_descriptor(text.encode(), "shop.yaml")


def shop(*changes: tuple[str, str]) -> ServiceGraph:
    return expand("shop", described(*changes))


RULES = (
    "{}",
    "{budget_per_hour: 3}",
    "{anti_affinity: [[web]]}",
    "{affinity: [[gate, web]]}",
    "{rules: [{components: [web], allowed_regions: [north]}]}",
    "{rules: [{components: [gate], forbidden_pops: [a, b]}], anti_affinity: [[gate, web]]}",
)


class Case(NamedTuple):
    """A service on an infrastructure that is often too small for it."""

    descriptor: Descriptor
    infrastructure: Infrastructure
    usage: Usage

    @property
    def world(self) -> World:
        return World(expand("shop", self.descriptor), self.infrastructure, self.usage, least={"web": 1})

    def explained(self, **more: Any) -> Explanation:
        graph = expand("shop", self.descriptor)
        context = Context(least={"web": 1})
        return explain(graph, self.infrastructure, self.usage, context=context, **more)


def random_case(seed: int) -> Case:
    dice = random.Random(seed)
    pops = {
        name: pop(
            dice.randint(0, 6),
            dice.choice([0.5, 1, 2]),
            region=dice.choice(["north", "south"]),
            capabilities=dice.choice([[], ["dpdk"], ["dpdk"]]),
        )
        for name in "abcd"
    }
    pairs = dice.sample([(x, y) for x in pops for y in pops if x < y], dice.randint(2, 5))
    wires = {f"l{n}": wire(*pair, dice.randint(50, 300), dice.randint(2, 20)) for n, pair in enumerate(pairs)}
    text = f"{SHOP}placement: {dice.choice(RULES)}\n".replace("vcpus: 2", f"vcpus: {dice.randint(1, 4)}")
    usage = Usage(pops={"b": Resources.of(1, 0, 0)}, links={"l0": 20.0})
    return Case(read_descriptor(text.encode(), "shop.yaml"), infra(pops, wires), usage)


@cache
def random_answer(seed: int) -> Explanation:
    return random_case(seed).explained()


def changed(case: Case, changes: tuple[Change, ...]) -> Case:
    """With changes made in the documents, as somebody would who reads them."""
    service = case.descriptor.model_dump(mode="json")
    world = case.infrastructure.model_dump(mode="json")
    for change in changes:
        _make(change, service if change.document == "service" else world)
    descriptor, where = Descriptor.model_validate(service), Infrastructure.model_validate(world)
    return Case(descriptor, where, case.usage)


def _make(change: Change, document: dict[str, Any]) -> None:
    *path, last = change.where.split(".")
    place_ = document
    for key in path:
        place_ = place_[key]
    names = [name for name in change.after.split(", ") if name]
    if change.where == "placement.rules":
        component, _, kind = change.text.removeprefix("let ").split(" ")[:3]
        _make_rules(document["placement"]["rules"], component, names, "regions" if kind == "in" else "pops")
    elif last in ("capabilities", "requires", "licences"):
        place_[last] = names
    elif isinstance(place_, list):
        place_[int(last)] = []
    elif last == "pop":
        place_.update(pop=change.after, location=None)
    else:
        place_[last] = float(change.after) if last == "budget_per_hour" else _number(change.after)


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _make_rules(rules: list[dict[str, Any]], component: str, names: list[str], kind: str) -> None:
    for rule in rules:
        if component in rule["components"]:
            for field in (f"allowed_{kind}", f"forbidden_{kind}"):
                if rule[field]:
                    rule[field] = names
