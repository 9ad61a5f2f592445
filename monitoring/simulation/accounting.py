"""What a course comes to: instance-hours, money, and when its targets were not kept."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from monitoring.simulation.courses import Account, Moment, Violation
from monitoring.simulation.targets import Target


def violations(
    moments: Sequence[Moment], targets: Sequence[Target], interval_s: float
) -> Iterator[Violation]:
    """Each time without a break in which a target was not kept: a look stands for the interval after it."""
    for place, target in enumerate(targets):
        first: Moment | None = None
        values: list[float] = []
        for moment in [*moments, None]:
            value = moment.values[place] if moment else None
            if moment and value is not None and not target.kept(value):
                first = first or moment
                values.append(value)
            elif first:
                yield Violation(
                    target=str(target),
                    start=_time(first.at),
                    end=_time(first.at + len(values) * interval_s),
                    worst=max(values) if target.sign.startswith("<") else min(values),
                )
                first, values = None, []


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def account(
    moments: Sequence[Moment],
    targets: Sequence[Target],
    actions: int,
    interval_s: float,
    price_per_hour: float | None,
) -> Account:
    """All of a course together; a look stands for the interval after it.

    :param price_per_hour: of one instance
    """
    pairs = [list(zip(targets, moment.values, strict=True)) for moment in moments]
    wrong = [any(v is not None and not target.kept(v) for target, v in each) for each in pairs]
    unknown = [any(v is None for _, v in each) for each in pairs]
    hours = sum(moment.paid for moment in moments) * interval_s / 3600
    return Account(
        actions=actions,
        instance_hours=round(hours, 6),
        cost=None if price_per_hour is None else round(hours * price_per_hour, 6),
        violated_minutes=sum(wrong) * interval_s / 60,
        unknown_minutes=sum(unknown) * interval_s / 60,
        least=min(moment.instances for moment in moments),
        most=max(moment.paid for moment in moments),
    )
