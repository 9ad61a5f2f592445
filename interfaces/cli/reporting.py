"""`interlace policies report` and `watch`: a service over time, and what its policies did."""

from pathlib import Path
from typing import Annotated

import typer

from interfaces.cli.options import Service

Source = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="URL",
        envvar="INTERLACE_METRICS_SOURCE",
        help="prometheus+http://HOST:9090: a Prometheus; http://HOST:9464: an exporter.",
    ),
]
Credential = Annotated[
    str | None,
    typer.Option(help="For a Prometheus: INTERLACE_CREDENTIAL_NAME_TOKEN, or ..._USER and ..._PASSWORD."),
]


def register(policies: typer.Typer) -> None:
    """Add the commands."""
    policies.command()(report)
    policies.command()(watch)


def report(
    service: Service,
    output: Annotated[Path, typer.Option("-o", metavar="FILE.html", help="Write it here.")],
    since: Annotated[str, typer.Option(help="How far it reaches back.")] = "1 h",
    source: Source = None,
    credential: Credential = None,
) -> None:
    """Write one page of what was: load, instances, latency, what policies decided and why, and alarms.

    Decisions and alarms are kept by Interlace, also of a service that is gone; figures by a Prometheus. The
    page loads nothing. Where no Prometheus runs, `interlace policies watch SERVICE -o FILE.html` writes what
    it sees itself.
    """
    from interfaces.cli.reported import Asked, html_file, past, told
    from interfaces.cli.requests import checked
    from interfaces.cli.session import catalogue

    html_file(output)
    asked = checked(Asked, since=since)
    with catalogue() as store:
        story = past(store, service, asked.since, source, credential)
    told(story, output)


def watch(
    service: Service,
    source: Source = None,
    credential: Credential = None,
    interval: Annotated[str, typer.Option(help="Between two looks.")] = "2 s",
    lasting: Annotated[
        str | None, typer.Option("--for", help="End after so long, such as '10 min'; else Ctrl-C ends it.")
    ] = None,
    notes: Annotated[
        bool,
        typer.Option(
            "--notes", help="Take each line of standard input as a note of that moment; its end ends this."
        ),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="FILE.html", help="Write a report of what was seen at the end."),
    ] = None,
) -> None:
    """Watch a service live: load, instances, latency, what policies decide, and alarms; Ctrl-C ends it.

    On a terminal a chart, else lines. Without --source it asks what `interlace up` serves; where that serves
    nothing, it looks at the instances by itself.
    """
    from interfaces.cli.loop_watching import WatchAsked, watched
    from interfaces.cli.reported import html_file, told
    from interfaces.cli.requests import checked

    if output:
        html_file(output)
    asked = checked(WatchAsked, interval=interval, lasting=lasting, notes=notes)
    story = watched(service, source, credential, asked)
    if output:
        told(story, output)
