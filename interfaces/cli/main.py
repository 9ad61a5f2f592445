"""Entry point of the console script `interlace`."""

import json
import os
import sys
import traceback
from typing import Annotated

import typer

from interfaces.cli import (
    alarms,
    descriptors,
    faults,
    functions,
    infrastructure,
    instances,
    labs,
    machine,
    metrics,
    operations,
    optimise,
    planning,
    policies,
    probing,
    prove,
    reliability,
    services,
    simulate_policy,
    steering,
    stopping,
    topology,
    why_not,
)

app = typer.Typer(
    name="interlace",
    help=(
        "Orchestrate complex services: network functions and microservices, placed and run as one.\n\n"
        "First steps: interlace up; interlace infra generate TOPOLOGY -o FILE; interlace infra apply FILE; "
        "interlace onboard FILE; interlace instantiate NAME DESCRIPTOR; interlace status NAME.\n\n"
        "What runs is changed by scale, migrate, heal and update. interlace plan scale ... shows beforehand "
        "what that would do, and interlace apply PLAN does exactly that.\n\n"
        "Exit codes: 0 done, 1 failed (and undone), 2 refused because of what was asked (nothing was "
        "changed), 3 Temporal does not answer."
    ),
    no_args_is_help=True,
    rich_markup_mode="markdown",
    add_completion=False,
    pretty_exceptions_enable=False,
)
machine.register(app)
stopping.register(app)
descriptors.register(app)
operations.register(app)
planning.register(app)
optimise.register(app)
why_not.register(app)
simulate_policy.register(app)
alarms.register(app)
steering.register(app)
services.register(app)
instances.register(app)
probing.register(app)
prove.register(app)
topology.register(app)
app.add_typer(infrastructure.app, name="infra")
app.add_typer(functions.app, name="functions")
app.add_typer(faults.app, name="faults")
app.add_typer(labs.app, name="lab")
app.add_typer(metrics.app, name="metrics")
app.add_typer(policies.app, name="policies")
app.add_typer(reliability.app, name="reliability")


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"interlace {version('interlace')}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """What stands before the command."""


def main() -> None:
    """Run the command line and leave with its exit code.

    The Temporal client may abort while Python shuts down (sdk-python issue 300): leave without that.
    """
    code = _run()
    if abilities := sys.modules.get("adaptors.machine.abilities"):
        abilities.forget_looks()
    if (tracing := sys.modules.get("workers.tracing")) and (begun := tracing.begun()):
        begun.finish(code)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _run() -> int:
    if _for_programs():
        return _run_for_programs()
    try:
        app()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except BrokenPipeError:
        return 1
    except Exception as error:
        return _explain(error)
    return 0


def _for_programs() -> bool:
    """Whether --json stands among our own words, not among those that `at` hands on."""
    words = sys.argv[1:]
    return "--json" in (words[: words.index("--")] if "--" in words else words)


def _run_for_programs() -> int:
    """As without --json, but a wrong usage is told in JSON too."""
    try:
        code = app(standalone_mode=False)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 1
    except BrokenPipeError:
        return 1
    except Exception as error:
        if hasattr(error, "format_message"):  # what the parser raises for wrong words
            _emit_error("UsageError", error.format_message())
            return 2
        return _explain(error)
    return code if isinstance(code, int) else 0


def _emit_error(kind: str, message: str) -> None:
    print(json.dumps({"error": {"type": kind, "message": message}}))


def _explain(error: Exception) -> int:
    """One clear message for what Interlace raises on purpose; anything else is a bug and shows its trace."""
    from domain.errors import InterlaceError

    if not isinstance(error, InterlaceError):
        traceback.print_exception(error)
        if _for_programs():
            _emit_error(type(error).__name__, str(error))
        return 1
    if _for_programs():
        _emit_error(type(error).__name__, str(error))
    else:
        print(f"error: {error}", file=sys.stderr)
    return error.exit_code
