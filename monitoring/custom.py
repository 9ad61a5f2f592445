"""What policies ask for that is not measured, or not asked for, anyway."""

from collections.abc import Iterator
from contextlib import suppress

from domain.expressions import ExpressionError, Figure, figures
from domain.metrics import CHAIN_METRICS, INSTANCE_METRICS
from domain.policies import Policies, SchedulePolicy
from monitoring.evaluating import tree_of


def own_metrics(policies: Policies) -> frozenset[str]:
    """The names that are none of ours: a Prometheus has to be asked for each of them."""
    known = INSTANCE_METRICS.keys() | CHAIN_METRICS.keys()
    return frozenset(e.metric for e in _figures(policies) if e.chain is None and e.metric not in known)


def asks_for_chains(policies: Policies) -> bool:
    """Whether packets have to be sent along the service's chains for them."""
    return any(each.chain is not None for each in _figures(policies))


def _figures(policies: Policies) -> Iterator[Figure]:
    """Of all expressions; one that cannot be read has none."""
    asking = [each.metric for each in policies.scaling if not isinstance(each, SchedulePolicy)]
    asking += [each.metric for each in policies.migration]
    for text in asking:
        with suppress(ExpressionError):
            yield from figures(tree_of(text))
