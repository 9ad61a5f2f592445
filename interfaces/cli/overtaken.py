"""Whether a stored plan can still be applied, as far as the plan and its service tell."""

from catalogue.store import Catalogue
from domain.errors import UnknownError
from domain.operation_plans import OperationPlan, PlanRecord


def why_not_applicable(store: Catalogue, record: PlanRecord) -> str:
    """Who has taken it, or what has changed since; empty where nothing has."""
    return (
        f"taken by operation {record.operation_id}" if record.operation_id else _changed(store, record.plan)
    )


def _changed(store: Catalogue, plan: OperationPlan) -> str:
    try:
        revision = store.services.get(plan.service).revision
    except UnknownError:
        revision = 0
    if revision == plan.revision:
        return ""
    now = f"it is at revision {revision} now" if revision else "it is no more"
    return f"cannot be applied: {plan.service} was changed since, {now}"
