"""`interlace metrics`: what is measured, for Prometheus and for people."""

from typing import Annotated

import typer

from interfaces.cli.output import Json, emit_json

app = typer.Typer(
    help="What is measured of instances, chains and Interlace itself: served for Prometheus, shown to people.",
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
