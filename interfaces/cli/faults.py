"""`interlace faults`: rehearse failures on the modelled infrastructure, and of the emulator's links."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json, table

if TYPE_CHECKING:
    from adaptors.vim.modelled.deeds import Struck

app = typer.Typer(
    help=(
        "Rehearse failures. On modelled VIMs calls fail, hang or lie, and instances die.\n\n"
        "A fault stands until it is used up, has ended or is cleared: `add`, `list`, `clear`. What befalls "
        "an instance is done at once: `crash`, `vanish`. On the emulator, `link` makes a WAN link slow or "
        "lossy. Then see what `interlace` makes of it."
    ),
    no_args_is_help=True,
)

Message = Annotated[str, typer.Option(help="The VIM's words.")]
Target = Annotated[
    str | None,
    typer.Argument(
        metavar="INSTANCE",
        help="Its name in the VIM, such as shop-web-1-4f2a9c1e: `interlace status --json`, resources.",
    ),
]
At = Annotated[str | None, typer.Option("--pop", help="At this PoP; needed only where several have one.")]
All = Annotated[bool, typer.Option("--all", help="All instances of the PoP.")]


@app.command()
def add(
    kind: Annotated[str, typer.Argument(help="temporary, permanent, hang, lost, ignored or outage.")],
    pop: Annotated[str | None, typer.Option(help="Only at this PoP.")] = None,
    operation: Annotated[
        str,
        typer.Option(
            help="create, delete, configure, resize, move, read, list, or * for all that the kind is for."
        ),
    ] = "*",
    component: Annotated[str | None, typer.Option(help="Only for this component.")] = None,
    times: Annotated[int | None, typer.Option(help="How many calls meet it; default: for ever.")] = None,
    starts_in: Annotated[float | None, typer.Option(help="Seconds from now; default: at once.")] = None,
    ends_in: Annotated[float | None, typer.Option(help="Seconds from now; default: never.")] = None,
    message: Message = "injected fault",
    as_json: Json = False,
) -> None:
    """Inject a fault into the calls to modelled VIMs.

    `temporary` fails, and trying again may help; `permanent` is refused for good; `hang` never answers, until
    it is cleared; `lost` takes effect, but its answer is lost (not of read and list); `ignored` is
    accepted, and nothing happens (delete, configure); `outage` takes a whole PoP.

    Examples: `interlace faults add temporary --operation create --component web --times 3`;
    `interlace faults add outage --pop berlin --ends-in 60`.
    """
    from adaptors.vim.modelled.faults import Fault, Faults
    from interfaces.cli.requests import checked
    from workers.settings import Settings

    _modelled(pop)
    now = time.time()
    fault = checked(
        Fault,
        kind=kind,
        pop=pop,
        operation=operation,
        component=component,
        times=times,
        starts_at=None if starts_in is None else now + starts_in,
        ends_at=None if ends_in is None else now + ends_in,
        message=message,
    )
    number = Faults(Settings.from_environment().home).add(fault)
    if as_json:
        emit_json({"number": number})
    else:
        print(f"fault {number} is in force; `interlace faults clear {number}` ends it")


@app.command()
def crash(
    instance: Target = None,
    pop: At = None,
    everything: All = False,
    message: Message = "the instance crashed",
    as_json: Json = False,
) -> None:
    """Crash an instance, or with `--all` all of a PoP: it is in ERROR from now on, and the VIM says why.

    It stays there and holds its resources, until it is deleted or built anew.

    Examples: `interlace faults crash shop-web-1-4f2a9c1e --message "kernel panic"`;
    `interlace faults crash --pop berlin --all`.
    """
    from adaptors.vim.modelled.deeds import crash
    from workers.settings import Settings

    _one_or_all(instance, pop, everything)
    _tell("crashed", crash(Settings.from_environment().home, pop, instance, message), as_json)


@app.command()
def vanish(instance: Target = None, pop: At = None, everything: All = False, as_json: Json = False) -> None:
    """Let an instance, or with `--all` all of a PoP, be gone from the VIM without anybody deleting it.

    Examples: `interlace faults vanish shop-web-1-4f2a9c1e`; `interlace faults vanish --pop berlin --all`.
    """
    from adaptors.vim.modelled.deeds import vanish
    from workers.settings import Settings

    _one_or_all(instance, pop, everything)
    _tell("vanished", vanish(Settings.from_environment().home, pop, instance), as_json)


@app.command()
def link(
    name: Annotated[str | None, typer.Argument(help="Of the link; without one all are listed.")] = None,
    delay: Annotated[
        str | None, typer.Option(help="Added to its latency, one way, such as '40 ms'; '0 ms' ends it.")
    ] = None,
    loss: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of packets that get lost, each way; 0 ends it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a WAN link of the emulator slower, or let it lose packets; what is not said stays as it is.

    Plans do not know of it: they go by the infrastructure. Only links that a service uses are there to be
    harmed, and what was done to one ends with its last service.

    Example: `interlace faults link hamburg-berlin --delay "40 ms"`.
    """
    from interfaces.cli.harming import harm, harms, show

    found = harms() if name is None else harm(name, delay, loss)
    if as_json:
        emit_json({link: each.model_dump() for link, each in found.items()})
    else:
        show(found)


