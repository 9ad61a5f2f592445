"""`interlace pause`, `resume`, `retry`, `skip`, `edit`, `give-up`, `cancel`, `follow`: what is under way."""

from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.options import Disk, Image, KeyValues, Memory, Service, Vcpus
from interfaces.cli.output import Json, emit_json
from interfaces.cli.signing import signed

if TYPE_CHECKING:
    from domain.models import Model

Reason = Annotated[str, typer.Option(help="Shown to whoever looks at the operation.")]
Step = Annotated[str, typer.Argument(help="Id or title, as `interlace status` shows it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (pause, resume, retry, skip, edit, cancel, follow):
        app.command()(command)
    app.command("give-up")(give_up)


def pause(service: Service, reason: Reason = "", as_json: Json = False) -> None:
    """Let no new step begin; those that run end first."""
    from domain.names import PAUSE
    from domain.steering import Reason as Said
    from interfaces.cli.requests import checked

    _tell(service, PAUSE, checked(Said, reason=signed(reason)), as_json)


def resume(service: Service, as_json: Json = False) -> None:
    """Let steps begin again."""
    from domain.names import RESUME
    from domain.steering import Reason as Said

    _tell(service, RESUME, Said(reason=signed("")), as_json)


def retry(
    service: Service,
    step: Annotated[str | None, typer.Argument(help="Id or title; none: every step that waits.")] = None,
    as_json: Json = False,
) -> None:
    """Try a step again now: one that waits for its next attempt, or one that is held."""
    from domain.names import RETRY
    from domain.steering import StepChoice

    _tell(service, RETRY, StepChoice(step=step), as_json)


def skip(service: Service, step: Step, as_json: Json = False) -> None:
    """Leave out a step that waits, where the operation can do without it."""
    from domain.names import SKIP
    from domain.steering import StepChoice

    _tell(service, SKIP, StepChoice(step=step), as_json)


def edit(
    service: Service,
    step: Step,
    image: Image = None,
    vcpus: Vcpus = None,
    memory: Memory = None,
    disk: Disk = None,
    config: KeyValues = None,
    env: KeyValues = None,
    as_json: Json = False,
) -> None:
    """Change what a waiting step asks for, and try it again.

    Parts of the flavour that are not named stay as they are. In --config, numbers, true and false are taken
    as such unless they stand in double quotes.
    """
    from domain.errors import InputError
    from domain.names import EDIT
    from domain.steering import StepEdit
    from interfaces.cli.flavours import Flavour
    from interfaces.cli.requests import checked, pairs, settings
    from interfaces.cli.telling import resources_of

    flavour = Flavour(vcpus, memory, disk)
    if not (image or flavour or config or env):
        raise InputError("say what to change: --image, --vcpus, --memory, --disk, --config or --env")
    now = resources_of(service, step) if flavour and not flavour.is_whole else None
    wanted = checked(
        StepEdit,
        step=step,
        image=image,
        resources=flavour.over(now) if flavour else None,
        config=settings(config or [], "--config port=8080"),
        environment=pairs(env or [], "--env LEVEL=debug"),
    )
    _tell(service, EDIT, wanted, as_json)


def give_up(
    service: Service,
    reason: Reason = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """End the operation as failed and undo what it did: the service is as it was before."""
    import sys

    from domain.errors import InputError
    from domain.names import GIVE_UP
    from domain.steering import Reason as Said
    from interfaces.cli.requests import checked

    if not yes and not as_json and sys.stdin.isatty():
        question = f"What the operation on {service} did is undone. Go on?"
        if not typer.confirm(question):
            raise InputError("it goes on as before")
    _tell(service, GIVE_UP, checked(Said, reason=signed(reason)), as_json)


def cancel(service: Service, as_json: Json = False) -> None:
    """Cancel the operation: what it did is undone. What `temporal workflow cancel` does."""
    from interfaces.cli.telling import cancel_operation

    found = cancel_operation(service)
    if as_json:
        emit_json({"cancelled": found.workflow_id, "operation": found.kind})
    else:
        shows = f"`interlace follow {service}` shows how"
        print(f"{found.kind} of {service} is cancelled and {_afterwards(found.kind)}; {shows}")


def _afterwards(kind: str) -> str:
    from domain.names import OperationKind

    ends = "stays half done for the next Terminate, which goes on with it"
    return ends if kind == OperationKind.TERMINATE else "comes back to what was"


def follow(service: Service, as_json: Json = False) -> None:
    """Watch the operation that runs to its end, whoever started it; where none does, tell how the last ended.

    The exit code is that of its outcome.
    """
    from interfaces.cli.telling import follow_operation

    raise typer.Exit(follow_operation(service, as_json))


def _tell(service: str, update: str, said: "Model", as_json: bool) -> None:
    from interfaces.cli.telling import tell

    told = tell(service, update, said)
    if as_json:
        emit_json(told.model_dump(mode="json"))
    else:
        print(told.message)
