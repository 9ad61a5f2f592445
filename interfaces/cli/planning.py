"""`interlace plan`, `plans`, `apply`: see what an operation would do, then have exactly that done."""

from typing import Annotated

import typer

from interfaces.cli.commands import planning
from interfaces.cli.options import FOR_A_STEP, FOR_AN_UNDO, FOR_RELIABILITY, Wait
from interfaces.cli.output import Json, clock, emit_json, table
from interfaces.cli.wishes import WISHES

app = typer.Typer(
    help=(
        "Plan an operation and change nothing: what moves, what it takes and costs, how long it lasts, who "
        "is interrupted. The plan is kept; `interlace apply` does exactly that, or refuses once the world "
        "has changed."
    ),
    no_args_is_help=True,
)
for wish in WISHES:
    app.command()(planning(wish))

PlanId = Annotated[str, typer.Argument(metavar="PLAN", help="Such as plan-3f2a9c41d07b.")]


def register(main: typer.Typer) -> None:
    """Add the commands."""
    main.add_typer(app, name="plan")
    main.command()(plans)
    main.command()(apply)


@app.command()
def show(plan: PlanId, as_json: Json = False) -> None:
    """Show a stored plan again, and whether it was taken."""
    from interfaces.cli.overtaken import why_not_applicable
    from interfaces.cli.plan_views import plan_json, show_plan
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        record = store.plans.get(plan)
        over = why_not_applicable(store, record)
    if as_json:
        emit_json(record.model_dump(mode="json") | {"plan": plan_json(record.plan)})
        return
    show_plan(record.plan)
    print(f"\n{over or f'apply with: interlace apply {plan}'}")


def plans(
    service: Annotated[str | None, typer.Argument(help="Only those of this service.")] = None,
    as_json: Json = False,
) -> None:
    """List the stored plans, the newest first."""
    from interfaces.cli.session import catalogue
    from interfaces.cli.steps import lasting

    with catalogue() as store:
        records = store.plans.list(service)
    if as_json:
        emit_json([record.model_dump(mode="json") for record in records])
        return
    rows = [
        (
            r.plan.plan_id,
            r.plan.kind,
            r.plan.service,
            r.state,
            clock(r.plan.created_at),
            f"{r.plan.cost_after - r.plan.cost_before:+.4f} {r.plan.currency}/h",
            lasting(r.plan.expected_duration_s),
            r.operation_id,
        )
        for r in records
    ]
    table(["plan", "operation", "service", "state", "planned", "cost", "lasts", "taken by"], rows)


def apply(
    plan: PlanId,
    give_up_after: Annotated[
        float | None, typer.Option(min=1, help=f"{FOR_A_STEP} Default: as planned.")
    ] = None,
    undo_give_up_after: Annotated[
        float | None, typer.Option(min=1, help=f"{FOR_AN_UNDO} Default: as planned.")
    ] = None,
    on_failure: Annotated[
        str | None, typer.Option(metavar="undo|hold", help="When a step fails for good; default: as planned.")
    ] = None,
    reliability: Annotated[
        str | None, typer.Option(metavar="NAME", help=f"{FOR_RELIABILITY} Default: as planned.")
    ] = None,
    wait: Wait = True,
    as_json: Json = False,
) -> None:
    """Do what a stored plan says, and nothing else.

    Refused with exit code 2, and nothing is changed, when it was taken already or the world is no longer as
    it was. Ctrl-C detaches; the operation goes on.
    """
    from interfaces.cli.follow import run_operation
    from interfaces.cli.planned import application_of
    from interfaces.cli.priorities import allowed
    from interfaces.cli.session import catalogue

    patience = {"give_up_after_s": give_up_after, "undo_give_up_after_s": undo_give_up_after}
    with catalogue() as store:
        request = application_of(store.plans.get(plan), patience, on_failure, allowed(reliability))
    raise typer.Exit(run_operation(request, wait, as_json))
