"""`interlace metrics`: what is measured, for Prometheus and for people."""

from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json

if TYPE_CHECKING:
    from monitoring.metrics import Snapshot

app = typer.Typer(
    help="What is measured of instances, chains and Interlace itself: for Prometheus, and for people.",
    no_args_is_help=True,
)


@app.command()
def serve(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Port 0: any that is free.")
    ] = "127.0.0.1:9464",
    probe_interval: Annotated[
        float, typer.Option(min=0, help="Seconds between two rounds of probes along the chains; 0: none.")
    ] = 30.0,
) -> None:
    """Serve /metrics, /instances and /sd until Ctrl-C; nobody is asked who they are, so listen on loopback.

    /metrics is Interlace itself, /instances what runs, /sd what Prometheus is to scrape.
    """
    from interfaces.cli.session import external_address
    from lab.runtime import load
    from workers.exporter.__main__ import serve as serve_metrics
    from workers.settings import Settings

    runtime = load(Settings.from_environment().home)
    serve_metrics(listen, probe_interval, external_address() or (runtime.address if runtime else None))


@app.command()
def show(
    service: Annotated[str, typer.Argument(help="Name of the service.")],
    source: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            envvar="INTERLACE_METRICS_SOURCE",
            help="http://HOST:9464: an exporter; prometheus+http://HOST:9090: a Prometheus. Without one the "
            "instances are looked at from here, twice.",
        ),
    ] = None,
    credential: Annotated[
        str | None,
        typer.Option(help="For Prometheus: INTERLACE_CREDENTIAL_<NAME>_TOKEN, or ..._USER and ..._PASSWORD."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Again and again, until Ctrl-C.")] = False,
    interval: Annotated[float, typer.Option(min=1, help="Seconds between two, with --watch.")] = 5.0,
    as_json: Json = False,
) -> None:
    """Show what is measured of a service: of each instance, of each chain, and what could not be had.

    Rates are over the time between two looks, from Prometheus over the last minute. Exit code 1 when there
    is nothing at all.
    """
    from interfaces.cli.measured import look_again, measure

    with measure(service, source, credential) as snapshots:
        found = next(snapshots)
        _tell(found, as_json)
        for _ in look_again(interval) if watch else ():
            _tell(next(snapshots), as_json, again=True)
    if not found.samples:
        raise typer.Exit(1)


def _tell(found: "Snapshot", as_json: bool, again: bool = False) -> None:
    from interfaces.cli.measured import show_snapshot

    if as_json:
        emit_json(found.model_dump(mode="json"))
    else:
        show_snapshot(found, again)
