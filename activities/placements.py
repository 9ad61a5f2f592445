"""Placement as an activity: reads the topology itself, so that none travels through a history."""

import asyncio

from temporalio import activity

from activities.tracing import span
from activities.translation import translated
from catalogue.store import Catalogue
from domain import names
from domain.plans import ServiceGraph
from domain.requests import Solution
from placement.solve import place
from placement.topology import Usage

_HEARTBEAT_EVERY_S = 1.0


class PlacementActivities:
    """Solves placements on the catalogue's present state."""

    def __init__(self, catalogue: Catalogue, time_limit_s: float) -> None:
        self._catalogue = catalogue
        self._time_limit_s = time_limit_s

    @activity.defn(name=names.SOLVE)
    async def solve(self, graph: ServiceGraph) -> Solution:
        """The cheapest plan on what is free now; heartbeats, so that a dead worker is soon noticed."""
        solving = asyncio.create_task(asyncio.to_thread(self._solve, graph))
        while not (await asyncio.wait({solving}, timeout=_HEARTBEAT_EVERY_S))[0]:
            activity.heartbeat("solving")
        return solving.result()

    def _solve(self, graph: ServiceGraph) -> Solution:
        with translated():
            infrastructure = self._catalogue.infrastructure.get()
            used = self._catalogue.infrastructure.usage()
            usage = Usage(pops=used.pops, links=used.links)
            with span("placement.solve"):
                plan = place(graph, infrastructure, usage, time_limit_s=self._time_limit_s)
        passed = {pop for route in plan.routes for pop in route.pops}
        pops = sorted({*plan.placements.values(), *plan.endpoints.values(), *passed})
        return Solution(plan=plan, vim_kinds={pop: infrastructure.pops[pop].vim.kind for pop in pops})
