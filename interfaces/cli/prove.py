"""`interlace prove`: a crash at every step, and nothing lost or doubled."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json, table

if TYPE_CHECKING:
    from domain.names import OperationKind
    from reliability.cases import Case
    from reliability.outcomes import Outcome, Proof


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prove)


def prove(
    operations: Annotated[
        list[str] | None, typer.Argument(help="Such as scale; or --all.", metavar="[OPERATION]...")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Every operation.")] = False,
    vim: Annotated[str, typer.Option(help="modelled, or emulator: main points, with traffic.")] = "modelled",
    points: Annotated[bool, typer.Option("--points", help="List the points; kill nothing.")] = False,
    only: Annotated[str, typer.Option(help="Only points with this in their name.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Each kind of point once, not each point.")] = False,
    lanes: Annotated[int, typer.Option(min=1, max=16, help="Labs that run side by side.")] = 4,
    as_json: Json = False,
) -> None:
    """Prove that a crash at any step changes nothing but the time taken.

    Runs the operation once for reference, in labs of its own; then again and again, each time with a SIGKILL
    to the worker that reaches the next point, on the way and in the undo, and to Temporal's server. World,
    catalogue and ledger must then be as in the reference. Exit code 1 at the first difference.
    """
    import asyncio

    if vim not in ("modelled", "emulator"):
        raise typer.BadParameter("modelled or emulator", param_hint="--vim")
    kinds = _kinds(operations or [], every, vim)
    try:
        code = asyncio.run(_prove(kinds, vim, points, only, quick, lanes, as_json))
    except (KeyboardInterrupt, asyncio.CancelledError):
        code = 1
    raise typer.Exit(code)


def _kinds(operations: list[str], every: bool, vim: str) -> "list[OperationKind]":
    from reliability.subjects import SUBJECTS

    known = {
        kind.lower(): kind for kind, subject in SUBJECTS.items() if vim != "emulator" or subject.on_emulator
    }
    if every:
        return list(known.values())
    if not operations:
        raise typer.BadParameter(f"name some of {', '.join(known)}, or say --all", param_hint="OPERATION")
    if unknown := [word for word in operations if word.lower() not in known]:
        raise typer.BadParameter(
            f"no operation {unknown[0]!r} on {vim}; there are {', '.join(known)}", param_hint="OPERATION"
        )
    return [known[word.lower()] for word in operations]


async def _prove(
    kinds: "list[OperationKind]",
    vim: str,
    points: bool,
    only: str,
    quick: bool,
    lanes: int,
    as_json: bool,
) -> int:
    import asyncio
    import signal

    from domain.errors import InputError
    from interfaces.cli.proving import DifferenceError, campaign

    running = asyncio.current_task()
    assert running
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    proofs: list[Proof] = []
    listed: dict[OperationKind, tuple[Case, ...]] = {}
    different: Outcome | None = None
    try:
        async with campaign(vim, 1 if points else lanes, only, _say, quick) as run:
            for kind in kinds:
                if points:
                    listed[kind] = await run.points(kind)
                else:
                    proofs.append(await run.prove(kind))
                    _say(proofs[-1].summary())
    except DifferenceError as difference:
        different = difference.outcome
    if only and not (different or any(listed.values()) or any(each.outcomes for each in proofs)):
        raise InputError(
            f"--only {only}: no point has this in its name, so nothing was proven; --points lists them"
        )
    if points:
        _list(listed, as_json)
    else:
        _report(proofs, different, as_json)
    return 1 if different else 0


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _list(listed: "dict[OperationKind, tuple[Case, ...]]", as_json: bool) -> None:
    if as_json:
        emit_json({kind: [str(case) for case in cases] for kind, cases in listed.items()})
        return
    for kind, cases in listed.items():
        print(f"{kind}: {len(cases)} kill points")
        for case in cases:
            print(f"  {case}")


def _report(proofs: "list[Proof]", different: "Outcome | None", as_json: bool) -> None:
    from reliability.outcomes import COLUMNS

    if as_json:
        told = {"proofs": [proof.model_dump(mode="json") for proof in proofs]}
        emit_json(told | {"different": different.model_dump(mode="json") if different else None})
        return
    for proof in proofs:
        print(f"\n{proof.summary()}")
        table(COLUMNS, [outcome.row for outcome in proof.outcomes])
    if different:
        print(f"\nDIFFERENT: {different.case.kind}, {different.case}")
        for each in different.differences:
            print(f"  {each}")
        print(f"the lab of {different.service} is kept, with its home and logs: {different.lab}")
