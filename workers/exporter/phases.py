"""In which phases the operations under way are: their workflows know, so Temporal is asked."""

import asyncio
from collections import Counter
from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError

from domain.names import OPERATION_ATTRIBUTE, PHASE_ATTRIBUTE
from workers.plugin import connect

_WITHIN_S = 3.0
_QUERY = f"ExecutionStatus = 'Running' AND {PHASE_ATTRIBUTE} IS NOT NULL"
_OPERATION = SearchAttributeKey.for_keyword(OPERATION_ATTRIBUTE)
_PHASE = SearchAttributeKey.for_keyword(PHASE_ATTRIBUTE)


class Phases(Collector):
    """Operations by kind and phase, and whether Temporal answers."""

    def __init__(self, address: str | None) -> None:
        self._address = address

    def collect(self) -> Iterator[Metric]:
        """Ask now."""
        answers = GaugeMetricFamily("interlace_temporal_up", "1 where Temporal answers.")
        phases = GaugeMetricFamily(
            "interlace_operations_in_phase", "Operations under way.", labels=("kind", "phase")
        )
        try:
            found = asyncio.run(asyncio.wait_for(self._count(), _WITHIN_S))
        except (RPCError, RuntimeError, TimeoutError):
            answers.add_metric((), 0)
        else:
            answers.add_metric((), 1)
            for key, count in sorted(found.items()):
                phases.add_metric(key, count)
        yield from (answers, phases)

    async def _count(self) -> Counter[tuple[str, str]]:
        client = await connect(self._address)
        found: Counter[tuple[str, str]] = Counter()
        async for each in client.list_workflows(_QUERY):
            attributes = each.typed_search_attributes
            found[attributes.get(_OPERATION) or each.workflow_type, attributes.get(_PHASE) or ""] += 1
        return found
