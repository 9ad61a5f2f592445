"""`interlace reliability`: what recovery costs and takes, as the recovery model has it."""

from pathlib import Path
from typing import Annotated

import typer

from interfaces.cli import reliability_measure
from interfaces.cli.output import Json, emit_json
from interfaces.cli.reliability_profiles import profiles

app = typer.Typer(
    help=(
        "What an orchestrator's recovery costs and takes: the model of checkpoints, heartbeats and takeovers "
        "in docs/reliability.md, for the centralised design (one orchestrator leads a request and shares its "
        "state) and the distributed one (each microservice hands the state on, and has a twin).\n\n"
        "`predict` computes one configuration, `tune` looks for the cheapest that recovers fast enough, and "
        "`figures` reproduces the paper's figures and holds its conclusions against our numbers. They need "
        "nothing to be up, and touch nothing. `profiles` lists what `interlace up --reliability` applies, "
        "and `measure` holds the model against operations whose workers are killed.\n\n"
        "R_a is how much longer than a monolith a workflow takes, R_r how much longer with one fault at the "
        "worst moment, B_tot the bandwidth, Q_r the processes beyond the monolith's one."
    ),
    no_args_is_help=True,
)

Values = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="A parameter, such as n=8, h_r=4, t_h=1 or longest=0.5; values as in JSON; may be said again. "
        "The others are the middles of the paper's ranges. docs/reliability.md has them all.",
    ),
]


@app.command()
def predict(
    values: Values = None,
    simulated: Annotated[
        bool, typer.Option("--simulate", help="Look for the worst fault in a simulation, too.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation.")] = 0,
    as_json: Json = False,
) -> None:
    """Compute R_a, R_r, B_tot and Q_r of one configuration, in both designs.

    For example: `interlace reliability predict --set n=8 --set t_m=60 --set s_p=2 --simulate`

    With --simulate, whoever has the request in hand dies before each moment at which work becomes safe, and
    at others by chance; the worst of these is shown beside what equations 3 and 7 say.

    Exit codes: 0 it was computed, 2 the configuration cannot be.
    """
    from interfaces.cli.recovering import configuration
    from interfaces.cli.reliability_views import predicted, show_prediction

    found = predicted(configuration(values or ()), seed if simulated else None)
    if as_json:
        emit_json(found.model_dump(mode="json"))
    else:
        show_prediction(found)


@app.command()
def figures(
    values: Values = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", metavar="DIR", help="Write fig6, fig7 and fig8 there, each as .svg and .csv."),
    ] = None,
    per_kb_s: Annotated[
        float, typer.Option(min=1e-6, help="So many kB/s count as one in the cost of Fig. 8.")
    ] = 100.0,
    per_processes: Annotated[
        float, typer.Option(min=1e-6, help="So many processes count as one in the cost of Fig. 8.")
    ] = 10.0,
    spread: Annotated[
        bool,
        typer.Option(
            "--spread",
            help="In the cost of Fig. 8, each measure counts as one from its least to its greatest, instead.",
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Reproduce Figs. 6, 7 and 8, and hold what the paper concludes from them against our numbers.

    Each conclusion holds, fails, or holds only if something is so that the text does not say. --set changes
    the configuration that the figures go round; `--set printed=[3]` takes Eq. 3 as it is printed.

    For example: `interlace reliability figures -o figures`

    Exit codes: 0 whatever the conclusions come to, 2 the configuration cannot be.
    """
    from interfaces.cli.recovering import configuration, reproduced
    from interfaces.cli.reliability_views import show_claims
    from reliability.model.measures import Units

    units = None if spread else Units(b_tot=per_kb_s, q_r=per_processes)
    found = reproduced(configuration(values or ()), units)
    written = found.write(output) if output else []
    if as_json:
        emit_json({**found.summary(), "files": [str(each) for each in written]})
    else:
        show_claims(found.claims, written)


@app.command()
def tune(
    recovery_ratio: Annotated[
        float | None, typer.Option(metavar="R_r", help="At most so many times as long with one fault.")
    ] = None,
    added_time: Annotated[
        float | None, typer.Option(metavar="R_a", help="At most so many times as long as a monolith.")
    ] = None,
    bandwidth: Annotated[float | None, typer.Option(metavar="KB/S", help="At most this B_tot.")] = None,
    processes: Annotated[
        float | None, typer.Option(metavar="Q_r", help="At most so many beyond the monolith's one.")
    ] = None,
    weights: Annotated[
        str,
        typer.Option(
            metavar="NAME=NUMBER,...",
            help="What each measure weighs in the cost: r_a, r_r, b_tot and q_r (or alpha, beta, gamma and "
            "delta). What is left out weighs 0.",
        ),
    ] = "r_a=1,r_r=1,b_tot=0.1,q_r=0.1",
    beats: Annotated[
        int, typer.Option(min=1, max=20, help="Heartbeat intervals in a heartbeat time-out, at least.")
    ] = 3,
    longest_pause: Annotated[
        float,
        typer.Option(
            min=0,
            max=3600,
            metavar="S",
            help="A worker that is silent for so long may still live: it is busy.",
        ),
    ] = 1.0,
    values: Values = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            metavar="FILE",
            help="Write it as a profile for `interlace up --reliability`; what is there is written over.",
        ),
    ] = None,
    name: Annotated[str, typer.Option(help="Of the profile.")] = "tuned",
    as_json: Json = False,
) -> None:
    """Find the cheapest configuration that keeps the limits, and say what has to be set for it.

    For example: `interlace reliability tune --recovery-ratio 1.2 --set n=8 --set t_m=60 -o tuned.yaml`,
    then `interlace up --reliability ./tuned.yaml`

    The workflow is what --set says (tasks, their times, sizes, latencies); heartbeat interval and checkpoint
    period are looked for, unless h_r or s_p is set. The design is the centralised one, which Interlace is.
    The answer is what is to be set on workers and activities, and the R_a, R_r, B_tot and Q_r that the model
    predicts. -o writes it as a reliability profile; workers and operations go by it once `interlace up
    --reliability FILE` was given that.

    Exit codes: 0 found, 1 no configuration keeps the limits (the nearest is shown, and what binds; nothing is
    written), 2 wrong input.
    """
    from interfaces.cli.recovering import configuration, tuned
    from interfaces.cli.tuned_profile import written
    from interfaces.cli.tuning_views import show_tuned
    from reliability.tuner.knobs import Patience

    limits = {"r_r": recovery_ratio, "r_a": added_time, "b_tot": bandwidth, "q_r": processes}
    words = values or ()
    patience = Patience(beats=beats, longest_pause_s=longest_pause)
    found = tuned(configuration(words), words, limits, weights, patience)
    file = written(found, limits, output, name) if output and found.reached else None
    if as_json:
        emit_json({**found.model_dump(mode="json"), "profile": str(file) if file else None})
    else:
        show_tuned(found, file)
    if not found.reached:
        raise typer.Exit(1)


app.command()(profiles)
reliability_measure.register(app)
