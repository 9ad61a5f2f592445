"""When the schedules of a service's policies run: what is no such time is refused with its field."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

from domain.contradictions import Complaint
from domain.descriptor import Descriptor
from domain.policies import SchedulePolicy
from domain.spelling import hint

_FIELDS = ("minute", "hour", "day of the month", "month", "day of the week")
_EXAMPLE = "'0 8 * * 1-5' is 8:00 from Monday to Friday"
_VALUE = r"(?:[0-9]{1,2}|[A-Z]{3})"
_PART = rf"(?:\*|{_VALUE}(?:-{_VALUE})?)(?:/[0-9]{{1,2}})?"
_PLAIN = re.compile(rf"{_PART}(?:,{_PART})*", re.IGNORECASE)
"""What all crons know: the last day of a month and the second Monday are not of it."""


def time_complaints(descriptor: Descriptor) -> Iterator[Complaint]:
    """Of schedules whose times or time zones are none."""
    for number, policy in enumerate(descriptor.policies.scaling):
        if isinstance(policy, SchedulePolicy):
            here = ("policies", "scaling", number)
            if wrong := _cron(policy.cron):
                yield (*here, "cron"), wrong
            if wrong := _time_zone(policy.time_zone):
                yield (*here, "time_zone"), wrong


def _cron(cron: str) -> str | None:
    """What is wrong with five fields that Temporal's schedules and the simulation are to read alike."""
    fields = cron.split()
    if len(fields) != len(_FIELDS):
        return f"{cron!r} has {len(fields)} fields, not five ({', '.join(_FIELDS)}): {_EXAMPLE}"
    for place, field in enumerate(fields):
        alone = ["*" if other != place else field for other in range(len(fields))]
        if not (_PLAIN.fullmatch(field) and _readable(" ".join(alone))):
            return f"{cron!r}: {field!r} is no {_FIELDS[place]}: {_EXAMPLE}"
    if "*" not in (fields[2], fields[4]):
        return f"{cron!r}: give the day of the month or the day of the week: crons differ on what both mean"
    return None if _readable(cron) else f"{cron!r}: such a day never comes"


def _readable(cron: str) -> bool:
    try:
        return next(CronSim(cron, datetime.now(UTC)), None) is not None
    except CronSimError:
        return False


def _time_zone(name: str) -> str | None:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return f"no time zone {name!r} in the IANA database; {hint(name, available_timezones())}"
    return None
