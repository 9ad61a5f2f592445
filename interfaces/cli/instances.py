"""`interlace at`, `logs`, `observe`: what goes on in one instance or endpoint of a service."""

from typing import Annotated

import typer

from interfaces.cli.output import Json, emit_json

Service = Annotated[str, typer.Argument(help="Name of the service.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(at)
    app.command()(logs)
    app.command()(observe)


def at(
    service: Service,
    place: Annotated[str, typer.Argument(help="An instance or endpoint, as `interlace status` names it.")],
    command: Annotated[
        list[str], typer.Argument(metavar="COMMAND", help="The command and its words, after --.")
    ],
    as_json: Json = False,
) -> None:
    """Run a command where an instance or endpoint is, in its network, and end with its exit code.

    In its words ${component.address}, ${component.addresses} and ${component.pop} stand for what they are in
    this service. For example:

    `interlace at shop customers -- curl -s 'http://${load-balancer.address}/'`
    """
    from activities.pops import Pops
    from interfaces.cli.places import filled, find_place, places
    from interfaces.cli.session import catalogue
    from workers.settings import Settings

    with catalogue() as store:
        found = places(store, service)
        there = find_place(found, service, place)
        vim = Pops(store, Settings.from_environment().home).networked(there.pop)
        words = vim.command(there.resource, filled(command, found))
    _become(list(words), as_json)


def _become(words: list[str], as_json: bool) -> None:
    """Go on as the command; with --json, wait for it and tell what it printed."""
    import os
    import subprocess
    import sys

    from adaptors.vim.emulator.functions import search_path

    env = {**os.environ, "PATH": search_path()}
    if not as_json:
        sys.stdout.flush()
        os.execvpe(words[0], words, env)
    done = subprocess.run(words, env=env, capture_output=True, text=True, errors="replace", check=False)
    emit_json({"exit_code": done.returncode, "stdout": done.stdout, "stderr": done.stderr})
    raise typer.Exit(done.returncode)


def logs(
    service: Service,
    instance: Annotated[str, typer.Argument(help="Such as web-1.")],
    lines: Annotated[int, typer.Option("-n", "--lines", min=1, help="How many of the last lines.")] = 50,
    as_json: Json = False,
) -> None:
    """Show what an instance's function wrote, also of one that failed and is still there."""
    from activities.pops import Pops
    from interfaces.cli.places import find_place, places
    from interfaces.cli.session import catalogue
    from workers.settings import Settings

    with catalogue() as store:
        there = find_place(places(store, service), service, instance)
        vim = Pops(store, Settings.from_environment().home).networked(there.pop)
        text = vim.log(there.resource, lines)
    if as_json:
        emit_json({"instance": instance, "pop": there.pop, "lines": text.splitlines()})
    else:
        print(text or f"{instance} has written nothing")


def observe(
    service: Service,
    instance: Annotated[str | None, typer.Argument(help="Only this one, with its own report.")] = None,
    as_json: Json = False,
) -> None:
    """Look at instances: health, processor, memory, packets in and out of each connection point.

    For one instance, or with --json, the function's own report is shown too. Exit code 1 when one is not
    healthy.
    """
    from interfaces.cli.observations import show_details, show_observed
    from interfaces.cli.observing import look_at
    from interfaces.cli.places import find_place, places
    from interfaces.cli.session import catalogue
    from workers.settings import Settings

    with catalogue() as store:
        found = places(store, service)
        wanted = found if instance is None else (find_place(found, service, instance),)
        for place in wanted:
            find_place(found, service, place.name)
        seen = look_at(store, Settings.from_environment().home, wanted)
    if as_json:
        emit_json([each.model_dump(mode="json") for each in seen])
    else:
        show_observed(seen)
        for each in seen if instance else ():
            show_details(each)
    if any(each.health.state != "healthy" for each in seen):
        raise typer.Exit(1)
