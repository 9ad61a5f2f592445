"""A plan, printed for people."""

from collections.abc import Iterator, Sequence
from typing import Any

from domain.costs import cost_parts
from domain.deployments import Deployment
from domain.infrastructure import Resources
from domain.latencies import ChainLatency, chain_latencies
from domain.operation_plans import OperationPlan, PopChange, Step
from interfaces.cli.costs import aims, counted, divided, objective_of, quality
from interfaces.cli.output import clock, table
from interfaces.cli.plan_changes import instance_changes, route_changes
from interfaces.cli.steps import lasting
from interfaces.cli.ways import CHAIN_COLUMNS, chain_rows, mbps

_UNKNOWN = Resources.of(0, 0, 0)
"""A capacity, where an operation does not need to know it."""


def show_plan(plan: OperationPlan) -> None:
    """All that an operator would want to know before it is done."""
    print(f"plan       {plan.plan_id}: {plan.kind} of {plan.service}, tenant {plan.tenant}")
    print(f"made       {clock(plan.created_at)} for revision {plan.revision} of the service")
    print(f"cost       {_cost(plan)}")
    _show_aims(plan)
    print(f"lasts      about {lasting(plan.expected_duration_s)}")
    _show_interruptions(plan)
    _section(["instance", "change", "from", "to", "what"], [*instance_changes(plan)])
    _section(["link", "change", "route before", "route after", "Mbit/s"], [*route_changes(plan)])
    if plan.after is not None:
        _section(CHAIN_COLUMNS, [*chain_rows(_chains(plan.after), _chains(plan.before))])
    _section(
        ["pop", "of the service", "before", "at most", "after", "capacity"],
        [row for pop in plan.pops for row in _pop_rows(pop)],
    )
    _section(
        ["physical link", "Mbit/s before", "after"],
        [
            (each.physical_link, mbps(each.before_mbps), mbps(each.after_mbps))
            for each in plan.links
            if each.before_mbps != each.after_mbps
        ],
    )
    _section(["wave", "phase", "step", "expected"], [*_step_rows(plan)])
    _section(
        ["vim", "component", "change", "of its own"],
        [(each.pop, each.component, each.action, each.address) for each in plan.vim_changes],
    )
    for number, note in enumerate(plan.notes):
        print(f"{'' if number else chr(10)}note: {note}")


def _chains(deployment: Deployment | None) -> tuple[ChainLatency, ...]:
    return chain_latencies(deployment.graph, deployment.plan) if deployment else ()


def plan_json(plan: OperationPlan) -> dict[str, Any]:
    """For programs: the plan, and how long its chains take."""
    found: dict[str, Any] = plan.model_dump(mode="json")
    when = {"before": _chains(plan.before), "after": _chains(plan.after)}
    return found | {"chains": {name: [each.model_dump() for each in told] for name, told in when.items()}}


def _section(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    if rows:
        print()
        table(columns, rows)


def _cost(plan: OperationPlan) -> str:
    before, after = plan.cost_before, plan.cost_after
    return f"{before:.4f} -> {after:.4f} {plan.currency}/h ({after - before:+.4f})"


def _show_aims(plan: OperationPlan) -> None:
    """What the cost after it is made of, and what the placement was to be good at."""
    after, infrastructure = plan.after, plan.infrastructure
    if after is None or infrastructure is None:
        return
    if parts := divided(cost_parts(after.graph, after.plan, infrastructure)):
        print(f"  of it    {parts}")
    aim = aims(objective_of(after.graph, infrastructure))
    print(f"placed     for {aim}: {quality(after.plan)} ({after.plan.solver}){counted(after.plan)}")


def _show_interruptions(plan: OperationPlan) -> None:
    if not plan.interruptions and plan.after is not None:
        print("interrupts nothing")
    for each in plan.interruptions:
        print(f"interrupts {each.component} for about {lasting(each.seconds)}: {each.why}")


def _pop_rows(change: PopChange) -> Iterator[tuple[str, ...]]:
    """One row for each resource of which the service holds anything."""
    parts = {"vcpus": "vCPU", "memory": "MiB memory", "disk": "GiB disk"}
    rows = [(word, *_amounts(change, part)) for part, word in parts.items()]
    held = [row for row in rows if any(amount != "0" for amount in row[1:4])]
    for number, row in enumerate(held):
        yield ("" if number else change.pop, *row)


def _amounts(change: PopChange, part: str) -> tuple[str, ...]:
    states: tuple[Resources, ...] = (change.before, change.peak, change.after)
    is_known = change.capacity != _UNKNOWN
    return (
        *(str(getattr(each, part)) for each in states),
        str(getattr(change.capacity, part)) if is_known else "-",
    )


def _step_rows(plan: OperationPlan) -> Iterator[tuple[object, ...]]:
    for number, wave in enumerate(plan.waves, start=1):
        for place, step in enumerate(wave.steps):
            first = (number, wave.phase) if place == 0 else ("", "")
            yield (*first, step.title, _expected(step))


def _expected(step: Step) -> str:
    return f"{step.expected_s:.1f} s"
