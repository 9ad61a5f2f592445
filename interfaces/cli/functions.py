"""`interlace functions`: the images of real network functions and microservices that this machine has."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json, table

if TYPE_CHECKING:
    from adaptors.vim.emulator.functions import Function
    from domain.errors import DocumentError

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
    """Without a command, list them. Those that cannot be read are named below; the exit code is 1 then."""
    if context.invoked_subcommand is not None:
        return
    functions, broken = _found()
    if as_json:
        emit_json([*map(_for_programs, functions), *map(_broken_for_programs, broken)])
    else:
        _show(functions, broken)
    if broken:
        raise typer.Exit(1)


def _found() -> "tuple[list[Function], list[DocumentError]]":
    """Those that can be read, by image, of the same image the first; and what is wrong with the others."""
    from adaptors.vim.emulator.functions import MANIFEST, function_path, read_function
    from domain.errors import DocumentError
    from workers.settings import Settings

    found: dict[str, Function] = {}
    broken: list[DocumentError] = []
    for root in function_path(Settings.from_environment().home):
        for manifest in sorted(root.glob(f"*/{MANIFEST}")):
            try:
                function = read_function(manifest.parent)
            except DocumentError as error:
                broken.append(error)
            else:
                found.setdefault(function.image, function)
    return [found[image] for image in sorted(found)], broken


def _for_programs(function: "Function") -> dict[str, object]:
    shown = {"name", "version", "description", "forwarding", "directory"}
    return {**function.model_dump(include=shown), "missing": function.missing_commands()}


def _broken_for_programs(error: "DocumentError") -> dict[str, object]:
    directory = Path(error.source).parent
    return {"name": directory.name, "directory": str(directory), "broken": str(error)}


def _show(functions: "list[Function]", broken: "list[DocumentError]") -> None:
    rows = [
        (f.image, f.forwarding, ", ".join(f.missing_commands()) or "-", f.directory, f.description)
        for f in functions
    ]
    table(["image", "forwarding", "missing here", "directory", "description"], rows)
    for error in broken:
        print(f"\ncannot be used: {error}")


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
