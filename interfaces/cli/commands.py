"""Two commands of each wish: one that carries it out, one that plans it; their words are the same."""

import inspect
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interfaces.cli.options import Wait
from interfaces.cli.output import Json
from interfaces.cli.wishes import heal

if TYPE_CHECKING:
    from domain.lifecycle import AnyRequest

Wish = Callable[..., "AnyRequest"]
Command = Callable[..., None]
Yes = Annotated[bool, typer.Option("--yes", help="With --lost: do not ask.")]


def carrying_out(wish: Wish) -> Command:
    """Start the operation and follow it. Ctrl-C detaches; the operation goes on."""

    def command(wait: bool, as_json: bool, yes: bool = True, **words: Any) -> None:
        from interfaces.cli.follow import run_operation

        request = wish(**words)
        if not (yes or as_json):
            _ask(request)
        raise typer.Exit(run_operation(request, wait, as_json))

    help_ = f"{inspect.getdoc(wish)}\n\nCtrl-C detaches; the operation goes on."
    more: dict[str, tuple[Any, Any]] = {"wait": (Wait, True), "as_json": (Json, False)}
    return _speaking_as(command, wish, help_, more | ({"yes": (Yes, False)} if wish is heal else {}))


def _ask(request: "AnyRequest") -> None:
    """Ask, where there is somebody, before what a PoP holds is given up.

    :raises InputError: if the answer is no
    """
    from domain.errors import InputError
    from domain.lifecycle import HealRequest

    lost = request.lost_pops if isinstance(request, HealRequest) else frozenset()
    if not lost or not sys.stdin.isatty():
        return
    what = f"What {', '.join(sorted(lost))} holds of {request.service} is given up for good, its state too."
    if not typer.confirm(f"{what} Go on?"):
        raise InputError("nothing was changed")


def planning(wish: Wish) -> Command:
    """Plan the operation and show the plan."""

    def command(as_json: bool, **words: Any) -> None:
        from interfaces.cli.planned import make_plan

        raise typer.Exit(make_plan(wish(**words), as_json))

    help_ = f"Plan, and change nothing: {inspect.getdoc(wish)}"
    return _speaking_as(command, wish, help_, {"as_json": (Json, False)})


def _speaking_as(command: Command, wish: Wish, help_: str, more: dict[str, tuple[Any, Any]]) -> Command:
    """The command with the wish's name and words, and some more; the parser reads them off its signature."""
    parameters = [*inspect.signature(wish).parameters.values()]
    for name, (kind, default) in more.items():
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=kind, default=default)
        )
    command.__name__, command.__doc__ = wish.__name__, help_
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__dict__["__signature__"] = inspect.Signature(parameters)
    return command
