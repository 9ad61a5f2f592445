"""ScheduledScale: a schedule has fired; its number is due, and what became of that is told."""

import asyncio
from datetime import UTC, datetime

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from domain import names
from domain.requests import Nothing
from domain.watching import Firing, FiringSeen, ScheduledScaleRequest
from workflows import calls

_SCHEDULED = SearchAttributeKey.for_datetime("TemporalScheduledStartTime")
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 15.0


@workflow.defn(name=names.SCHEDULED_SCALE)
class ScheduledScale:
    """Started by a Temporal Schedule. The service's watch scales, for all policies are heard together."""

    @workflow.run
    async def run(self, request: ScheduledScaleRequest) -> FiringSeen:
        """Make the number due, and wait until it is there, or its window is over."""
        firing = Firing(
            request=request, fired_at=_fired_at(), decision_id=f"scheduled-{workflow.info().run_id}"
        )
        await calls.ask_store(names.FIRE, firing, Nothing, summary="make the number due")
        pause_s = _FIRST_PAUSE_S
        while True:
            seen = await calls.ask_store(names.FIRING, firing, FiringSeen, summary="see how it stands")
            workflow.set_current_details(f"{seen.outcome}: {seen.told}")
            if seen.outcome != "under way":
                return seen
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _fired_at() -> datetime:
    """When it should have started; where a person has started it by hand, now."""
    said = workflow.info().typed_search_attributes.get(_SCHEDULED)
    return (said or workflow.info().start_time).astimezone(UTC)
