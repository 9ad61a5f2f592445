"""`interlace simulate-policy`: what policies would have done over a recorded series."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json

if TYPE_CHECKING:
    from monitoring.simulation.courses import Simulation


def register(main: typer.Typer) -> None:
    """Add the command."""
    main.command("simulate-policy")(simulate_policy)


def simulate_policy(
    descriptor: Annotated[
        str,
        typer.Argument(
            metavar="DESCRIPTOR[:VERSION]|FILE",
            help="An onboarded descriptor (the newest version unless one is said), or a descriptor's file.",
        ),
    ],
    series: Annotated[
        Path,
        typer.Argument(
            metavar="SERIES",
            help="CSV: time,METRIC,... (ISO 8601 or seconds); or Prometheus's query_range as JSON.",
        ),
    ],
    component: Annotated[
        str | None, typer.Option(help="Whose policies; needed where several components have some.")
    ] = None,
    policy: Annotated[list[str] | None, typer.Option(help="Only this one, by name. May be repeated.")] = None,
    instances: Annotated[
        int | None,
        typer.Option(min=1, help="At the start, and of the fixed number; the descriptor's, if none."),
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="Between two looks; the descriptor's, or 15 s, if none.")
    ] = None,
    startup: Annotated[str, typer.Option(help="From a decision to the new instances serving.")] = "4 s",
    capacity_per_instance: Annotated[
        float | None,
        typer.Option(help="The --load that one instance carries: the series has the whole load, then."),
    ] = None,
    load: Annotated[
        str, typer.Option(metavar="METRIC", help="Which column is the whole load.")
    ] = "requests_per_s",
    metric: Annotated[
        str | None, typer.Option(help="The name of series in JSON that have none (an expression's).")
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="EXPR",
            help="What is to be kept, such as 'latency_p95_ms < 50'; what the policies go by, if none. "
            "May be repeated.",
        ),
    ] = None,
    price_per_hour: Annotated[float | None, typer.Option(min=0, help="Of one instance.")] = None,
    infrastructure: Annotated[
        Path | None,
        typer.Option(
            "--infrastructure", help="Take the price from this document: the cheapest PoP that may."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option("--csv", help="Write every look to this file.")] = None,
    output: Annotated[Path | None, typer.Option("-o", help="Draw it: a file that ends in .svg.")] = None,
    as_json: Json = False,
) -> None:
    """Run the policies of a descriptor over a recorded series: no deployment is needed, and none is touched.

    It says what they would have done and why, what that would have cost, and when a target would not have
    been kept, beside a fixed number of instances.

    For example: `interlace simulate-policy examples/secure-shop.yaml examples/shop-traffic.csv
    --capacity-per-instance 1000 --target "latency_p95_ms < 10" --price-per-hour 0.09`

    With --capacity-per-instance, the series' requests_per_s (or --load) is the whole load, shared by the
    instances that serve; cpu, latency and errors follow from it (docs/policies.md has the formulas). Without,
    all figures are taken as they were recorded, whatever the number of instances would have been.

    Exit codes: 0 it was run, 2 wrong input.
    """
    from interfaces.cli.files import write_file
    from interfaces.cli.simulated import Asked, simulated
    from interfaces.cli.simulation_views import csv_of, show
    from interfaces.picture.simulation import drawing

    _writable(output)
    asked = Asked(
        component=component,
        policies=tuple(policy or ()),
        instances=instances,
        interval=interval,
        startup=startup,
        capacity=capacity_per_instance,
        load=load,
        metric=metric,
        targets=tuple(target or ()),
        price_per_hour=price_per_hour,
        infrastructure=infrastructure,
    )
    found: Simulation = simulated(descriptor, series, asked)
    if csv:
        write_file(csv, csv_of(found))
    if output:
        write_file(output, drawing(found))
    if as_json:
        emit_json(_without_moments(found))
    else:
        show(found, [each for each in (csv, output) if each])


def _writable(output: Path | None) -> None:
    """:raises InputError: if the drawing's suffix is none of ours"""
    from domain.errors import InputError

    if output and output.suffix.lower() != ".svg":
        raise InputError(f"{output}: a simulation is drawn as .svg")


def _without_moments(found: "Simulation") -> dict[str, object]:
    """For programs: every look is in --csv."""
    data = found.model_dump(mode="json", exclude={"courses": {"__all__": {"moments"}}})
    data["targets"] = [str(each) for each in found.targets]
    return data
