"""`interlace policies`: what policies do with services, and how people hold them back."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from interfaces.cli import reporting
from interfaces.cli.options import Service
from interfaces.cli.output import Json, clock, emit_json


class _ByService(TyperGroup):
    """`policies` alone, and `policies SERVICE`, are `policies show`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = [each for each in args if not each.startswith("-")]
        is_command = "--help" in args[:1] or (words and words[0] in self.commands)
        if not is_command and len(words) < 2:
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_ByService,
    help=(
        "Policies of services: what each went by at the last look, what it wants, what was decided, and when "
        "schedules fire next.\n\n"
        "`interlace policies` lists all services that have some; `interlace policies SERVICE` shows one. To "
        'keep them off a service for a while: `interlace policies pause SERVICE --for "1 h"`. What is wrong '
        "with a service is told by `interlace alarms`.\n\n"
        "Policies stand in the service's descriptor (docs/policies.md); `interlace simulate-policy` tries "
        "them on recorded figures."
    ),
)


@app.command()
def show(
    service: Annotated[
        str | None, typer.Argument(help="Name of the service; none: all that have policies.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show the policies of a service, or all services that have some. `show` may be left out.

    Of a service: its last look with what each policy went by and wants, a pause, what schedules hold, when
    they fire next (and whether a person has paused them in Temporal), and the last decisions. Where Temporal
    does not answer, this says so and shows what is known without it.
    """
    from interfaces.cli.policed import all_policed, policed
    from interfaces.cli.policy_views import show as show_one
    from interfaces.cli.policy_views import show_all
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        if service is None:
            found = all_policed(store)
            if as_json:
                emit_json([each.model_dump(mode="json") for each in found])
            else:
                show_all(found)
                if any(each.watched is None for each in found):
                    print("Temporal does not answer: who is watched is not known", file=sys.stderr)
            return
        one = policed(store, service)
    if as_json:
        emit_json(one.model_dump(mode="json"))
    else:
        show_one(one)


@app.command()
def pause(
    service: Service,
    duration: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="Such as '30 min' or '1 h'; at most 8760 h.")
    ],
    reason: Annotated[str, typer.Option(help="Shown to whoever looks at the policies.")] = "",
    as_json: Json = False,
) -> None:
    """Let policies scale and move nothing for a while; what is ill is still healed.

    What a policy has begun goes on to its end. A schedule that fires meanwhile waits within its window. The
    limits of `scaling` still hold. Another pause takes the place of this one; `resume` ends it.

    For example: `interlace policies pause shop --for "1 h" --reason "load test"`
    """
    from interfaces.cli.pausing import pause_policies
    from interfaces.cli.signing import signed

    found = pause_policies(service, duration, signed(reason))
    if as_json:
        emit_json(found.model_dump(mode="json"))
    else:
        print(f"the policies of {service} are paused until {clock(found.until)}; what is ill is still healed")


@app.command()
def resume(service: Service, as_json: Json = False) -> None:
    """End a pause now. Where there is none, nothing changes."""
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        store.services.get(service)
        was = store.pauses.remove(service)
    if as_json:
        emit_json({"service": service, "was_paused": was})
    else:
        print(f"the policies of {service} {'go on' if was else 'were not paused'}")


@app.command()
def history(
    service: Service,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """What the policies of a service decided, why, and what became of it; kept after the service is gone.

    Outcomes: done; failed (and undone); refused (nothing was changed); busy (another operation had the
    service, it is tried again); skipped (a schedule whose window was over).
    """
    from interfaces.cli.policy_views import show_decisions
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        found = store.decisions.list(service, limit=limit)
        if not found:
            store.services.get(service)
    if as_json:
        emit_json([each.model_dump(mode="json") for each in found])
    else:
        show_decisions(found)


reporting.register(app)
