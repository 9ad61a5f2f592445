"""What a metrics source gives of one service at one moment.

`domain/metrics.py` has the names of the metrics and their units. A name that is not there is a metric of the
user's own: any series that the source has with the labels service and component (and instance).
"""

from collections.abc import Mapping

from pydantic import AwareDatetime

from domain.models import Model
from monitoring.healing import Health

SERVICE = "service"
COMPONENT = "component"
INSTANCE = "instance"
POP = "pop"
TENANT = "tenant"
CHAIN = "chain"
"""Of end-to-end figures, which have no component, instance or PoP."""


class Sample(Model):
    """One value of one series."""

    metric: str
    labels: Mapping[str, str] = {}
    """The names above -> value; a source may leave others on."""
    at: AwareDatetime
    """When it was measured, by the clock of whoever measured it."""
    value: float
    """In the metric's unit; what is no number (NaN, infinity) is kept as it came, and counts as missing."""


class Snapshot(Model):
    """What a source gives of one service at one moment."""

    at: AwareDatetime
    """When the source was asked, by our clock."""
    samples: tuple[Sample, ...] = ()
    health: Mapping[str, Health] = {}
    """Instance -> what its VIM says of it."""
    gaps: tuple[str, ...] = ()
    """What could not be had, and why, in words."""
