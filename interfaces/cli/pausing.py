"""A pause of policies, from the command line's words."""

from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from domain.errors import InputError
from domain.units import DurationS
from domain.watching import Pause
from interfaces.cli.policed import subject_of
from interfaces.cli.requests import complaints
from interfaces.cli.session import catalogue

_LONGEST_S = 8760 * 3600.0
_DURATION: TypeAdapter[float] = TypeAdapter(DurationS)


def pause_policies(service: str, duration: str, reason: str) -> Pause:
    """From now on.

    :param duration: such as `1 h`
    :raises UnknownError: if there is no such service
    :raises InputError: if it has no policies, or the duration is none or too long
    """
    lasting, now = timedelta(seconds=_seconds(duration)), datetime.now(UTC)
    pause = Pause(service=service, since=now, until=now + lasting, reason=reason)
    with catalogue() as store:
        subject_of(store, service)
        store.pauses.set(pause)
    return pause


def _seconds(duration: str) -> float:
    try:
        found = _DURATION.validate_python(duration)
    except ValidationError as error:
        raise InputError(f"--for: {complaints(error)}") from None
    if found > _LONGEST_S:
        raise InputError(f"--for: {duration!r} is longer than a year (8760 h)")
    return found
