"""`interlace functions`: the images of real network functions and microservices that this machine has."""

from pathlib import Path
from typing import Annotated

import typer

from interfaces.cli.output import Json, emit_json, table

app = typer.Typer(
    help=(
        "Function images of the emulator: what descriptors may name as `image`, and what is missing here to "
        "run it. `check` looks at one of your own.\n\n"
        "Each is a directory with a function.yaml (docs/functions.md), looked for in $INTERLACE_FUNCTIONS, "
        "in functions/ of the state directory, and among those that come with Interlace."
    ),
    invoke_without_command=True,
)


@app.callback()
def show(context: typer.Context, as_json: Json = False) -> None:
    """Without a command, list them."""
    if context.invoked_subcommand is not None:
        return
    from adaptors.vim.emulator.functions import function_path, known_functions
    from workers.settings import Settings

    where = function_path(Settings.from_environment().home)
    functions = sorted(known_functions(where), key=lambda each: each.image)
    if as_json:
        shown = ("name", "version", "description", "forwarding", "directory")
        emit_json([{**f.model_dump(include=set(shown)), "missing": f.missing_commands()} for f in functions])
        return
    rows = [
        (f.image, f.forwarding, ", ".join(f.missing_commands()) or "-", f.directory, f.description)
        for f in functions
    ]
    table(["image", "forwarding", "missing here", "directory", "description"], rows)


@app.command()
def check(
    directory: Annotated[Path, typer.Argument(help="Holds a function.yaml.")], as_json: Json = False
) -> None:
    """Check a function's directory and name everything that is wrong with it."""
    from adaptors.vim.emulator.functions import read_function

    function = read_function(directory)
    missing = function.missing_commands()
    if as_json:
        emit_json({"image": function.image, "forwarding": function.forwarding, "missing": missing})
        return
    hooks = ", ".join(name for name, _ in function.hooks.items()) or "none"
    print(f"{function.image} is fine: {function.forwarding}, hooks: {hooks}")
    if missing:
        print(f"but this machine lacks {', '.join(missing)}: it would not start here")
