"""Two commands of each wish: one that carries it out, one that plans it; their words are the same."""

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import typer

from interfaces.cli.options import Wait
from interfaces.cli.output import Json

if TYPE_CHECKING:
    from domain.lifecycle import AnyRequest

Wish = Callable[..., "AnyRequest"]
Command = Callable[..., None]


def carrying_out(wish: Wish) -> Command:
    """Start the operation and follow it. Ctrl-C detaches; the operation goes on."""

    def command(wait: bool, as_json: bool, **words: Any) -> None:
        from interfaces.cli.follow import run_operation

        raise typer.Exit(run_operation(wish(**words), wait, as_json))

    help_ = f"{inspect.getdoc(wish)}\n\nCtrl-C detaches; the operation goes on."
    return _speaking_as(command, wish, help_, {"wait": (Wait, True), "as_json": (Json, False)})


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
