"""Words that several commands take."""

from typing import Annotated

import typer

Service = Annotated[str, typer.Argument(help="Name of the service.")]
Tenant = Annotated[str, typer.Option(help="Whose service it is.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the operation to its end.")]
FOR_A_STEP = (
    "Seconds after which no attempt of a step begins any more: it has failed for good. Not for an undo."
)
FOR_AN_UNDO = (
    "The same for each step of an undo, which then goes on without it; and, where that is less, for a "
    "deletion, which is then left to a sweep."
)
GiveUpAfter = Annotated[float, typer.Option(min=1, help=FOR_A_STEP)]
UndoGiveUpAfter = Annotated[float, typer.Option(min=1, help=FOR_AN_UNDO)]
OnFailure = Annotated[
    str,
    typer.Option(
        metavar="undo|hold",
        help="When a step fails for good: undo all, or hold and wait for `interlace retry`, `edit`, `skip` "
        "or `give-up`.",
    ),
]
GiveUpDeletingAfter = Annotated[
    float,
    typer.Option(
        min=1,
        help="Seconds after which no attempt of a deletion begins any more, where that is less than "
        "--undo-give-up-after.",
    ),
]
LeaveAfter = Annotated[
    float,
    typer.Option(
        min=1,
        help="Seconds after which no attempt of a deletion begins any more: it is left to a sweep.",
    ),
]
OnFailedDeletion = Annotated[
    str,
    typer.Option(
        metavar="undo|hold",
        help="When a deletion fails for good: undo leaves it to a sweep, hold waits for `interlace retry`, "
        "`skip` or `give-up`.",
    ),
]
FOR_RELIABILITY = (
    "The reliability profile to go by: how soon a dead worker is noticed, how much is done anew then, who "
    "goes first. `interlace reliability profiles` lists them."
)
Reliability = Annotated[
    str | None,
    typer.Option(metavar="NAME", help=f"{FOR_RELIABILITY} Default: the descriptor's, else that of `up`."),
]
Surge = Annotated[int, typer.Option(min=1, help="How many instances of a component are exchanged at a time.")]
Vcpus = Annotated[int | None, typer.Option(min=1, help="Of one instance.")]
Memory = Annotated[str | None, typer.Option(help="Of one instance, such as '2 GiB'.")]
Disk = Annotated[str | None, typer.Option(help="Of one instance, such as '10 GiB'.")]
Image = Annotated[str | None, typer.Option(help="Such as web:1.1.")]
KeyValues = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="Put over the descriptor's; may be said again."),
]
