"""Any change of a shop: of versions, numbers, places, with instances that are ill and PoPs that are lost."""

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from domain.deployments import Deployment
from domain.descriptor import Descriptor
from domain.operation_plans import OperationPlan
from planning.target import ALL_AT_ONCE, Target
from tests.unit.lifecycle_shops import POPS, placed, planned, running, shop, target
from tests.unit.lifecycle_world import World

FREE = POPS[1:]
"""Those that may be lost: the users are in the north."""


@dataclass(frozen=True, repr=False)
class Change:
    """From one deployment to another."""

    old: Descriptor
    new: Descriptor
    before: Deployment
    after: Deployment
    aim: Target
    ailments: frozenset[str]
    plan: OperationPlan

    def __repr__(self) -> str:
        placed = [
            " ".join(f"{each.resource}@{each.pop}" for each in deployment.instances)
            for deployment in (self.before, self.after)
        ]
        waves = [" ".join(step.id for step in wave.steps) for wave in self.plan.waves]
        return "\n".join(["", *placed, f"ends first {sorted(self.aim.ends_first)}", *waves, ""])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))

    def world(self) -> World:
        world = World.of(self.before, self.after, self.old, self.new)
        world.plan = self.plan
        return world

    def goal(self) -> World:
        return World.of(self.after, None, self.new, self.new)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    old = shop(_numbers(draw), without=draw(st.sampled_from([(), ("watcher",)])))
    new = draw(st.one_of(st.just(old), st.just(_other(draw))))
    kind = draw(st.sampled_from(["emulator", "modelled"]))
    names = sorted(f"{name}-{n}" for name in old.components for n in range(1, 4))
    places = st.dictionaries(st.sampled_from(names), st.sampled_from(POPS))
    before = running(draw(places), kind, old)
    lost = draw(st.sets(st.sampled_from(FREE), max_size=1)) if draw(st.booleans()) else set()
    down = frozenset(each.name for each in before.instances if each.pop in lost)
    standing = sorted(each.name for each in before.instances if each.name not in down and not each.endpoint)
    some = st.sets(st.sampled_from(standing), max_size=draw(st.sampled_from([0, 2])))
    ill, single = draw(some), draw(some)
    anew = ill | draw(some)
    aim = target(
        old,
        before,
        new,
        anew=anew,
        ends_first=ill | single,
        unreachable=lost,
        surge=draw(st.sampled_from([1, 2, ALL_AT_ONCE])),
        in_place=names if kind == "modelled" and draw(st.booleans()) else (),
        rehosted=draw(some) if kind == "modelled" else (),
    )
    moves = {**dict.fromkeys(down, "north"), **(draw(places) if draw(st.booleans()) else {})}
    moves = {name: "north" if pop in lost else pop for name, pop in moves.items()}
    after = placed(aim, before, moves, "plan-11111111", kind)
    ailments = frozenset(before.resources[name] for name in ill)
    plan = planned(aim, before, after, ailments)
    return Change(old, new, before, after, aim, ailments, plan)


def _other(draw: st.DrawFn) -> Descriptor:
    changed = _numbers(draw)
    if draw(st.booleans()):
        return shop(changed, "2")
    for name in ("firewall", "balancer", "web", "store"):
        if draw(st.booleans()):
            changed[name] = {**changed.get(name, {}), "image": f"{name}:2"}
    if draw(st.booleans()):
        config = {"backends": "${web.addresses}", "algorithm": "least"}
        changed["balancer"] = {**changed.get("balancer", {}), "config": config}
    if draw(st.booleans()):
        size = {"vcpus": draw(st.integers(1, 3)), "memory": "2 GiB"}
        changed["web"] = {**changed.get("web", {}), "resources": size}
    if draw(st.booleans()):
        changed["store"] = {**changed.get("store", {}), "connection_points": ("sql", "admin")}
    return shop(changed, "2", draw(st.sampled_from([(), ("watcher",)])))


def _numbers(draw: st.DrawFn) -> dict[str, dict[str, object]]:
    return {
        "firewall": {"instances": draw(st.integers(1, 2))},
        "balancer": {"instances": draw(st.integers(1, 2))},
        "web": {"instances": draw(st.integers(1, 4))},
    }
