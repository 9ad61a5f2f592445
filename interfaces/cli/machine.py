"""`interlace up`, `doctor`: this machine's own Temporal and workers."""

from typing import Annotated

import typer

from interfaces.cli.output import Json, emit_json


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(up)
    app.command()(doctor)


def up(
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=16, help="Worker processes; default: the profile's with --reliability, else 1."
        ),
    ] = None,
    reliability: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            envvar="INTERLACE_RELIABILITY",
            help="The reliability profile to go by: a built-in, or a YAML file; default: balanced. "
            "`interlace reliability profiles` lists and explains them.",
        ),
    ] = None,
    wait: Annotated[float, typer.Option(help="Seconds to wait for everything to answer.")] = 60.0,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            envvar="INTERLACE_METRICS_LISTEN",
            help="Serve metrics there too, as `interlace metrics serve` does, and those of each worker.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Start Temporal (127.0.0.1 only) and workers; what dies is started again, and a Temporal that hangs.

    A Temporal configured by TEMPORAL_ADDRESS or a temporal.toml profile is used instead of a new one.

    --reliability says how soon a dead worker is noticed, how much is done anew then, how many workers there
    are, and who goes first, for each kind of operation and each tenant. A file is read now: to change what
    it says, `interlace down` and `up` again.
    """
    from interfaces.cli.profiling import chosen, in_a_line
    from interfaces.cli.session import external_address
    from lab import launcher
    from lab.runtime import load
    from workers.settings import Settings
    from workers.telemetry import address

    home = Settings.from_environment().home
    if metrics:
        address(metrics, "--metrics")
    runtime = load(home)
    profile = chosen(reliability, runtime)
    if runtime is None:
        say = (lambda _: None) if as_json else print
        number = workers or (profile.workers if reliability else 1)
        runtime = launcher.start(home, external_address(), number, wait, say, metrics, profile)
    elif not as_json:
        print("already up")
    if as_json:
        emit_json(runtime.model_dump(mode="json"))
        return
    print(f"Temporal: {runtime.address}")
    print(f"Web UI:   {runtime.web_ui or 'that of your Temporal'}")
    print(f"Workers:  {len(runtime.workers)} (pid {', '.join(str(w.pid) for w in runtime.workers)})")
    print(f"Profile:  {profile.profile}: {in_a_line(profile)}")
    if runtime.metrics:
        print(f"Metrics:  {runtime.metrics} (/metrics, /instances, /sd)")
    print(f"State:    {home} (logs in logs/); `interlace down` stops it all and keeps the state")


def doctor(as_json: Json = False) -> None:
    """What is here, what is missing, and how to get it; whether the emulator can move real packets here.

    MISSING is needed by all, without only by some. Exit code 1 when something is MISSING.
    """
    from interfaces.cli.checkup import checkup

    findings = checkup()
    if as_json:
        emit_json([finding.model_dump() for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.mark:8} {finding.what:28} {finding.found}")
            if finding.remedy and not finding.ok:
                print(f"{'':8} {'':28} > {finding.remedy}")
    if any(finding.needed and not finding.ok for finding in findings):
        raise typer.Exit(1)