@app.command("list")
def list_faults(as_json: Json = False) -> None:
    """List the faults, those used up (0 times left) too."""
    from adaptors.vim.modelled.faults import Faults
    from workers.settings import Settings

    found = Faults(Settings.from_environment().home).list()
    if as_json:
        emit_json({number: fault.model_dump() for number, fault in found.items()})
        return
    rows = [
        (n, f.kind, f.pop or "*", f.operation, f.component or "*", f.times, f.message)
        for n, f in found.items()
    ]
    table(["number", "kind", "pop", "operation", "component", "times left", "message"], rows)


@app.command()
def clear(
    number: Annotated[int | None, typer.Argument(help="Default: all.")] = None, as_json: Json = False
) -> None:
    """End one fault, or all."""
    from adaptors.vim.modelled.faults import Faults
    from domain.errors import UnknownError
    from workers.settings import Settings

    faults = Faults(Settings.from_environment().home)
    if number is not None and number not in faults.list():
        raise UnknownError(f"no fault {number}; `interlace faults list` lists them")
    faults.clear(number)
    if as_json:
        emit_json({"cleared": number if number is not None else "all"})
    else:
        print("cleared")


def _modelled(pop: str | None) -> None:
    """Only a PoP that is there and whose VIM is modelled meets faults.

    :raises InputError: otherwise
    """
    if pop is None:
        return
    from domain.errors import InputError, UnknownError
    from domain.spelling import hint
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        pops = store.infrastructure.get().pops
    found = pops.get(pop)
    if found is None:
        raise UnknownError(f"no PoP {pop!r}; {hint(pop, pops)}")
    if found.vim.kind != "modelled":
        raise InputError(f"the VIM of PoP {pop} is of kind {found.vim.kind}: only modelled ones meet faults")


def _one_or_all(instance: str | None, pop: str | None, everything: bool) -> None:
    """What is to be struck must be said clearly.

    :raises InputError: otherwise
    """
    from domain.errors import InputError

    if everything and instance is not None:
        raise InputError(f"name an instance or say --all, not both: {instance} and --all")
    if everything and pop is None:
        raise InputError("--all needs a PoP: --pop POP --all")
    if not everything and instance is None:
        raise InputError("name an instance as its VIM does, or say --pop POP --all")
    _modelled(pop)


def _tell(what: str, struck: "Sequence[Struck]", as_json: bool) -> None:
    if as_json:
        emit_json({what: [one.model_dump() for one in struck]})
    elif not struck:
        print("there is no instance")
    for one in () if as_json else struck:
        print(f"{what}: instance {one.name} at PoP {one.pop}")
