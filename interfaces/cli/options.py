"""Words that several commands take."""

from typing import Annotated

import typer

Service = Annotated[str, typer.Argument(help="Name of the service.")]
Tenant = Annotated[str, typer.Option(help="Whose service it is.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Follow the operation to its end.")]
GiveUpAfter = Annotated[float, typer.Option(min=1, help="Seconds for all attempts of one call to a VIM.")]
OnFailure = Annotated[
    str,
    typer.Option(
        metavar="undo|hold",
        help="When a step fails for good: undo all, or hold and wait for `interlace retry`, `edit`, `skip` "
        "or `give-up`.",
    ),
]
Vcpus = Annotated[int | None, typer.Option(min=1, help="Of one instance.")]
Memory = Annotated[str | None, typer.Option(help="Of one instance, such as '2 GiB'.")]
Disk = Annotated[str | None, typer.Option(help="Of one instance, such as '10 GiB'.")]
Image = Annotated[str | None, typer.Option(help="Such as web:1.1.")]
KeyValues = Annotated[
    list[str] | None,
    typer.Option(metavar="KEY=VALUE", help="Put over the descriptor's; may be said again."),
]
