"""`interlace reliability profiles`: which there are, and what one of them comes to."""

from typing import TYPE_CHECKING, Annotated

import typer

from interfaces.cli.output import Json, emit_json

if TYPE_CHECKING:
    from domain.recovery import Profile


def profiles(
    profile: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|FILE", help="Of this one, all settings; a built-in, the one in use, or a YAML file."
        ),
    ] = None,
    as_yaml: Annotated[
        bool, typer.Option("--yaml", help="Print it as a file to start from, with comments.")
    ] = False,
    as_env: Annotated[
        bool, typer.Option("--env", help="Print what docker-compose needs of it, as lines of .env.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List the reliability profiles that `interlace up --reliability` takes, or explain one.

    Of one, it shows what an operation of each kind and of each tenant comes to. A file is checked that way
    before it is used. For example:

    `interlace reliability profiles balanced --yaml > mine.yaml; interlace reliability profiles mine.yaml`
    """
    from domain.errors import InputError
    from interfaces.cli.profile_views import explain, for_compose, listed, template

    if sum((as_yaml, as_env, as_json)) > 1:
        raise InputError("--yaml, --env and --json: one at a time")
    if profile is None:
        if as_yaml or as_env:
            raise InputError(
                "--yaml and --env print one profile: say which, as in `profiles balanced --yaml`"
            )
        _list(as_json)
        return
    found = _found(profile)
    if as_json:
        emit_json(listed(found, _in_use()))
    elif as_yaml:
        print(template(found), end="")
    elif as_env:
        print(for_compose(found, profile), end="")
    else:
        explain(found, _in_use())


def _list(as_json: bool) -> None:
    from domain.recovery import PROFILES
    from interfaces.cli.profile_views import listed, show_list

    used = _in_use()
    known = {**PROFILES, **({used.profile: used} if used else {})}
    if as_json:
        emit_json([listed(each, used) for each in known.values()])
    else:
        show_list(tuple(known.values()), used)


def _found(word: str) -> "Profile":
    from workers.reliability import profile_named

    used = _in_use()
    return used if used and used.profile == word else profile_named(word)


def _in_use() -> "Profile | None":
    """That of the workers that `interlace up` runs here."""
    from lab.runtime import load
    from workers.settings import Settings

    running = load(Settings.from_environment().home)
    return running.reliability if running else None
