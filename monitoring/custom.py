"""Metrics of users' own that policies ask for: a Prometheus has to be asked for each by its name."""

from domain.expressions import ExpressionError, figures
from domain.metrics import CHAIN_METRICS, INSTANCE_METRICS
from domain.policies import Policies, SchedulePolicy
from monitoring.evaluating import tree_of


def own_metrics(policies: Policies) -> frozenset[str]:
    """The names that are none of ours; those of an expression that cannot be read are left out."""
    asking = [each.metric for each in policies.scaling if not isinstance(each, SchedulePolicy)]
    asking += [each.metric for each in policies.migration]
    return frozenset(name for text in asking for name in _names(text))


def _names(expression: str) -> set[str]:
    try:
        found = {each.metric for each in figures(tree_of(expression)) if each.chain is None}
    except ExpressionError:
        return set()
    return found - INSTANCE_METRICS.keys() - CHAIN_METRICS.keys()
