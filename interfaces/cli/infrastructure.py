"""`interlace infra`: the PoPs and the links between them."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from interfaces.cli.output import Json, emit_json, table

app = typer.Typer(help="PoPs and links: generate, plan, apply, show.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="An infrastructure document, YAML or JSON.")]


@app.command()
def generate(
    topology: Annotated[str, typer.Argument(help="From topohub, such as sndlib/germany50.")],
    output: Annotated[Path | None, typer.Option("-o", help="File to write; default: print.")] = None,
    vim: Annotated[
        str,
        typer.Option(
            help="What runs the PoPs: emulator (real packets on this machine), modelled (a record, no "
            "packets), or auto: the emulator where this machine lets it run."
        ),
    ] = "auto",
    create_delay: Annotated[
        str | None, typer.Option(help="Of each instance, such as '1 s'; modelled VIMs only.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write an infrastructure document from a public topology with its real link lengths."""
    import yaml

    from interfaces.cli.choosing import choose_vim
    from interfaces.cli.files import write_file
    from lab.topologies import generate as generate_document
    from workers.settings import Settings

    chosen = choose_vim(vim, create_delay, Settings.from_environment().home)
    document = generate_document(topology, create_delay, chosen.kind)
    header = f"# Generated from topohub's {topology}; capacities and prices are by rule.\n"
    text = header + yaml.safe_dump(document, sort_keys=False)
    if output:
        write_file(output, text)
    if as_json:
        emit_json({"written": str(output), **chosen.model_dump()} if output else document)
        return
    print(text if output is None else f"wrote {output}", end="" if output is None else "\n")
    print(f"VIMs: {chosen.kind} ({chosen.why})", file=sys.stdout if output else sys.stderr)


@app.command()
def plan(file: File, as_json: Json = False) -> None:
    """Show what `apply` would change."""
    _changes(file, as_json, apply_them=False)


@app.command()
def apply(file: File, as_json: Json = False) -> None:
    """Make the infrastructure as the file says; refuses to drop what is in use."""
    _changes(file, as_json, apply_them=True)


def _changes(file: Path, as_json: bool, apply_them: bool) -> None:
    from catalogue.documents import read_infrastructure
    from interfaces.cli.files import read_file
    from interfaces.cli.session import catalogue

    wanted = read_infrastructure(read_file(file), str(file))
    _check_vims(wanted)
    with catalogue() as store:
        changes = store.infrastructure.changes(wanted)
        if apply_them:
            store.infrastructure.apply(wanted)
    if as_json:
        emit_json({"applied": apply_them, "changes": [change.model_dump() for change in changes]})
        return
    for change in changes:
        detail = " -> ".join(side for side in (change.before, change.after) if side)
        shown = f"  {detail}" if change.action == "change" else ""
        what = change.what if change.what == change.name else f"{change.what} {change.name}"
        print(f"{change.action:6} {what}{shown}")
    print(f"{len(changes)} changes{' applied' if apply_them else ', none applied yet'}")


def _check_vims(wanted: Any) -> None:
    """Refuse an unknown adaptor or its wrong settings now, not when a service needs them."""
    from adaptors.vim.registry import open_vim
    from domain.instances import PopAccess
    from workers.settings import Settings

    home = Settings.from_environment().home
    for name, pop in wanted.pops.items():
        vim = pop.vim
        access = PopAccess(name=name, capacity=pop.capacity, settings=vim.settings, credential=vim.credential)
        open_vim(vim.kind, access, home)


@app.command()
def check(
    pops: Annotated[list[str] | None, typer.Argument(help="Names of PoPs; default: all.")] = None,
    as_json: Json = False,
) -> None:
    """Ask each PoP's VIM: does it answer, with this credential, and what room has it? Changes nothing there.

    What others use of a cloud is noted, so that nothing is placed where there is no room; plans do so, too.
    Exit code 1 where one does not answer.
    """
    from interfaces.cli.checking import check_pops, shown
    from interfaces.cli.session import catalogue
    from workers.settings import Settings

    with catalogue() as store:
        found = check_pops(store, Settings.from_environment().home, pops or [])
    if as_json:
        emit_json({"pops": [each.model_dump(mode="json") for each in found]})
    else:
        shown(found)
    if any(each.problem for each in found):
        raise typer.Exit(1)


@app.command()
def show(as_json: Json = False) -> None:
    """List the PoPs with what is reserved of them."""
    from domain.infrastructure import Resources
    from interfaces.cli.costs import aims
    from interfaces.cli.session import catalogue

    with catalogue() as store:
        infrastructure = store.infrastructure.get()
        usage = store.infrastructure.usage()
    if as_json:
        emit_json(
            {
                "infrastructure": infrastructure.model_dump(mode="json"),
                "usage": usage.model_dump(mode="json"),
            }
        )
        return
    none = Resources.of(0, 0, 0)
    rows = []
    for name, pop in sorted(infrastructure.pops.items()):
        used, total = usage.pops.get(name, none), pop.capacity
        rows.append(
            (
                name,
                pop.vim.kind,
                pop.region,
                f"{used.vcpus}/{total.vcpus}",
                f"{used.memory}/{total.memory}",
                f"{used.disk}/{total.disk}",
                ",".join(sorted(pop.capabilities)),
            )
        )
    table(["pop", "vim", "region", "vcpus", "memory MiB", "disk GiB", "capabilities"], rows)
    print(f"{len(infrastructure.pops)} PoPs, {len(infrastructure.links)} links, {infrastructure.currency}")
    print(f"services are placed for {aims(infrastructure.objective)}")
    if infrastructure.licences:
        fees = [f"{name} {price:g}" for name, price in sorted(infrastructure.licences.items())]
        print(f"licences, per instance and hour: {', '.join(fees)}")
