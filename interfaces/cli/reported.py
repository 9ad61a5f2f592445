"""The story of a service, from the catalogue and a metrics source, written as a report."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import Field

from activities.watched import policies_of
from catalogue.store import Catalogue
from domain.errors import InputError, UnknownError
from domain.models import Model
from domain.policies import Policies
from domain.spelling import hint
from domain.units import DurationS
from domain.watching import AlarmRecord, Decision
from interfaces.cli.files import write_file
from interfaces.report.page import page
from interfaces.report.story import Story
from interfaces.report.telling import Subject, charts, gaps
from monitoring.metrics import COMPONENT, Snapshot
from monitoring.sources.opening import open_source

FRESH_S = 30.0
"""Figures that are shown may be older than those that are acted on."""
_STEPS = 500
_SHORTEST_S = 5.0
_MOST = 1000
"""Decisions and alarms: as many as are kept."""


class Asked(Model):
    """What the command line asks of a report."""

    since: DurationS = Field(ge=1)


def html_file(output: Path) -> None:
    """:raises InputError: if a report cannot be written there, for what its name says"""
    if output.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"{output}: a report is a page: name it .html")
    if not output.parent.is_dir():
        raise InputError(f"{output}: there is no directory {output.parent}")


def subject_of(store: Catalogue, service: str) -> Subject:
    """What of a service matters to its report; of one that is gone no more than its name.

    :raises UnknownError: if there is none, and nothing is kept of one
    """
    found = store.services.find(service)
    deployment = store.services.deployment(service)
    if found is None or deployment is None:
        if found is None and not _remembered(store, service):
            there = [each.name for each in store.services.list()]
            raise UnknownError(f"no service {service!r}, and nothing is kept of one; {hint(service, there)}")
        tenant = found.tenant if found else "default"
        return Subject(service, tenant, (), Policies(), {})
    descriptor = store.descriptors.get(deployment.descriptor, deployment.version)
    limits = {name: each.scaling for name, each in descriptor.components.items() if each.scaling}
    policies = policies_of(store, deployment.descriptor, deployment.version)
    return Subject(service, found.tenant, tuple(descriptor.components), policies, limits)


def _remembered(store: Catalogue, service: str) -> bool:
    return bool(store.decisions.list(service, limit=1) or store.alarms.list(service, cleared=True, limit=1))


def decisions_of(store: Catalogue, service: str, start: datetime) -> tuple[Decision, ...]:
    """Those since then, and those that were under way then; the oldest first."""
    found = store.decisions.list(service, limit=_MOST)
    return tuple(each for each in reversed(found) if (each.ended_at or start) >= start)


def alarms_of(store: Catalogue, service: str, start: datetime) -> tuple[AlarmRecord, ...]:
    """Those that were active since then; the oldest first."""
    found = store.alarms.list(service, cleared=True, limit=_MOST)
    return tuple(each for each in reversed(found) if (each.cleared_at or start) >= start)


def past(store: Catalogue, service: str, since_s: float, url: str | None, credential: str | None) -> Story:
    """What became of a service from so long ago until now.

    :param url: of a metrics source; None: there are no figures
    :raises UnknownError: if there is no such service, and nothing is kept of one
    """
    subject = subject_of(store, service)
    end = datetime.now(UTC)
    start = end - timedelta(seconds=since_s)
    step_s = max(_SHORTEST_S, since_s / _STEPS)
    snapshots = _history(service, url, credential, start, end, step_s)
    decisions = decisions_of(store, service, start)
    return Story(
        service=service,
        tenant=subject.tenant,
        start=start,
        end=end,
        source=f"figures from {url}" if url else "without figures",
        charts=charts(_with_components(subject, snapshots, decisions), snapshots, max(FRESH_S, step_s)),
        decisions=decisions,
        alarms=alarms_of(store, service, start),
        gaps=gaps(snapshots),
    )


def _history(
    service: str, url: str | None, credential: str | None, start: datetime, end: datetime, step_s: float
) -> tuple[Snapshot, ...]:
    if url is None:
        words = "figures: no source was named; --source prometheus+http://HOST:9090 has those of the past"
        return (Snapshot(at=start, gaps=(words,)),)
    source = open_source(url, credential)
    try:
        return source.history(service, start, end, step_s)
    finally:
        source.close()


def _with_components(
    subject: Subject, snapshots: Iterable[Snapshot], decisions: Iterable[Decision]
) -> Subject:
    """Of a service that is gone, the components are those that were decided on or measured."""
    if subject.components:
        return subject
    seen = {each.labels[COMPONENT] for shot in snapshots for each in shot.samples if COMPONENT in each.labels}
    known = tuple(dict.fromkeys((*(each.component for each in decisions), *sorted(seen))))
    return Subject(subject.service, subject.tenant, known, subject.policies, subject.limits)


def told(story: Story, output: Path) -> None:
    """Write the report, and say what is in it and what is not."""
    write_file(output, page(story))
    print(
        f"wrote {output}: {len(story.charts)} charts, {len(story.decisions)} decisions,"
        f" {len(story.alarms)} alarms"
    )
    if not story.charts:
        for words, _ in story.gaps[:3]:
            print(f"not had  {words}")
