"""Deleting what the ledger names."""

from collections import Counter
from collections.abc import Iterable

from domain.operation_plans import Step, StepAction
from domain.phases import ResourceKind
from domain.records import ResourceRecord
from planning.network_steps import disconnect


def deletions(prefix: str, ledger: Iterable[ResourceRecord]) -> tuple[tuple[Step, ...], tuple[Step, ...]]:
    """Steps for instances, and for networks: what runs may drain while it is still connected.

    :param prefix: of the steps' ids
    """
    rows = sorted(ledger, key=lambda row: (row.resource_name, row.pop))
    instances = [row for row in rows if row.kind is ResourceKind.INSTANCE]
    networks = [row for row in rows if row.kind is ResourceKind.NETWORK]
    named = Counter(row.instance for row in instances)
    joined = Counter(row.pop for row in networks)
    return (
        tuple(_instance(prefix, row, named[row.instance] == 1) for row in instances),
        tuple(_network(prefix, row, joined[row.pop] == 1) for row in networks),
    )


def _instance(prefix: str, row: ResourceRecord, alone: bool) -> Step:
    """A service that was left half changed may have two of one instance."""
    what = row.instance if alone else f"{row.resource_name}.{row.pop}"
    return Step(
        id=f"{prefix}.delete.{what}",
        action=StepAction.DELETE,
        title=f"delete {row.instance if alone else row.resource_name} on {row.pop}",
        vim_kind=row.vim_kind,
        pop=row.pop,
        instance=row.instance,
        resource=row.resource_name,
        skippable=True,
    )


def _network(prefix: str, row: ResourceRecord, alone: bool) -> Step:
    what = row.pop if alone else f"{row.resource_name}.{row.pop}"
    step = disconnect(f"{prefix}.disconnect.{what}", row.resource_name, row.pop, row.vim_kind)
    return (
        step if alone else step.model_copy(update={"title": f"take {row.resource_name} away from {row.pop}"})
    )
