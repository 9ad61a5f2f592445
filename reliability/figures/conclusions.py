"""All that is held against our numbers, in the order of the paper's figures."""

from collections.abc import Iterator

from reliability.figures.claims import Claim, Ground
from reliability.figures.on_costs import on_costs
from reliability.figures.on_heartbeats import on_heartbeats
from reliability.figures.on_tasks import on_tasks
from reliability.figures.on_text import on_text


def conclusions(ground: Ground) -> Iterator[Claim]:
    """Each claim with what becomes of it."""
    yield from on_heartbeats(ground)
    yield from on_tasks(ground)
    yield from on_costs(ground)
    yield from on_text(ground)
